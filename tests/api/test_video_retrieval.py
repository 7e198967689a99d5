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


def videos(n, **more):
    metadata = {"cameraId": str(n), "timestamp": f"2023-06-30T1{n}:40:33Z"}
    url = f"{FILMS}/camera{n}.mp4?sp=r&sig=x"
    return {"videos": [{"mode": "add", "documentId": f"camera{n}", "documentUrl": url, "metadata": metadata} | more]}


@pytest.fixture
def cameras(api):
    """Call it with a method, the end of the path and a body to ask the service directly; it has both videos."""

    def ask(method, path="", body=None, key="any", version=VERSION, host=HOST):
        url = f"{api.url}/{host}{PATH}{path}?api-version={version}"
        return requests.request(method, url, json=body, headers={"Ocp-Apim-Subscription-Key": key}, timeout=9)

    made = ask("PUT", "", INDEX).json()
    assert [entry["name"] for entry in made["metadataSchema"]["fields"]] == ["cameraid", "timestamp"]
    assert made["features"] == [
        {"name": "vision", "modelVersion": "2023-05-31", "domain": "surveillance"},
        {"name": "speech", "modelVersion": "2023-06-30", "domain": "generic"},
    ]
    both = {"videos": [*videos(1)["videos"], *videos(2)["videos"]]}
    accepted = ask("PUT", "/ingestions/first", both)
    where = f"https://{HOST}{PATH}/ingestions/first?api-version={VERSION}"
    assert (accepted.json()["state"], accepted.headers["operation-location"]) == ("NotStarted", where)
    states = [ask("GET", "/ingestions/first").json() for _ in range(3)]
    assert [state["state"] for state in states] == ["Running", "Completed", "Completed"]
    shown = [one["documentUrl"] for one in states[-1]["fileStatusDetails"]]
    assert shown == [f"{FILMS}/camera1.mp4", f"{FILMS}/camera2.mp4"], "no signature is shown"
    return ask


def test_what_is_ingested_is_found_and_filtered(cameras):
    assert cameras("PUT", "/ingestions/second", videos(3, documentUrl=f"{FILMS}/camera1.mp4")).status_code == 202

    def found(query, **filters):
        hits = cameras("POST", ":queryByText", {"queryText": query, "filters": filters}).json()["value"]
        return [(hit["documentId"], hit["start"], hit["best"]) for hit in hits]

    only = [{"fieldName": "CameraID", "values": ["2", "7"]}]
    assert found("ESPRESSO") == [("camera1", "00:00:14", "00:00:16")], "what is still being read is not found"
    assert found("espresso", stringFilters=only) == [] == found("submarine")
    assert found("a") == [], "a word that says nothing"
    found_in_2 = found("galaxies", stringFilters=only, featureFilters=["vision"])
    assert found_in_2 == [("camera2", "00:00:21", "00:00:22.5000000")]
    hits = cameras("POST", ":queryByText", {"queryText": "four brown hens and a cup"}).json()["value"]
    assert [hit["relevance"] for hit in hits] == sorted((hit["relevance"] for hit in hits), reverse=True)
    assert hits[0]["additionalMetadata"] == {"cameraid": "2", "timestamp": "2023-06-30T12:40:33Z"}


PARAMETER, OTHER_FIELD = (400, "InvalidRequest", "InvalidParameter"), (400, "InvalidRequest", "InvalidField")
FILTER = {"stringFilters": [{"fieldName": "x", "values": []}]}
PUT_IN = ("PUT", "/ingestions/g")
REFUSED = [
    (("PUT", "", INDEX, ""), (401, "401", None)),
    (("PUT", "", INDEX, "any", "2024-01-01"), (400, "InvalidRequest", "UnsupportedApiVersion")),
    (("PUT", "", INDEX, "any", VERSION, "api.example.com"), (404, "404", None)),
    (("PUT", "", "text"), PARAMETER),
    (("PUT", "", INDEX | {"metadataSchema": SCHEMA | {"fields": [FIELD | {"type": "int"}]}}), PARAMETER),
    ((*PUT_IN, {"videos": [], "includeSpeechTranscrpt": True}), PARAMETER),
    ((*PUT_IN, videos(1, documentUrl="../camera1.mp4")), PARAMETER),
    ((*PUT_IN, videos(1, metadata={"x": "1"})), OTHER_FIELD),
    ((*PUT_IN, videos(1, metadata={"timestamp": "noon"})), PARAMETER),
    (("POST", ":queryByText", {"queryText": ""}), PARAMETER),
    (("POST", ":queryByText", {"queryText": "a", "filters": FILTER}), OTHER_FIELD),
]


def test_it_refuses_in_the_shape_of_the_reference(cameras, api):
    before = list(api.unanswered)
    for arguments, expected in REFUSED:
        response = cameras(*arguments)
        error = response.json()["error"]
        assert (response.status_code, error["code"], error.get("innererror", {}).get("code")) == expected, arguments
        assert response.headers["x-course-source"] == "constructed"
    assert api.unanswered == before


def test_an_index_that_was_deleted_is_gone_and_an_unknown_ingestion_is_a_hole_that_make_sample_sees(cameras, api):
    assert cameras("GET", "/ingestions/none").status_code == 500 and "KeyError" in api.unanswered[-1]
    assert cameras("DELETE").status_code == 204
    for call in (("DELETE",), ("POST", ":queryByText", {"queryText": "cat"}), ("GET", "/ingestions/first")):
        error = cameras(*call).json()["error"]
        assert (error["code"], error["innererror"]["code"]) == ("NotFound", "IndexNotFound")
