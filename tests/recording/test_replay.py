"""Who gets which answer: the cell that staged an error gets it again, everybody else the good answer."""

import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
import requests

from course import recording
from course.recording import readable, session, shape
from course.recording.clients import Sent
from course.recording.masking import NO_RESOURCE
from course.recording.pictures import bodies_match
from course.recording.tape import Tape
from helpers.encoding import open_picture
from tests.conftest import question

RECORDINGS = sorted(shape.RECORDINGS.glob("*.json"))


@pytest.fixture
def recorded(monkeypatch):
    """Requests on their way are recorded ones here, which stand in the place of the headers."""
    monkeypatch.setattr(readable, "recorded_request", lambda method, url, recorded, body, model: recorded.model_copy())


def ask(tape, recorded):
    """The status of the answer, or the fault."""
    host = NO_RESOURCE if recorded.url.startswith("/openai/") else "api.openai.com"
    answer = tape.play(Sent(recorded.method, f"https://{host}/", recorded, b""))
    return answer.fault or answer.status


def pairs_of(items):
    """Pairs of equal requests of which one was answered well and the other was not."""
    for first, second in itertools.permutations(items, 2):
        alike = all(getattr(first.request, name) == getattr(second.request, name) for name in ("method", "url"))
        good = first.response and first.response.status == 200 and not first.fault and not first.staged
        bad = second.fault or second.staged or second.response.status >= 400
        if good and bad and alike and bodies_match(first.request.body, second.request.body):
            yield first, second


def test_there_are_such_pairs():
    found = {path.stem: len(list(pairs_of(shape.load(path).interactions))) for path in RECORDINGS}
    assert found["01_url_input"] == 1 and found["07_when_it_goes_wrong"] == 3


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_another_cell_and_any_number_at_once_get_the_good_answer(path, recorded):
    tape = Tape(path, path.stem, "replay", "m")
    for good, bad in pairs_of(tape.recording.interactions):
        for source in ("a cell of the reader's", "another one"):
            tape.begin_cell(source)
            assert [ask(tape, bad.request) for _ in range(3)] == [200] * 3
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: ask(tape, good.request), range(8))) == [200] * 8  # noqa: B023


def test_what_was_staged_plays_in_its_own_cell_in_order_and_again(recorded):
    path = shape.RECORDINGS / "07_when_it_goes_wrong.json"
    tape = Tape(path, path.stem, "replay", "m")
    items = tape.recording.interactions
    seen = {}
    for _ in range(2):
        for cell in {good.cell for good, bad in pairs_of(items) if good.cell == bad.cell}:
            tape.cell, own = cell, [item for item in items if item.cell == cell]
            tape.played -= {items.index(item) for item in own}  # as `begin_cell` does; sources are not recorded
            seen.setdefault(cell, []).append([ask(tape, item.request) for item in own])
    assert sorted(runs[0] for runs in seen.values()) == [[429, 200], [503, 200]]
    assert all(runs[0] == runs[1] for runs in seen.values())


def test_lesson_01_with_its_first_request_in_a_new_cell_and_eight_times_at_once(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("01_url_input", mode="replay")
    tape = session._state.tape
    (good, _), *_ = pairs_of(tape.recording.interactions)
    body = {**good.request.body, "model": recording.model()}
    url = "https://api.openai.com/v1/chat/completions"
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            answers = pool.map(lambda _: requests.post(url, json=body, timeout=9), range(8))
            assert [answer.status_code for answer in answers] == [200] * 8


def test_a_host_of_somebody_else_gets_no_recorded_answer(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("09_azure_openai", mode="replay")
    item = next(i for i in session._state.tape.recording.interactions if i.request.url == "/openai/v1/chat/completions")
    body = dict(item.request.body)
    parts = body["messages"][0]["content"]
    picture = next(part["image_url"] for part in parts if "image_url" in part)
    picture["url"] = open_picture(shape.ROOT / "asset/images/cow.webp").chat_part("low")["image_url"]["url"]

    def ask_at(host):
        return requests.post(f"https://{host}/openai/v1/chat/completions", json=body, timeout=9)

    assert ask_at(NO_RESOURCE).status_code == 200
    for host in ("contoso.openai.azure.com", "api.openai.com"):
        with pytest.raises(recording.NotRecorded, match=f'url: recorded "/openai/.*" - yours "https://{host}'):
            ask_at(host)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://contoso.openai.azure.com/")
    assert ask_at("contoso.openai.azure.com").status_code == 200, "the reader says that this is the resource"


def test_an_address_that_is_recorded_whole_is_at_its_own_host():
    address = "https://no-such-resource.invalid/openai/v1/chat/completions"
    assert not readable.is_wrong_host(address, address)


def test_a_resource_of_azure_is_not_openai(record, replay):
    record()
    openai.OpenAI().chat.completions.create(**question())
    replay()
    with pytest.raises(recording.NotRecorded, match=r"https://contoso\.openai\.azure\.com/v1/chat"):
        openai.OpenAI(base_url="https://contoso.openai.azure.com/v1").chat.completions.create(**question())


def test_a_key_of_azure_is_set_where_it_is_needed(folder, monkeypatch):
    """With both in the environment, the SDK's own module-level client refuses to choose."""
    monkeypatch.delenv("COURSE_RECORDINGS")
    for path in RECORDINGS:
        recording.start(path.stem, mode="replay")
        assert ("AZURE_OPENAI_API_KEY" in os.environ) == (path.stem == "09_azure_openai")
    recording.start("00_start_here", mode="replay")
    with pytest.raises(recording.NotRecorded):
        openai.chat.completions.create(**question("New?"))


# --- what a service would refuse at all ---


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "hgih"}}, "detail is one of"),
        ({"type": "image_url", "image_url": "https://a.example/x.png"}, "Chat Completions wants an object"),
        ({"type": "input_image", "image_url": {"url": "https://a.example/x.png"}}, "Responses wants the address"),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b'iVBORw0KGgo' * 60}"}}, "add .decode"),
        ({"type": "image_url", "image_url": {"url": f"{b'iVBORw0KGgo' * 60}"}}, "add .decode"),
    ],
    ids=["detail", "bare string", "object", "printed bytes", "printed bytes alone"],
)
def test_a_request_that_no_service_answers_is_told_so(record, replay, part, says):
    record()
    openai.OpenAI().chat.completions.create(**question())
    replay()
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is in this picture?"}, part]}]
    with pytest.raises(recording.NotRecorded, match="A service would refuse yours, too: ") as caught:
        openai.OpenAI().chat.completions.create(model=recording.model(), messages=messages)
    assert says in str(caught.value) and 'mode="live"' not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 11 and "iVBORw0KGgoiVBORw0KGgo" not in str(caught.value)


def test_nearest_is_of_the_cell_that_was_adapted_and_then_by_prompt(record, replay):
    tape = record()
    cells = {"one": ("What is in this picture?", "low"), "two": ("How many?", "low"), "three": ("How many?", "high")}
    for source, (prompt, detail) in cells.items():
        tape.begin_cell(source, source)
        with pytest.raises(openai.APIStatusError) if prompt == "How many?" else pytest.MonkeyPatch.context():
            openai.OpenAI(max_retries=0).chat.completions.create(**question(prompt, detail=detail))
    tape = replay()

    def nearest(**changes):
        with pytest.raises(recording.NotRecorded) as caught:
            openai.OpenAI().chat.completions.create(**question(**changes))
        return str(caught.value).split("request ")[2][:6]

    tape.begin_cell("one", "one")
    tape.begin_cell("one, changed", "one")
    assert nearest(prompt="How many spoons?") == "1 of 3", "this cell's own"
    tape.begin_cell("a new cell", "new")
    assert nearest(prompt="How many spoons?") == "2 of 3", "by its prompt"


def test_starting_again_lets_no_request_through(folder, monkeypatch):
    """Four threads ask while another starts the lesson again and again: each is answered, and none asks the network."""
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("00_start_here", mode="replay")
    item = session._state.tape.recording.interactions[0]
    assert item.request.url == "/v1/chat/completions"
    unknown = question("Never asked")
    used, done = [], threading.Event()

    def look_up(*args, **more):
        used.append(args)
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", look_up)

    def start_again():
        while not done.is_set():
            recording.start("00_start_here", mode="replay")

    def ask_once(n):
        with pytest.raises(recording.NotRecorded):
            if n % 2:
                openai.OpenAI(max_retries=0).chat.completions.create(**unknown)
            else:
                requests.post("https://api.openai.com/v1/chat/completions", json=unknown, timeout=9)
        return "replay-needs-no-key" in os.environ.get("OPENAI_API_KEY", "")

    starter = threading.Thread(target=start_again)
    starter.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask_once, range(80)))
    finally:
        done.set()
        starter.join()
    assert used == []
