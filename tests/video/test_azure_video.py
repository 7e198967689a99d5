"""helpers/azure_video.py over real sockets: with the local service, and with one that answers what a test says."""

import json
import logging
import socket
import time
import traceback
import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import nbformat
import openai
import pytest
import requests
from nbformat.v4 import new_code_cell, new_notebook
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course import azure_video, recording
from course.azure_video import AzureVideoError, Ingestion, VideoRetrieval
from course.recording import session
from helpers.video import moments
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.tools import record_lessons

# Whether the warning comes is tested below; elsewhere it is noise.
pytestmark = pytest.mark.filterwarnings("ignore:Azure retired")

HOST = "my-vision.cognitiveservices.azure.com"
ENDPOINT = f"https://{HOST}"
KEY = "CANARYkey0123456789abcdef01234567"
SIGNATURE = "CANARYsig0123456789%2Babc"
FIELDS = {"cameraId": "string", "timestamp": "datetime"}
INDEXES = "/computervision/retrieval/indexes"


def sas(name, ends="2999-01-01T00:00:00Z"):
    return f"https://acc.blob.core.windows.net/videos/{name}?sp=r&se={ends}&sv=2022-11-02&sr=b&sig={SIGNATURE}"


def video(n, name=None, **more):
    return {"documentId": f"camera{n}", "documentUrl": sas(name or f"camera{n}.mp4"), **more}


def filed(n):
    return video(n, metadata={"cameraId": str(n), "timestamp": f"2023-06-30T1{n}:40:33Z"})


@pytest.fixture
def vision(record):
    """A client that asks the local service, and is recorded."""
    record()
    return VideoRetrieval(ENDPOINT, KEY)


@pytest.fixture
def cameras(vision):
    """The same, with an index of both videos."""
    vision.create_index("cameras", FIELDS, domain="surveillance", speech=True)
    vision.add_videos("cameras", "first", [filed(1), filed(2)])
    vision.wait("cameras", "first", first=0.01)
    return vision


@contextmanager
def answering(*answers):
    """A service that gives these answers in turn, the last one for ever; its client; and what was `seen` of that."""
    seen = []

    async def answer(request):
        status, body, *headers = answers[min(len(seen), len(answers) - 1)]
        seen.append(SimpleNamespace(method=request.method, url=request.url, headers=dict(request.headers)))
        seen[-1].body = json.loads(await request.body() or "null")
        kind = Response if isinstance(body, str) else JSONResponse
        return kind(body, status, headers=headers[0] if headers else None)

    methods = ["GET", "POST", "PUT", "DELETE"]
    with serve(routes=[Route("/{rest:path}", answer, methods=methods)], answers={}) as api:
        yield SimpleNamespace(url=api.url, vision=VideoRetrieval(api.url, KEY), seen=seen)


def ingested(state, *videos, **more):
    details = [{"lastUpdateTime": "2025-06-02T09:00:00Z", "documentId": n, "succeeded": ok} for n, ok in videos]
    return 200, {"name": "first", "state": state, "fileStatusDetails": details, **more}


def as_shown(text):
    """What a terminal or a notebook shows of it: a carriage return begins the line again."""
    return "\n".join(line.split("\r")[-1] for line in text.split("\n"))


# --- the whole way ---


def whole_way(vision):
    """Every call once; what they gave."""
    made = vision.create_index("cameras", FIELDS, domain="surveillance", speech=True)
    asked = vision.add_videos("cameras", "first", [filed(1), filed(2)], transcript=True)
    states = [asked.state, *(vision.ingestion("cameras", "first").state for _ in range(3))]
    waited = vision.wait("cameras", "first", first=0.01)
    hits = vision.search("cameras", "a white rocket and a red cup", top=3)
    one = vision.search("cameras", "four hens", strings={"cameraId": ["2"]}, features=["vision"])
    found = vision.get_index("cameras")
    vision.delete_index("cameras")
    with pytest.raises(AzureVideoError) as gone:
        vision.get_index("cameras")
    return made, states, waited, hits, one, found, gone.value.status


def test_the_whole_way_and_the_same_in_replay(vision, replay, api, folder):
    recorded = whole_way(vision)
    made, states, waited, hits, one, found, status = recorded
    assert [field["name"] for field in made["metadataSchema"]["fields"]] == ["cameraid", "timestamp"]
    assert made["features"][0]["domain"] == "surveillance" and made["features"][1]["name"] == "speech"
    assert states == ["NotStarted", "Running", "Completed", "Completed"]
    assert isinstance(waited, Ingestion) and [(v.document_id, v.succeeded) for v in waited.videos] == [
        ("camera1", True),
        ("camera2", True),
    ]
    assert [str(hit) for hit in hits] == [
        "camera1  0:06 to 0:10, best 0:08",
        "camera1  0:14 to 0:18, best 0:16",
        "camera2  0:00 to 0:04, best 0:02",
    ]
    assert hits[0].relevance == pytest.approx(0.15) and hits[0].kind == "VideoFrame"
    assert hits[0].metadata == {"cameraid": "1", "timestamp": "2023-06-30T11:40:33Z"}
    assert [(hit.document_id, hit.start, hit.end, hit.best) for hit in one] == [("camera2", 9.0, 13.0, 11.0)]
    assert found == made and status == 404

    asked = len(api.requests)
    replay()
    assert whole_way(VideoRetrieval(ENDPOINT, KEY)) == recorded
    assert len(api.requests) == asked, "replay asked nobody"
    assert {item["source"] for item in stored(folder)} == {"constructed"}


def stored(folder):
    return json.loads((folder / "lesson.json").read_text(encoding="utf-8"))["interactions"]


def test_a_recording_hides_host_key_and_signature(cameras, folder):
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert "CANARY" not in text and "sig=***" in text
    urls = [item["request"]["url"] for item in stored(folder)]
    assert urls and all(url.startswith(f"{INDEXES}/cameras") for url in urls)
    assert not any(HOST in json.dumps(item["request"]) for item in stored(folder))


def test_a_recording_made_again_is_asked_for_again_and_the_same_to_the_byte(record, folder, monkeypatch):
    made = []
    for _ in range(2):
        with serve(answers={}) as fresh:
            record()
            monkeypatch.setenv("COURSE_UPSTREAM", fresh.url)
            recording.start("lesson", mode="record")
            whole_way(VideoRetrieval(ENDPOINT, KEY))
        made.append((len(fresh.requests), (folder / "lesson.json").read_bytes()))
    assert made[0] == made[1] and made[0][0] == len(stored(folder)) > 10


@pytest.mark.parametrize(
    "address", [ENDPOINT, f"{ENDPOINT}/", f"{ENDPOINT}/computervision", f" {ENDPOINT}/computervision/"]
)
def test_the_endpoint_may_end_as_the_portal_shows_it(record, api, address):
    record()
    VideoRetrieval(address, KEY).create_index("cameras")
    assert api.requests == [f"PUT /{HOST}{INDEXES}/cameras"]
    assert repr(VideoRetrieval(address, KEY)) == f"VideoRetrieval('{ENDPOINT}')"


def test_bodies_have_the_names_of_the_reference(folder):
    with answering((201, {}), (202, {}), (200, {"value": []})) as service:
        vision = service.vision
        vision.create_index("i", {"a": "string", "b": {"type": "datetime", "searchable": True, "filterable": False}})
        vision.add_videos("i", "g", [video(1, mode="update", userData={"x": 1})])
        span = ("2023-06-30T17:00:00Z", None)
        vision.search("i", "cup", strings={"a": "1"}, times={"b": span}, features="vision", top=7)
    create, add, search = service.seen
    assert create.body == {
        "metadataSchema": {
            "language": "en",
            "fields": [
                {"name": "a", "searchable": False, "filterable": True, "type": "string"},
                {"name": "b", "searchable": True, "filterable": False, "type": "datetime"},
            ],
        },
        "features": [{"name": "vision", "domain": "generic"}],
    }
    assert add.body == {
        "videos": [{"mode": "update", **video(1), "userData": {"x": 1}}],
        "includeSpeechTranscript": False,
    }
    assert search.body == {
        "queryText": "cup",
        "filters": {
            "stringFilters": [{"fieldName": "a", "values": ["1"]}],
            "datetimeFilters": [{"fieldName": "b", "startTime": span[0]}],
            "featureFilters": ["vision"],
        },
        "top": 7,
    }
    assert {call.url.query for call in service.seen} == {"api-version=2023-05-01-preview"}
    assert {call.headers["ocp-apim-subscription-key"] for call in service.seen} == {KEY}


# --- what the published samples did wrong ---


def test_misspelt_transcript_field(cameras, folder):
    """The samples wrote includeSpeechTranscrpt, and so had no transcript."""
    url = f"{ENDPOINT}{INDEXES}/cameras/ingestions/more?api-version=2023-05-01-preview"
    headers = {"Ocp-Apim-Subscription-Key": KEY}
    refused = requests.put(url, json={"videos": [], "includeSpeechTranscrpt": True}, headers=headers, timeout=9)
    assert refused.status_code == 400 and "includeSpeechTranscrpt" in refused.json()["error"]["message"]
    cameras.add_videos("cameras", "more", [video(1)], transcript=True)
    assert stored(folder)[-1]["request"]["body"]["includeSpeechTranscript"] is True


def test_polling_the_first_of_a_list(cameras, api):
    """The samples looked at the first ingestion of a list, whichever that was."""
    cameras.add_videos("cameras", "forgotten", [video(1, "lost.mp4")])
    cameras.add_videos("cameras", "second", [filed(2)])
    before = len(api.requests)
    assert cameras.wait("cameras", "second", first=0.01).name == "second"
    assert set(api.requests[before:]) == {f"GET /{HOST}{INDEXES}/cameras/ingestions/second"}


def test_partial_success_ignored(vision, capsys):
    """The samples went on as if every video had come through."""
    vision.create_index("cameras")
    vision.add_videos("cameras", "first", [video(1), video(7), video(2), video(8)])
    done = vision.wait("cameras", "first", first=0.01)
    assert done.state == "PartiallySucceeded"
    assert [v.document_id for v in done.videos if v.succeeded] == ["camera1", "camera2"]
    said = as_shown(capsys.readouterr().out).splitlines()
    assert said[1:] == [
        f"camera{n}: InvalidVideo: The video could not be read. DownloadFailed: There is no file camera{n}.mp4 at that "
        "address." for n in (7, 8)
    ]  # fmt: skip


def test_giving_up_silently(folder):
    """The samples stopped asking after 30 times, and went on."""
    with answering(ingested("Running")) as service:
        with pytest.raises(AzureVideoError, match=r"After 0\.05 s first is still Running\. .* call wait again"):
            service.vision.wait("cameras", "first", timeout=0.05, first=0.01)
        assert len(service.seen) > 1
        with pytest.raises(AzureVideoError, match="still Running"):
            service.vision.wait("cameras", "first", timeout=0)


def test_errors_printed_and_none_returned(vision, capsys):
    with pytest.raises(AzureVideoError) as caught:
        vision.add_videos("nowhere", "first", [video(1)])
    assert (caught.value.status, caught.value.code, caught.value.inner_code) == (404, "NotFound", "IndexNotFound")
    assert str(caught.value).endswith("Create it first, or correct its name.")
    assert capsys.readouterr().out == ""


def test_fixed_names(cameras):
    """With one name for all, the second ingestion of the samples met the first."""
    assert cameras.add_videos("cameras", "second", [video(1)]).name == "second"
    assert cameras.wait("cameras", "second", first=0.01).state == "Completed"
    with pytest.raises(AzureVideoError, match=r"exists already.*Take another name") as caught:
        cameras.add_videos("cameras", "second", [video(1)])
    assert caught.value.status == 409


def test_index_never_deleted(cameras, api):
    cameras.delete_index("cameras")
    assert api.requests[-1] == f"DELETE /{HOST}{INDEXES}/cameras"
    assert ask("PUT", "/cameras", {}).status_code == 201, "and another makes one of that name, without fields"
    with pytest.raises(AzureVideoError, match="a field of this index is one of"):
        cameras.add_videos("cameras", "first", [filed(1)])


# --- waiting ---


@pytest.mark.parametrize("state", ["completed", "Completed", "COMPLETED"])
def test_states_are_compared_without_regard_to_case(folder, state):
    with answering(ingested("running"), ingested(state, ("a", True))) as service:
        assert service.vision.wait("cameras", "first", first=0.01).state == state
    assert len(service.seen) == 2


def test_all_failed_raises_with_the_reason_of_each(vision):
    vision.create_index("cameras")
    vision.add_videos("cameras", "first", [video(7), video(8)])
    with pytest.raises(AzureVideoError, match=r"camera7: .*no file camera7.*camera8: .*no file camera8.*Correct that"):
        vision.wait("cameras", "first", first=0.01)


def test_a_failure_without_details_says_what_there_is(folder, capsys):
    error = {
        "code": "FailedToProcessBatch",
        "message": "",
        "details": [{"code": "OutputResultWriteFailed", "message": "x"}],
    }
    says = r"FailedToProcessBatch\. OutputResultWriteFailed: x\."
    with answering((200, {"state": "Failed", "error": error})) as service, pytest.raises(AzureVideoError, match=says):
        service.vision.wait("cameras", "first")
    with answering((200, {"state": "Failed"})) as service, pytest.raises(AzureVideoError, match="does not say which"):
        service.vision.wait("cameras", "first")
    with answering((200, {"state": "partiallySucceeded"})) as service:
        service.vision.wait("cameras", "first")
    assert "does not say which" in capsys.readouterr().out


def test_pauses_double_up_to_30_seconds(folder, monkeypatch):
    pauses = []
    monkeypatch.setattr(azure_video, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    with answering(*[ingested("Running")] * 8, ingested("Completed")) as service:
        service.vision.wait("cameras", "first")
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_the_bar_is_the_same_each_time(folder, capsys):
    shown = []
    for polls in (0, 1, 2):
        running = [ingested("Running"), ingested("Running", ("camera1", True))] * polls
        done = ingested("Completed", ("camera1", True), ("camera2", True))
        with answering((202, {}), *running, done) as service:
            service.vision.add_videos("cameras", "first", [video(1), video(2)])
            service.vision.wait("cameras", "first", first=0.01)
        captured = capsys.readouterr()
        shown.append(as_shown(captured.out))
        assert captured.err == "" and captured.out.isascii()
    assert shown == [f"first: Completed |{'#' * 46}| 2 of 2 videos\n"] * 3
    assert len(shown[0].rstrip()) == 79
    with answering(done) as service:
        service.vision.wait("cameras", "first")
    assert as_shown(capsys.readouterr().out) == shown[0], "a client that did not add them counts them all the same"


# --- refused before any call ---


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("http://my-vision.cognitiveservices.azure.com", KEY),
        ("my-vision.cognitiveservices.azure.com", KEY),
        ("https://", KEY),
        ("https://me:secret@a.example", KEY),
        ("https://a.example?x=1", KEY),
        ("https://a.example:no", KEY),
        ("https://[::1", KEY),
        ("", KEY),
        (None, KEY),
        (ENDPOINT, ""),
        (ENDPOINT, "  "),
        (ENDPOINT, None),
        (ENDPOINT, f"{KEY}\n{KEY}"),
        (ENDPOINT, f"{KEY}é"),
    ],
)
def test_endpoint_and_key_are_checked(folder, address, key):
    with pytest.raises(AzureVideoError, match=r"https address like|Copy it from") as caught:
        VideoRetrieval(address, key)
    assert "CANARY" not in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:80/computervision/"])
def test_plain_http_is_for_this_machine_alone(folder, address):
    assert VideoRetrieval(address, KEY)


def add(vision, *videos):
    vision.add_videos("cameras", "g", list(videos))


BAD = {
    "index name long": (lambda v: v.create_index("a" * 25), "1 to 24 letters"),
    "index name empty": (lambda v: v.get_index(""), "1 to 24 letters"),
    "index name a path": (lambda v: v.delete_index("a/../b"), "1 to 24 letters"),
    "index name with a line end": (lambda v: v.delete_index("a\n"), "1 to 24 letters"),
    "index name none": (lambda v: v.search(None, "cup"), "1 to 24 letters"),
    "ingestion name": (lambda v: v.wait("cameras", "a b"), "The name of an ingestion"),
    "field type": (lambda v: v.create_index("a", {"n": "number"}), "string, datetime, not 'number'"),
    "field without a type": (lambda v: v.create_index("a", {"n": {"searchable": True}}), "string, datetime, not None"),
    "field misspelt": (lambda v: v.create_index("a", {"n": {"type": "string", "serchable": True}}), "'serchable'"),
    "field a list": (lambda v: v.create_index("a", {"n": ["string"]}), "a name and a type"),
    "field twice": (lambda v: v.create_index("a", {"Id": "string", "id": "string"}), "'id' is there twice"),
    "domain": (lambda v: v.create_index("a", domain="traffic"), "generic, surveillance, not 'traffic'"),
    "no video": (lambda v: v.add_videos("cameras", "g", []), "Give at least one"),
    "one video, no list": (lambda v: v.add_videos("cameras", "g", video(1)), "Give at least one"),
    "video a text": (lambda v: add(v, "a.mp4"), "A video is a dict"),
    "no document id": (lambda v: add(v, video(1) | {"documentId": " "}), "A video is a dict"),
    "no URL": (lambda v: add(v, {"documentId": "a"}), "A video is a dict"),
    "URL a path": (lambda v: add(v, video(1) | {"documentUrl": "/a.mp4"}), "http.s. address"),
    "URL without a host": (
        lambda v: add(v, video(1) | {"documentUrl": "https:///a"}), "http.s. address"),
    "URL broken": (lambda v: add(v, video(1) | {"documentUrl": "http://[a"}), "http.s. address"),
    "mode": (lambda v: add(v, video(1, mode="replace")), "add, update, remove, not 'replace'"),
    "video field": (lambda v: add(v, video(1, metaData={})), "not 'metaData'"),
    "document twice": (lambda v: add(v, video(1), video(1)), "'camera1' is there twice"),
    "metadata a text": (lambda v: add(v, video(1, metadata="1")), "names and texts"),
    "metadata unknown": (
        lambda v: add(v, video(1, metadata={"camera": "1"})), "cameraid, timestamp, not 'camera'"),
    "metadata a number": (
        lambda v: add(v, video(1, metadata={"cameraId": 1})), "in quotes: '1'"),
    "no date and time": (
        lambda v: add(v, video(1, metadata={"TIMESTAMP": "noon"})), "'noon' is no date and time"),
    "a date alone": (
        lambda v: add(v, video(1, metadata={"timestamp": "2023-06-30"})), "no date and time"),
    "year 1 elsewhere": (
        lambda v: add(v, video(1, metadata={"timestamp": "0001-01-01T00:00:00+14:00"})),
        "no date and time"),
    "query empty": (lambda v: v.search("cameras", " "), "The query is empty"),
    "query none": (lambda v: v.search("cameras", None), "The query is empty"),
    "feature": (lambda v: v.search("cameras", "cup", features=["ocr"]), "vision, speech, not 'ocr'"),
    "filter unknown": (lambda v: v.search("cameras", "cup", strings={"camera": ["1"]}), "not 'camera'"),
    "filter without an end": (lambda v: v.search("cameras", "cup", times={"timestamp": "2023"}), "two times"),
    "filter no time": (lambda v: v.search("cameras", "cup", times={"timestamp": ("noon", None)}), "no date and time"),
    "filter ends first": (
        lambda v: v.search("cameras", "cup", times={"timestamp": ("2023-06-30T10:00Z", "2023-06-30T09:00Z")}),
        "ends before it starts"),
    "top zero": (lambda v: v.search("cameras", "cup", top=0), "at least 1"),
    "top a text": (lambda v: v.search("cameras", "cup", top="3"), "at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_work_is_refused_before_any_call(folder, name):
    act, says = BAD[name]
    with answering((201, {})) as service:
        service.vision.create_index("cameras", FIELDS)
        with pytest.raises(AzureVideoError, match=says) as caught:
            act(service.vision)
    assert len(service.seen) == 1
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("name", ["a", "A-b_9" * 4 + "wxyz", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_names_that_will_do(folder, name):
    with answering((201, {})) as service:
        service.vision.create_index(name)
    assert service.seen[0].url.path.endswith(f"/{name}")


def test_the_schema_is_fetched_once_and_only_for_metadata(cameras, api):
    other = VideoRetrieval(ENDPOINT, KEY)
    before = len(api.requests)
    other.add_videos("cameras", "plain", [video(1)])
    other.add_videos("cameras", "second", [filed(1)])
    other.add_videos("cameras", "third", [video(2, metadata={"CAMERAID": "2"})])
    assert [line.split()[0] for line in api.requests[before:]] == ["PUT", "GET", "PUT", "PUT"]


def test_a_time_as_people_write_it_is_repaired_and_said(cameras, capsys, folder):
    capsys.readouterr()
    cameras.add_videos("cameras", "second", [video(1, metadata={"timestamp": "2023-06-30 17:40:33"})])
    assert capsys.readouterr().out == (
        "camera1: timestamp: 2023-06-30 17:40:33 is sent as 2023-06-30T17:40:33Z, which is ISO 8601 in UTC.\n"
    )
    assert stored(folder)[-1]["request"]["body"]["videos"][0]["metadata"] == {"timestamp": "2023-06-30T17:40:33Z"}
    cameras.search("cameras", "cup", times={"timestamp": ("2023-06-30 00:00", "2023-07-01T00:00:00Z")})
    assert capsys.readouterr().out.count("is sent as") == 1


def test_a_sas_that_will_not_do_is_said_and_sent(folder, capsys):
    urls = {
        "ended": sas("a.mp4", ends="2024-01-01"),
        "none": "https://acc.blob.core.windows.net/v/a.mp4",
        "odd": sas("a.mp4", ends="soon"),
        "good": sas("a.mp4"),
        "elsewhere": "http://a.example/a.mp4",
    }
    with answering((202, {})) as service:
        service.vision.add_videos("i", "g", [{"documentId": n, "documentUrl": url} for n, url in urls.items()])
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["ended", "none"]
    assert "ended on 2024-01-01T00:00:00Z" in said[0] and "no SAS" in said[1] and "CANARY" not in "".join(said)
    assert [sent["documentUrl"] for sent in service.seen[0].body["videos"]] == list(urls.values())


def test_many_notes_are_cut_short(folder, capsys):
    with answering((202, {})) as service:
        service.vision.add_videos("i", "g", [video(n) | {"documentUrl": sas("a", ends="2024-01-01")} for n in range(9)])
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 7 and said[-1] == "And 3 more like these."


# --- pages ---


def page(*ids, link=None):
    return 200, {"value": [{"documentId": n, "relevance": 0.2} for n in ids], **({"nextLink": link} if link else {})}


def test_pages_are_followed_until_there_are_enough(cameras, api):
    def asked(top):
        before = len(api.requests)
        hits = cameras.search("cameras", "night rocket cat cup astronaut", top=top)
        return len(hits), len(api.requests) - before

    assert [asked(top) for top in (1, 2, 3, 4, 5, 6, 50)] == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (6, 3)]
    hits = cameras.search("cameras", "night rocket cat cup astronaut", top=50)
    assert len({(hit.document_id, hit.start) for hit in hits}) == 6, "no page came twice"


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/x?page=2", "//elsewhere.example/x", "https://127.0.0.1/x", "http://[", 7]
)
def test_the_key_goes_to_no_other_host(folder, link):
    with (
        answering(page("a", link=link)) as service,
        pytest.raises(AzureVideoError, match=r"your key does not go|another shape"),
    ):
        service.vision.search("cameras", "cup")
    assert len(service.seen) == 1


@pytest.mark.parametrize("port", ["", ":80", ":9"])
def test_another_port_is_not_asked_either(folder, port):
    with answering(page("a", link=f"http://127.0.0.1{port}/next?page=2"), page("b")) as service:
        assert [hit.document_id for hit in service.vision.search("cameras", "cup")] == ["a", "b"]
    assert service.seen[1].url.path == "/next" and service.seen[1].url.query == "page=2"


def test_a_page_that_holds_more_than_was_asked_for_is_cut(folder):
    with answering(page("a", "b", "c")) as service:
        assert [hit.document_id for hit in service.vision.search("cameras", "cup", top=2)] == ["a", "b"]


def test_a_relative_link_is_the_endpoints_own(folder):
    with answering(page("a", link=f"{INDEXES}/x:queryByText?skip=1"), page("b")) as service:
        assert [hit.document_id for hit in service.vision.search("cameras", "cup")] == ["a", "b"]
    assert service.seen[1].body == service.seen[0].body


def test_pages_without_end_are_left(folder, monkeypatch):
    monkeypatch.setattr(azure_video, "MAX_PAGES", 5)
    with answering(page(link="/more")) as service:
        assert service.vision.search("cameras", "cup") == []
    assert len(service.seen) == 5


def test_a_hit_may_lack_all_but_its_relevance(folder):
    full = {
        "documentId": "a",
        "documentKind": "SpeechTextSegment",
        "start": "00:07:07.8400000",
        "end": "00:07:08.4400000",
    }
    items = [{"relevance": 0.5}, full | {"relevance": 1, "additionalMetadata": None}]
    with answering((200, {"value": items})) as service:
        hits = service.vision.search("cameras", "cup")
    assert hits[0] == moments.Hit("", 0.0, 0.0, 0.0, 0.5)
    assert hits[1] == moments.Hit("a", 427.84, 428.44, 427.84, 1.0, kind="SpeechTextSegment")


@pytest.mark.parametrize("body", [{}, {"value": 7}, {"value": ["a"]}, {"value": [{"start": "soon", "relevance": 1}]}])
def test_an_answer_of_another_shape_is_one_sentence(folder, body):
    with answering((200, body)) as service, pytest.raises(AzureVideoError, match="another shape than documented"):
        service.vision.search("cameras", "cup")


# --- what the service refuses, and when there is none ---


def test_an_error_has_status_code_and_innermost_code(folder):
    inner = {"code": "Middle", "message": "m", "innererror": {"code": "Deepest", "message": "what it is"}}
    error = {
        "code": "InvalidRequest",
        "message": "Not so.",
        "details": [{"code": "D", "message": "more"}],
        "innererror": inner,
    }
    with answering((400, {"error": error})) as service, pytest.raises(AzureVideoError) as caught:
        service.vision.get_index("cameras")
    assert (caught.value.status, caught.value.code, caught.value.inner_code) == (400, "InvalidRequest", "Deepest")
    said = "127.0.0.1 answered 400. InvalidRequest: Not so. Middle: m. Deepest: what it is. D: more."
    assert str(caught.value) == f"{said} Correct that and ask again."


@pytest.mark.parametrize(
    ("body", "code"), [({"error": {"code": "410"}}, "410"), ({"message": "gone"}, None), ({"error": "gone"}, None)]
)
def test_errors_of_other_shapes(folder, body, code):
    with answering((410, body)) as service, pytest.raises(AzureVideoError, match=r"answered 410.*2025-06-30") as caught:
        service.vision.get_index("cameras")
    assert (caught.value.status, caught.value.code, caught.value.inner_code) == (410, code, None)


def test_a_wrong_key_says_where_keys_are(record):
    record()
    with pytest.raises(AzureVideoError, match="Keys and Endpoint") as caught:
        VideoRetrieval(ENDPOINT, "wrong").get_index("cameras")
    assert (caught.value.status, caught.value.code) == (401, "401")


@pytest.mark.parametrize(
    "answer", [(200, "<html>moved</html>"), (404, ""), (200, "[1]"), (200, ""), (502, "bad gateway")]
)
def test_no_json_says_that_the_service_is_retired(folder, answer):
    with answering(answer) as service, pytest.raises(AzureVideoError, match=r"not in JSON.*2025-06-30") as caught:
        service.vision.get_index("cameras")
    assert caught.value.status == answer[0]
    assert "Content Understanding with Azure AI Search" in str(caught.value) and "Video Indexer" in str(caught.value)


def test_nobody_there_says_that_the_service_is_retired(folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(AzureVideoError, match=r"gave no answer \(ConnectionError\).*2025-06-30") as caught:
        VideoRetrieval(f"http://127.0.0.1:{port}", KEY).get_index("cameras")
    assert caught.value.__context__ is None, "the library's error holds the request with its key"


def test_a_redirect_does_not_take_the_key_along(folder):
    with answering((200, {})) as elsewhere:
        away = {"location": f"{elsewhere.url}/stolen"}
        with answering((307, "", away)) as service, pytest.raises(AzureVideoError, match="answered 307"):
            service.vision.get_index("cameras")
    assert elsewhere.seen == []


BUSY = {"error": {"code": "TooManyRequests", "message": "slow down"}}


@pytest.mark.parametrize("status", [429, 503])
def test_what_says_when_to_come_back_is_asked_twice_more(folder, status):
    again = (status, BUSY, {"retry-after": "0"})
    with answering(again, again, (200, {"name": "cameras"})) as service:
        assert service.vision.get_index("cameras")["name"] == "cameras"
    with answering(again) as service, pytest.raises(AzureVideoError, match="Wait a minute") as caught:
        service.vision.search("cameras", "cup")
    assert len(service.seen) == 3 and caught.value.code == "TooManyRequests" and caught.value.status == status
    for plain in ((status, BUSY), (500, BUSY, {"retry-after": "0"})):
        with answering(plain) as service, pytest.raises(AzureVideoError):
            service.vision.get_index("cameras")
        assert len(service.seen) == 1


# --- secrets ---


def test_key_and_signature_are_in_no_message(folder, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    echo = {"code": "Bad", "message": f"{KEY} may not read {sas('a.mp4')}"}
    failed = ingested("PartiallySucceeded", ("a", True))
    failed[1]["fileStatusDetails"].append({"documentId": "b", "succeeded": False, "error": echo})
    with answering((400, {"error": echo | {"innererror": echo, "details": [echo]}})) as service:
        with pytest.raises(AzureVideoError) as refused:
            service.vision.add_videos("cameras", "first", [video(1)])
        said = repr(service.vision)
    with answering((202, {})) as service:
        url = sas("a.mp4", ends="2024-01-01")
        service.vision.add_videos("cameras", "first", [{"documentId": url, "documentUrl": url}])
    with answering(failed) as service:
        said += repr(service.vision.wait("cameras", "first"))
    with pytest.raises(AzureVideoError) as nobody:
        VideoRetrieval("http://127.0.0.1:9", KEY).get_index("cameras")
    named_by_url = {"documentId": sas("a.mp4", ends="2024-01-01"), "documentUrl": sas("a.mp4", ends="2024-01-01")}
    with pytest.raises(AzureVideoError, match="is there twice") as twins:
        service.vision.add_videos("cameras", "first", [named_by_url] * 2)
    for error in (refused.value, nobody.value, twins.value):
        said += "".join(traceback.format_exception(error)) + repr(error) + "".join(error._render_traceback_())
    captured = capsys.readouterr()
    said += captured.out + captured.err + caplog.text
    assert "***" in said and "answered 400" in said and "gave no answer" in said and "b: Bad: " in captured.out
    assert "CANARY" not in said


# --- live, record, replay ---


def test_live_use_warns_and_nothing_else_does(record, replay):
    record()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VideoRetrieval(ENDPOINT, KEY)  # COURSE_UPSTREAM is set
        VideoRetrieval(ENDPOINT, KEY).create_index("cameras")
        replay()
        VideoRetrieval(ENDPOINT, KEY)
    recording.stop()
    with pytest.warns(UserWarning, match=r"2025-06-30.*Content Understanding.*Video Indexer") as caught:
        VideoRetrieval(ENDPOINT, KEY)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_mode(record, replay, monkeypatch):
    modes = [recording.mode()]
    record()
    modes.append(recording.mode())
    VideoRetrieval(ENDPOINT, KEY).create_index("cameras")
    replay()
    modes.append(recording.mode())
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="live")
    assert [*modes, recording.mode()] == ["live", "record", "replay", "live"]


def get(vision):
    try:
        vision.get_index("cameras")
    except AzureVideoError as error:
        return error.status
    return 200


def half_azure(vision, tape):
    """GET, DELETE, GET of an index and a question to a model, a cell each."""
    statuses = []
    for source in ("get one", "delete", "get two", "ask"):
        tape.begin_cell(source)
        if source == "delete":
            vision.delete_index("cameras")
        elif source == "ask":
            openai.OpenAI().chat.completions.create(**question())
        else:
            statuses.append(get(vision))
    return statuses


def test_make_record_keeps_what_no_service_gives_any_more(record, replay, api, folder, monkeypatch):
    tape = record()
    vision = VideoRetrieval(ENDPOINT, KEY)
    tape.begin_cell("create")
    vision.create_index("cameras")
    assert half_azure(vision, tape) == [200, 404]
    before = stored(folder)
    recording.stop()

    monkeypatch.delenv("COURSE_UPSTREAM")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")  # stands for the real API
    asked = len(api.requests)
    recording.start("lesson", mode="record")
    session._state.tape.begin_cell("create")
    vision.create_index("cameras")
    assert half_azure(vision, session._state.tape) == [200, 404]
    assert api.requests[asked:] == ["POST /v1/chat/completions"]
    after = stored(folder)
    assert after[:-1] == before[:-1], "the answers of the retired service, in their order"
    assert [item["source"] for item in after] == ["constructed"] * 4 + ["live"]
    recording.stop()
    monkeypatch.delenv("OPENAI_BASE_URL")

    tape = replay()
    tape.begin_cell("create")
    vision.create_index("cameras")
    assert half_azure(vision, tape) == [200, 404] == half_azure(vision, tape)


def test_make_sample_and_make_record_of_a_lesson(tmp_path, monkeypatch, capsys, folder):
    cells = [
        "from course import azure_video, recording\nrecording.start('90_azure')",
        f"vision = azure_video.VideoRetrieval('{ENDPOINT}', '{KEY}')\n_ = vision.create_index('cameras')",
        f"_ = vision.add_videos('cameras', 'first', [{video(1)!r}, {video(2)!r}])\n"
        "vision.wait('cameras', 'first', first=0.01).state",
        "vision.delete_index('cameras')",
    ]
    path = tmp_path / "90_azure.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in cells]), path)
    monkeypatch.setattr(record_lessons, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(record_lessons, "RECORDINGS", folder)
    monkeypatch.delenv("COURSE_RECORDINGS")
    assert record_lessons.main(["sample", "90_azure"]) == 0
    notebook, taped = path.read_bytes(), (folder / "90_azure.json").read_bytes()
    said = capsys.readouterr().out
    assert said == "90_azure: 5 constructed\n"
    outputs = nbformat.reads(notebook, as_version=4).cells[2].outputs
    assert as_shown(outputs[0].text) == f"first: Completed |{'#' * 46}| 2 of 2 videos\n"
    assert outputs[1].data["text/plain"] == "'Completed'"

    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    assert record_lessons.main(["record", "90_azure"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "90_azure: 5 constructed" and len(said) == 6
    assert said[1].endswith(f"PUT {INDEXES}/cameras?api-version=2023-05-01-preview (a retired service)")
    assert (path.read_bytes(), (folder / "90_azure.json").read_bytes()) == (notebook, taped)


# --- the local service ---


def ask(method, path, body=None, key=KEY, version="2023-05-01-preview", host=HOST):
    url = f"https://{host}{INDEXES}{path}" + ("&" if "?" in path else "?") + f"api-version={version}"
    return requests.request(method, url, json=body, headers={"Ocp-Apim-Subscription-Key": key}, timeout=9)


FIELD = {"name": "Id", "searchable": False, "filterable": True, "type": "string"}
PARAMETER, OTHER_FIELD = (400, "InvalidRequest", "InvalidParameter"), (400, "InvalidRequest", "InvalidField")
OTHER = {"fieldName": "x", "values": []}
SEARCH, INGEST = "/cameras:queryByText", "/cameras/ingestions/g"
REFUSED = {
    "no key": (("GET", "", None, ""), 401, "401", None),
    "wrong key": (("GET", "", None, "wrong"), 401, "401", None),
    "another version": (("GET", "", None, KEY, "2024-01-01"), 400, "InvalidRequest", "UnsupportedApiVersion"),
    "another host": (("GET", "", None, KEY, "2023-05-01-preview", "api.example.com"), 404, "404", None),
    "no JSON": (("PUT", "/new", "text"), *PARAMETER),
    "index field": (("PUT", "/new", {"feature": []}), *PARAMETER),
    "type": (("PUT", "/new", {"metadataSchema": {"fields": [FIELD | {"type": "int"}]}}), *PARAMETER),
    "there already": (("PUT", "/cameras", {}), 409, "Conflict", "IndexExists"),
    "no such index": (("GET", "/none"), 404, "NotFound", "IndexNotFound"),
    "delete none": (("DELETE", "/none"), 404, "NotFound", "IndexNotFound"),
    "no such ingestion": (("GET", "/cameras/ingestions/none"), 404, "NotFound", "IngestionNotFound"),
    "mode": (("PUT", INGEST, {"videos": [{"mode": "put", **video(1)}]}), *PARAMETER),
    "unknown metadata": (
        ("PUT", INGEST, {"videos": [video(1, mode="add", metadata={"x": "1"})]}), *OTHER_FIELD),
    "metadata no time": (
        ("PUT", INGEST, {"videos": [video(1, mode="add", metadata={"timestamp": "x"})]}),
        *PARAMETER),
    "search nowhere": (("POST", "/none:queryByText", {"queryText": "cup"}), 404, "NotFound", "IndexNotFound"),
    "no query": (("POST", SEARCH, {}), *PARAMETER),
    "misspelt query": (("POST", SEARCH, {"queryText": "a", "topp": 3}), *PARAMETER),
    "filter field": (
        ("POST", SEARCH, {"queryText": "a", "filters": {"stringFilters": [OTHER]}}),
        *OTHER_FIELD),
    "skip": (("GET", "?$skip=-1"), *PARAMETER),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_local_service_refuses_in_azures_shape(cameras, api, name):
    arguments, status, code, inner = REFUSED[name]
    response = ask(*arguments)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error.get("innererror", {}).get("code")) == (status, code, inner)
    assert response.headers["x-course-source"] == "constructed" and api.unanswered == []


def test_the_local_service_keeps_what_it_is_told(cameras, api):
    put = ask("PUT", "/cameras/ingestions/g", {"videos": [{"mode": "remove", **video(1)}]})
    where = f"{ENDPOINT}{INDEXES}/cameras/ingestions/g?api-version=2023-05-01-preview"
    assert (put.status_code, put.headers["operation-location"]) == (202, where)
    listed = ask("GET", "/cameras/ingestions").json()["value"]
    assert [(item["name"], item["state"]) for item in listed] == [("first", "Completed"), ("g", "NotStarted")]
    documents = ask("GET", "/cameras/documents").json()["value"]
    assert [item["documentId"] for item in documents] == ["camera1", "camera2"]
    assert documents[0]["documentUrl"] == "https://acc.blob.core.windows.net/videos/camera1.mp4"
    assert documents[0]["metadata"] == {"cameraid": "1", "timestamp": "2023-06-30T11:40:33Z"}
    states = [ask("GET", "/cameras/ingestions/g").json()["state"] for _ in range(2)]
    assert states == ["Running", "Completed"]
    assert [item["documentId"] for item in ask("GET", "/cameras/documents").json()["value"]] == ["camera2"]
    cameras.add_videos("cameras", "h", [video(2, mode="update", metadata={"cameraId": "9"}), video(1, mode="update")])
    assert cameras.wait("cameras", "h", first=0.01).state == "PartiallySucceeded"
    assert ask("GET", "/cameras/documents").json()["value"][0]["metadata"] == {"cameraid": "9"}
    changed = ask("PATCH", "/cameras", {"metadataSchema": {"fields": [FIELD]}, "userData": {"a": 1}})
    assert changed.json()["metadataSchema"]["fields"] == [FIELD | {"name": "id"}]
    assert changed.json()["userData"] == {"a": 1} and changed.json()["features"][1]["name"] == "speech"
    cameras.create_index("more")
    assert [item["name"] for item in ask("GET", "?$skip=1&$top=1").json()["value"]] == ["more"]


def test_the_local_service_finds_only_what_is_ingested_and_passes_the_filters(cameras):
    cameras.add_videos("cameras", "second", [video(3, "camera1.mp4")])

    def found(query, **more):
        return [(hit.document_id, hit.start) for hit in cameras.search("cameras", query, **more)]

    assert found("espresso") == [("camera1", 14.0)], "what is still being read is not found"
    cameras.wait("cameras", "second", first=0.01)
    assert found("espresso") == [("camera1", 14.0), ("camera3", 14.0)]
    assert found("Where is the ESPRESSO?", strings={"CameraID": ["1", "7"]}) == [("camera1", 14.0)]
    assert found("the of a on") == [] == found("submarine") == found("espresso", features=["speech"])
    early, late = ("2023-06-30T00:00:00Z", "2023-06-30T12:00:00Z"), ("2023-06-30T12:00:00Z", None)
    dark = [found("dark black", times={"timestamp": span}) for span in (early, late)]
    assert dark == [[("camera1", 4.0)], [("camera2", 0.0), ("camera2", 21.0)]]


def test_each_local_service_has_its_own_memory(cameras):
    with serve() as other:
        url = f"{other.url}/{HOST}{INDEXES}?api-version=2023-05-01-preview"
        recording.stop()
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("COURSE_UPSTREAM")
            listed = requests.get(url, headers={"Ocp-Apim-Subscription-Key": KEY}, timeout=9)
    assert listed.json() == {"value": []}


def test_pages_of_the_local_service_name_the_next_one_on_the_same_host(cameras):
    first = ask("POST", "/cameras:queryByText", {"queryText": "night rocket cat"}).json()
    assert len(first["value"]) == 2
    assert first["nextLink"] == f"{ENDPOINT}{INDEXES}/cameras:queryByText?api-version=2023-05-01-preview&$skip=2"
    skipped = ask("POST", "/cameras:queryByText", {"queryText": "night rocket cat", "skip": 1, "top": 1}).json()
    assert skipped == {"value": [first["value"][1]]}
