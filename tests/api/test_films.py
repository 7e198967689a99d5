"""Content Understanding, constructed: its answers are what the models of Azure's own package describe."""

from typing import get_type_hints

import requests
from azure.ai.contentunderstanding import models
from pydantic import ConfigDict, TypeAdapter, ValidationError

ADDRESS = "my.services.ai.azure.com/contentunderstanding/analyzers/prebuilt-videoSearch:analyze?api-version=2025-11-01"
ANY_CLASS = ConfigDict(arbitrary_types_allowed=True)  # Azure's own
FILM = "https://x.blob.core.windows.net/films/tour.mp4?sig=x"


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


def test_a_film_is_looked_at_until_it_is_done_and_the_answer_is_one_of_the_sdks_models(api):
    accepted = requests.post(f"{api.url}/{ADDRESS}", json={"inputs": [{"url": FILM}]}, timeout=9)
    where = f"{api.url}/{accepted.headers['operation-location'].removeprefix('https://')}"
    *states, last = [accepted.json(), *(requests.get(where, timeout=9).json() for _ in range(3))]
    assert [state["status"] for state in [*states, last]] == ["NotStarted", "Running", "Succeeded", "Succeeded"]
    whole = models.ContentAnalyzerAnalyzeOperationStatus(last)
    assert misfits(whole) == []
    assert sum(len(content.transcript_phrases) for content in whole.result.contents) == 8, (
        "all that is said in the film"
    )
    spoilt = {"contents": [{"kind": "audioVisual", "mimeType": "video/mp4", "startTimeMs": "x", "sound": 1}]}
    assert misfits(models.AnalysisResult(spoilt)) == ["sound", "start_time_ms", "end_time_ms"]
