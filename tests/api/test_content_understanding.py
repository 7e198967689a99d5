"""The two services for films: constructed answers of the one have the shape of Azure's own package, the other finds."""

from typing import get_type_hints

import pytest
import requests
from azure.ai.contentunderstanding import models
from pydantic import ConfigDict, TypeAdapter, ValidationError

NOW = "my.services.ai.azure.com/contentunderstanding/analyzers/prebuilt-videoSearch:analyze?api-version=2025-11-01"
THEN = "my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/films{}?api-version=2023-05-01-preview"
ANY_CLASS = ConfigDict(arbitrary_types_allowed=True)  # Azure's own
FILM = "https://x.blob.core.windows.net/films/{}.mp4?sig=x"


@pytest.fixture
def ask(api):
    """Call it with a method, an address and a body; it gives the answer, and there was no hole."""
    before = [*api.unanswered]  # by other tests

    def call(method, address, body=None, key="any"):
        headers = {"Ocp-Apim-Subscription-Key": key}
        return requests.request(method, f"{api.url}/{address}", json=body, headers=headers, timeout=9)

    yield call
    assert api.unanswered == before


def misfits(part):
    """Names that the SDK's model of a part does not have, or requires, or has another type for; in what it holds, too.

    The model itself takes anything; its annotations say what there is.
    """
    if not isinstance(part, models._models._Model):
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return [name for one in inner for name in misfits(one)]
    fields, hints = part._attr_to_rest_field, get_type_hints(type(part), {**vars(models._models), "_models": models})
    found = [*(part.keys() - {field._rest_name for field in fields.values()})]
    for name in fields:
        try:
            TypeAdapter(hints[name], config=ANY_CLASS).validate_python(value := getattr(part, name))
        except ValidationError:
            found.append(name)
        found += misfits(value)
    return found


def test_a_film_is_looked_at_until_it_is_done_and_the_answer_is_one_of_the_sdks_models(ask):
    accepted = ask("POST", NOW, {"inputs": [{"url": FILM.format("tour")}]})
    where = accepted.headers["operation-location"].removeprefix("https://")
    *states, last = [accepted.json(), *(ask("GET", where).json() for _ in range(3))]
    assert [state["status"] for state in [*states, last]] == ["NotStarted", "Running", "Succeeded", "Succeeded"]
    whole = models.ContentAnalyzerAnalyzeOperationStatus(last)
    assert misfits(whole) == []
    assert sum(len(content.transcript_phrases) for content in whole.result.contents) == 8, (
        "all that is said in the film"
    )
    spoilt = {"contents": [{"kind": "audioVisual", "mimeType": "video/mp4", "startTimeMs": "x", "sound": 1}]}
    assert misfits(models.AnalysisResult(spoilt)) == ["sound", "start_time_ms", "end_time_ms"]


def test_what_it_cannot_read_is_refused(ask):
    film, none = ({"inputs": [{"url": FILM.format(name)}]} for name in ("tour", "none"))
    refused = [
        ask("POST", NOW, film, key="wrong"),
        ask("POST", NOW.replace("2025", "2024"), film),
        ask("POST", NOW, none),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in refused] == [
        (401, "Unauthorized"), (404, "NotFound"), (400, "InvalidRequest")
    ]  # fmt: skip


def test_the_retired_service_finds_the_best_first_among_the_films_that_are_asked_for(ask):
    ask("PUT", THEN.format(""), {"metadataSchema": {"language": "en", "fields": []}, "features": []})
    videos = [{"documentId": name, "documentUrl": FILM.format(name), "metadata": {"Place": name[-1]}}
              for name in ("camera1", "camera2")]  # fmt: skip
    ask("PUT", THEN.format("/ingestions/i"), {"videos": videos})
    only = {"fieldName": "PLACE", "values": ["2"]}
    hits = [ask("POST", THEN.format(":queryByText"), {"queryText": query, "filters": {"stringFilters": [only]}})
            .json()["value"] for query in ("Four HENS and cows", "espresso")]  # fmt: skip
    relevance = [hit["relevance"] for hit in hits[0]]
    assert len(relevance) > 1 and relevance == sorted(relevance, reverse=True) and hits[1] == []
    assert {hit["documentId"] for hit in hits[0]} == {"camera2"} and hits[0][0]["start"] == "00:00:09"
