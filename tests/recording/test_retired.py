"""A retired service: its constructed answers replay cell by cell, hold no secret, and are kept while recording."""

import json

import openai
import requests

from course import recording
from course.recording import session, shape
from tests.api import API_KEY
from tests.conftest import question
from tests.recording.made import item, stored
from tests.tools import record_lessons

HOST = "my-vision.cognitiveservices.azure.com"
INDEXES = "/computervision/retrieval/indexes"
KEY = "CANARYkey0123456789abcdef01234567"
SIGNATURE = "CANARYsig0123456789%2Babc"
FILM = f"https://acc.blob.core.windows.net/videos/{{}}.mp4?sp=r&se=2999-01-01&sv=2022-11-02&sr=b&sig={SIGNATURE}"
SCHEMA = {"language": "en", "fields": [{"name": "Id", "type": "string", "searchable": False, "filterable": True}]}
INDEX = {"metadataSchema": SCHEMA, "features": [{"name": "vision"}]}
VIDEOS = [{"mode": "add", "documentId": n, "documentUrl": FILM.format(n), "metadata": {"Id": n}}
          for n in ("camera1", "camera2")]  # fmt: skip


def ask(method, path="", body=None):
    url = f"https://{HOST}{INDEXES}/cameras{path}?api-version=2023-05-01-preview"
    return requests.request(method, url, json=body, headers={"Ocp-Apim-Subscription-Key": KEY}, timeout=9)


def search():
    answer = ask("POST", ":queryByText", {"queryText": "cat"})
    return answer.status_code, [hit["documentId"] for hit in answer.json().get("value", [])]


# A lesson in cells: what each gives is what the calls in it were answered.
CELLS = {
    "create": lambda: ask("PUT", "", INDEX).status_code,
    "add": lambda: ask("PUT", "/ingestions/first", {"videos": VIDEOS}).json()["state"],
    "wait": lambda: [ask("GET", "/ingestions/first").json()["state"] for _ in range(3)],
    "search": search,
    "delete": lambda: ask("DELETE").status_code,
    "search once more": search,
    "ask": lambda: openai.OpenAI().chat.completions.create(**question()).model,
}
GIVEN = [201, "NotStarted", ["Running", "Completed", "Completed"], (200, ["camera1"]), 204, (404, [])]


def run(tape, *names):
    given = []
    for name in names or CELLS:
        tape.begin_cell(name)
        given.append(CELLS[name]())
    return given


def test_each_cell_gets_its_own_answers_from_nobody_and_again(record, replay, api):
    assert run(record())[:-1] == GIVEN
    asked = len(api.requests)
    tape = replay()
    assert run(tape)[:-1] == GIVEN == run(tape)[:-1]
    assert run(tape, "search once more", "search", "wait") == [GIVEN[5], GIVEN[3], GIVEN[2]]
    assert len(api.requests) == asked, "replay asked nobody"


def test_a_recording_hides_host_key_and_signature(record, folder):
    run(record())
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert "CANARY" not in text and "sig=***" in text
    constructed = [item for item in stored(folder) if item["source"] == "constructed"]
    assert len(constructed) == len(stored(folder)) - 1 == 8
    assert all(item["request"]["url"].startswith(f"{INDEXES}/cameras") for item in constructed)
    assert not any(HOST in json.dumps(item["request"]) for item in stored(folder))


def test_make_record_keeps_what_no_service_gives_any_more(record, replay, api, folder, monkeypatch):
    run(record())
    before = stored(folder)
    recording.stop()

    monkeypatch.delenv("COURSE_UPSTREAM")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")  # stands for the real API
    asked = len(api.requests)
    recording.start("lesson", mode="record")
    assert run(session._state.tape)[:-1] == GIVEN
    assert api.requests[asked:] == ["POST /v1/chat/completions"]
    after = stored(folder)
    assert after[:-1] == before[:-1], "the answers of the retired service, in their order"
    assert [item["source"] for item in after] == ["constructed"] * 8 + ["live"]
    recording.stop()
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert run(replay())[:-1] == GIVEN


def test_make_record_says_what_it_kept(tmp_path, monkeypatch, capsys):
    gone = f"{INDEXES}/cameras"
    items = [item(), item(url=f"https://{HOST}{gone}", method="GET", source="constructed"),
             item(staged=True), item(fault="timeout"), item(source="live")]  # fmt: skip
    monkeypatch.setattr(record_lessons, "record", lambda *_: shape.Recording(lesson="x", interactions=items))
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    assert record_lessons.main(["record", "00_start_here"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "00_start_here: 1 constructed, 1 live, 3 sample",
        "  kept, no live service gives it: POST /v1/chat/completions (a retired service)",
        f"  kept, no live service gives it: GET {gone} (a retired service)",
        "  kept, no live service gives it: POST /v1/chat/completions (staged)",
        "  kept, no live service gives it: POST /v1/chat/completions (timeout)",
    ]
    assert record_lessons.main(["sample", "no_such_lesson"]) == record_lessons.main([]) == 2
