"""Replay, live, record: what `start` hides, asks for and says, and what happens in a kernel."""

import os
import sys

import openai
import pytest
import requests

from course import recording
from course.recording import session, shape
from course.recording.readable import DEFAULT_MODEL
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.recording.made import CHAT, item, put


@pytest.fixture(scope="module")
def api():
    with serve(keys={API_KEY, "local-server-needs-no-key"}) as running:
        yield running


@pytest.fixture
def replaying(folder, replay):
    put(folder, item(), item(fault="timeout", response=None))
    return replay()


NOWHERE = "http://127.0.0.1:9"
DISTURBING = {"OPENAI_API_KEY": "sk-somebody-elses-key", "OPENAI_BASE_URL": f"{NOWHERE}/v1", "OPENAI_ORG_ID": "org-x",
              "OPENAI_CUSTOM_HEADERS": "X-Odd: header", "VISION_MODEL": "another-model", "HTTP_PROXY": "socks5://x:9",
              "AZURE_OPENAI_ENDPOINT": NOWHERE, "https_proxy": NOWHERE, "ALL_PROXY": "socks5://127.0.0.1:9",
              "SSL_CERT_FILE": "no-such-file.pem", "REQUESTS_CA_BUNDLE": "no-such-file.pem"}  # fmt: skip


def test_replay_needs_no_variable_none_disturbs_it_and_all_are_back_afterwards(folder, monkeypatch):
    put(folder, item())
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for name, value in DISTURBING.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson")
    left = {*DISTURBING, "AZURE_OPENAI_API_KEY"} & set(os.environ)
    assert left == {"OPENAI_API_KEY"}, "with a key of Azure beside it, the SDK's module-level client asks nobody"
    assert openai.chat.completions.create(**question()).id == "chatcmpl-A cup."
    assert requests.post(CHAT, json=question(), timeout=9).ok and recording.model() == DEFAULT_MODEL
    os.environ["OPENAI_BASE_URL"] = f"{NOWHERE}/new"
    os.environ["VISION_MODEL"] = "llava"
    assert openai.OpenAI(base_url="https://api.openai.com/v1").chat.completions.create(**question()).choices
    recording.stop()
    new = {"OPENAI_BASE_URL": f"{NOWHERE}/new", "VISION_MODEL": "llava"}
    assert {name: os.environ.get(name) for name in DISTURBING} == DISTURBING | new, "what a cell has set stays"
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"mode": "live"}, r"^Live answers need a key: set OPENAI_API_KEY \(or OPENAI_BASE_URL .*Jupyter\.$"),
        ({"mode": "relpay"}, r"^There is no mode 'relpay'. Choose one of: replay, live, record\.$"),
    ],
)
def test_what_cannot_start_says_so_in_one_sentence_and_changes_nothing(replaying, how, says):
    with pytest.raises(recording.LiveModeError, match=says) as caught:
        recording.start("lesson", **how)
    assert "\n" not in str(caught.value)
    assert openai.OpenAI().chat.completions.create(**question()).choices, "replay goes on"


def test_a_local_server_needs_no_key_and_is_reached_as_the_message_types_it_and_start_says_so(replaying, api, capsys):
    os.environ["OPENAI_BASE_URL"] = f"{api.url}/v1"
    os.environ["VISION_MODEL"] = "its-model"
    try:
        recording.start("lesson", mode="live")
        answer = openai.OpenAI().chat.completions.create(**question())
        assert answer.model == "course-sample" and recording.origin(answer.id) is None
        recording.start("lesson")
        asked = len(api.requests)
        assert openai.OpenAI().chat.completions.create(**question()).id == "chatcmpl-A cup."
        recording.start("lesson", mode="record")
        recording.stop()
        assert len(api.requests) == asked and "OPENAI_API_KEY" not in os.environ
    finally:
        del os.environ["OPENAI_BASE_URL"], os.environ["VISION_MODEL"]
    replays = "Replay: 1 recorded answer, no request leaves this machine."
    asks = f"requests go to {api.url.removeprefix('http://')}, model its-model."
    assert capsys.readouterr().out.splitlines() == [f"Live: {asks}", replays, f"Record: {asks}"]


def test_a_mistyped_key_is_asked_for_again_and_none_stays(replaying, monkeypatch):
    typed = iter([" sk-a-mistyped-key ", API_KEY, API_KEY])
    monkeypatch.setattr(session, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for key in ("sk-a-mistyped-key", API_KEY, API_KEY):
        recording.start("lesson", mode="live")
        assert os.environ["OPENAI_API_KEY"] == key
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ


# --- in a real kernel ---

FIRST = """import os, requests
from openai import OpenAI
from course import recording
from course.recording import session
from tests.conftest import question
recording.start('lesson')
def state():
    return requests.get('https://api.openai.com/v1/job', timeout=9).json()['id']
print(state(), state(), session._state.tape.cell)"""
SECOND = "get_ipython().run_cell('1', silent=True)\nprint(state(), session._state.tape.cell)"
LIVE = f"""session.getpass = lambda prompt: print(prompt) or '{API_KEY}'
get_ipython().kernel._allow_stdin = True
os.environ['COURSE_UPSTREAM'] = os.environ.pop('UPSTREAM')
recording.start('lesson', mode='live')"""


def test_a_notebook_from_replay_to_live(folder, api, kernel):
    """The cell that starts may ask too; what a front end runs silently is no cell; errors are brief; a key is asked."""
    states = [item(url="https://api.openai.com/v1/job", method="GET", text=n, cell=cell)
              for n, cell in (("1", FIRST), ("2", FIRST), ("3", SECOND))]  # fmt: skip
    put(folder, *states, item(), item(question(detail="huge"), "Invalid value: 'huge'", status=400))
    cells = [
        FIRST,
        SECOND,
        "OpenAI().chat.completions.create(**question('New?'))",
        "OpenAI().chat.completions.create(**question(detail='huge'))",
        "1 / 0",
        "from pydantic import BaseModel\nclass Cup(BaseModel):\n    full: float\nCup(full='half')",
        "from helpers import encoding\nencoding.open_picture('no-such-file.png')",
        "def mine():\n    raise encoding.PictureError('raised in a cell')\nmine()",
        "recording.start('lesson', mode='live')",
        "OpenAI().chat.completions.create(**question()).choices[0].finish_reason",
        LIVE,
        "print(OpenAI().chat.completions.create(**question()).model)",
    ]
    settings = {"UPSTREAM": api.url, "COURSE_RECORDINGS": str(folder)} | dict.fromkeys(
        ["OPENAI_API_KEY", "COURSE_MODE"]
    )
    ran = [cell.outputs for cell in kernel.run(cells, settings, allow_errors=True).cells]
    start, second, unknown, bad, own, misfit, picture, raised, no_key, again, live, asked = ran
    replays = "Replay: 5 recorded answers, no request leaves this machine.\n"
    assert start[0].text == f"{replays}chatcmpl-1 chatcmpl-2 {shape.cell_digest(FIRST)}\n"
    assert "".join(one.get("text", "") for one in second) == f"chatcmpl-3 {shape.cell_digest(SECOND)}\n"
    page = "\n".join(unknown[0].traceback)
    assert unknown[0].ename == "NotRecorded" and len(page.splitlines()) <= 12 and ".py" not in page
    assert bad[0].traceback == ["BadRequestError: " + bad[0].evalue] and "Invalid value: 'huge'" in bad[0].evalue
    for ours, name in ((own, "ZeroDivisionError"), (raised, "PictureError")):
        assert ours[0].ename == name and "Traceback" in "\n".join(ours[0].traceback), "the reader's own is as usual"
    assert misfit[0].traceback[0].splitlines()[:2] == ["ValidationError: 1 validation error for Cup", "full"]
    assert len(misfit[0].traceback[0].splitlines()) == 3 and "http" not in misfit[0].traceback[0]
    assert picture[0].traceback == [f"PictureError: {picture[0].evalue}"]
    assert no_key[0].ename == "LiveModeError" and len("\n".join(no_key[0].traceback).splitlines()) == 1
    assert again[0].data["text/plain"] == "'stop'", "a failed start leaves replay as it was"
    said = "".join(one.get("text", "") for one in live)
    assert "OPENAI_API_KEY (" in said and "api.openai.com" in said and API_KEY not in said
    assert asked[0].text == "course-sample\n" and [path.name for path in folder.iterdir()] == ["lesson.json"]
