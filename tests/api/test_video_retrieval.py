"""The constructed answers of the retired video retrieval: what it accepts, finds and refuses."""

import pytest
import requests

HOST = "my-vision.cognitiveservices.azure.com"
PATH = "/computervision/retrieval/indexes/cameras"
VERSION = "2023-05-01-preview"
FILMS = "https://acc.blob.core.windows.net/videos"
FIELD = {"name": "cameraId", "searchable": False, "filterable": True, "type": "string"}
SCHEMA = {"language": "en", "fields": [FIELD, FIELD | {"name": "timestamp", "type": "datetime"}]}
INDEX = {"metadataSchema": SCHEMA, "features": [{"name": "vision", "domain": "surveillance"}, {"name": "speech"}]}


def video(n, **more):
    metadata = {"cameraId": str(n), "timestamp": f"2023-06-30T1{n}:40:33Z"}
    url = f"{FILMS}/camera{n}.mp4?sp=r&sig=x"
    return {"mode": "add", "documentId": f"camera{n}", "documentUrl": url, "metadata": metadata} | more


@pytest.fixture
def ask(api):
    """Call it with a method, the end of the path and a body to ask the service directly; it has no index yet."""

    def call(method, path="", body=None, key="any", version=VERSION, host=HOST):
        url = f"{api.url}/{host}{PATH}{path}?api-version={version}"
        return requests.request(method, url, json=body, headers={"Ocp-Apim-Subscription-Key": key}, timeout=9)

    return call


@pytest.fixture
def cameras(ask):
    """The same, with an index of both videos."""
    assert ask("PUT", "", INDEX).status_code == 201
    assert ask("PUT", "/ingestions/first", {"videos": [video(1), video(2)]}).status_code == 202
    assert [ask("GET", "/ingestions/first").json()["state"] for _ in range(3)] == ["Running", "Completed", "Completed"]
    return ask


def test_an_index_is_answered_in_small_letters_with_the_versions_of_its_models(ask):
    made = ask("PUT", "", INDEX).json()
    assert [entry["name"] for entry in made["metadataSchema"]["fields"]] == ["cameraid", "timestamp"]
    assert made["features"] == [
        {"name": "vision", "modelVersion": "2023-05-31", "domain": "surveillance"},
        {"name": "speech", "modelVersion": "2023-06-30", "domain": "generic"},
    ]


def test_an_ingestion_says_where_it_is_and_shows_no_signature(cameras):
    accepted = cameras("PUT", "/ingestions/second", {"videos": [video(1)]})
    where = f"https://{HOST}{PATH}/ingestions/second?api-version={VERSION}"
    assert (accepted.json()["state"], accepted.headers["operation-location"]) == ("NotStarted", where)
    details = cameras("GET", "/ingestions/first").json()["fileStatusDetails"]
    assert [one["documentUrl"] for one in details] == [f"{FILMS}/camera1.mp4", f"{FILMS}/camera2.mp4"]


def test_what_is_ingested_is_found_and_filtered(cameras):
    assert cameras("PUT", "/ingestions/second", {"videos": [video(3, documentUrl=f"{FILMS}/camera1.mp4")]}).ok

    def found(query, **filters):
        hits = cameras("POST", ":queryByText", {"queryText": query, "filters": filters}).json()["value"]
        return [(hit["documentId"], hit["start"], hit["best"]) for hit in hits]

    only = [{"fieldName": "CameraID", "values": ["2", "7"]}]
    assert found("ESPRESSO") == [("camera1", "00:00:14", "00:00:16")], "what is still being read is not found"
    assert found("espresso", stringFilters=only) == [] == found("submarine")
    assert found("a") == [], "a word that says nothing"
    assert found("galaxies", stringFilters=only, featureFilters=["vision"]) == [
        ("camera2", "00:00:21", "00:00:22.5000000")
    ]
    hits = cameras("POST", ":queryByText", {"queryText": "four brown hens and a cup"}).json()["value"]
    assert [hit["relevance"] for hit in hits] == sorted((hit["relevance"] for hit in hits), reverse=True)
    assert hits[0]["additionalMetadata"] == {"cameraid": "2", "timestamp": "2023-06-30T12:40:33Z"}


PARAMETER, OTHER_FIELD = (400, "InvalidRequest", "InvalidParameter"), (400, "InvalidRequest", "InvalidField")
FILTER = {"stringFilters": [{"fieldName": "x", "values": []}]}
REFUSED = {
    "no key": (("PUT", "", INDEX, ""), (401, "401", None)),
    "another version": (("PUT", "", INDEX, "any", "2024-01-01"), (400, "InvalidRequest", "UnsupportedApiVersion")),
    "another host": (("PUT", "", INDEX, "any", VERSION, "api.example.com"), (404, "404", None)),
    "no JSON object": (("PUT", "", "text"), PARAMETER),
    "no such type": (
        ("PUT", "", INDEX | {"metadataSchema": SCHEMA | {"fields": [FIELD | {"type": "int"}]}}),
        PARAMETER,
    ),
    "misspelt": (("PUT", "/ingestions/g", {"videos": [], "includeSpeechTranscrpt": True}), PARAMETER),
    "a path of one's own": (("PUT", "/ingestions/g", {"videos": [video(1, documentUrl="../camera1.mp4")]}), PARAMETER),
    "unknown metadata": (("PUT", "/ingestions/g", {"videos": [video(1, metadata={"x": "1"})]}), OTHER_FIELD),
    "no time": (("PUT", "/ingestions/g", {"videos": [video(1, metadata={"timestamp": "noon"})]}), PARAMETER),
    "an empty query": (("POST", ":queryByText", {"queryText": ""}), PARAMETER),
    "an unknown filter": (("POST", ":queryByText", {"queryText": "a", "filters": FILTER}), OTHER_FIELD),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_in_the_shape_of_the_reference(cameras, api, name):
    arguments, expected = REFUSED[name]
    response = cameras(*arguments)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error.get("innererror", {}).get("code")) == expected
    assert response.headers["x-course-source"] == "constructed" and api.unanswered == []


def test_an_index_that_was_deleted_is_gone(cameras):
    assert cameras("DELETE").status_code == 204
    for call in (("DELETE",), ("POST", ":queryByText", {"queryText": "cat"}), ("GET", "/ingestions/first")):
        error = cameras(*call).json()["error"]
        assert (error["code"], error["innererror"]["code"]) == ("NotFound", "IndexNotFound")


def test_what_no_lesson_asks_is_a_hole_that_make_sample_sees(cameras, api):
    assert cameras("GET", "/ingestions/none").status_code == 500
    assert "KeyError" in api.unanswered[0]
