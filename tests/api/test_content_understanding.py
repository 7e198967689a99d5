"""Content Understanding, constructed: its answers have the fields of the SDK's own models, and no others."""

import requests

from tests.api.content_understanding import result

# What azure-ai-contentunderstanding 1.1.0 has in AnalysisResult, AudioVisualContent, StringField and TranscriptPhrase,
# read on 2026-11-27; what it requires first. Its models took the answer of this server as it is on that day.
SHAPES = {
    "result": ("contents", "analyzerId apiVersion createdAt warnings stringEncoding"),
    "content": (
        "kind mimeType startTimeMs endTimeMs",
        "analyzerId category path markdown fields width height cameraShotTimesMs keyFrameTimesMs transcriptPhrases "
        "segments",
    ),
    "field": ("type", "valueString spans confidence source"),
    "phrase": ("startTimeMs endTimeMs text words", "speaker locale confidence span"),
}
ADDRESS = "/my.services.ai.azure.com/contentunderstanding/analyzers/prebuilt-videoSearch:analyze"
FILM = "https://x.blob.core.windows.net/films/tour.mp4?sig=x"


def problems(answer, shape):
    required, others = (set(names.split()) for names in SHAPES[shape])
    return required - answer.keys() | answer.keys() - required - others


def test_an_answer_has_the_fields_of_the_sdks_models():
    whole = result("tour.mp4")
    parts = [("result", whole)]
    for content in whole["contents"]:
        assert content["kind"] == "audioVisual" and content["startTimeMs"] < content["endTimeMs"]
        parts += [("content", content), ("field", content["fields"]["Summary"])]
        parts += [("phrase", phrase) for phrase in content["transcriptPhrases"]]
    assert [(shape, found) for shape, part in parts if (found := problems(part, shape))] == []
    assert [shape for shape, _ in parts].count("phrase") == 8, "all that is said in the film"


def test_a_film_is_accepted_and_then_looked_at_until_it_is_done(api):
    def ask(url=FILM, version="2025-11-01", key="any"):
        headers = {"Ocp-Apim-Subscription-Key": key}
        address = f"{api.url}{ADDRESS}?api-version={version}"
        return requests.post(address, headers=headers, json={"inputs": [{"url": url}]}, timeout=9)

    noted = [*api.unanswered]  # by other tests
    accepted = ask()
    where = f"{api.url}/{accepted.headers['operation-location'].removeprefix('https://')}"
    states = [requests.get(where, headers={"Ocp-Apim-Subscription-Key": "any"}, timeout=9).json() for _ in range(3)]
    assert (accepted.status_code, accepted.json()["status"]) == (202, "NotStarted")
    assert [state["status"] for state in states] == ["Running", "Succeeded", "Succeeded"]
    assert "result" not in states[0] and states[2]["result"] == result("tour.mp4")
    refused = [ask(key="wrong"), ask(version="2024-12-01-preview"), ask(url="https://x.example/none.mp4")]
    assert [answer.status_code for answer in refused] == [401, 404, 400]
    assert all("message" in answer.json()["error"] for answer in refused) and api.unanswered == noted
