"""Replay, live, record: what `start` hides, asks for and says, and what happens in a kernel."""

import os
import re
import sys

import openai
import pytest

from course import recording
from course.recording import session, shape
from course.recording.readable import DEFAULT_MODEL
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.recording.made import ask, item, post


@pytest.fixture(scope="module")
def api():
    with serve(keys={API_KEY, "local-server-needs-no-key"}) as running:
        yield running


NOWHERE = "http://127.0.0.1:9"
DISTURBING = {"OPENAI_API_KEY": "sk-somebody-elses-key", "OPENAI_BASE_URL": f"{NOWHERE}/v1", "OPENAI_ORG_ID": "org-x",
              "OPENAI_CUSTOM_HEADERS": "X-Odd: header", "VISION_MODEL": "another-model", "HTTP_PROXY": "socks5://x:9",
              "AZURE_OPENAI_ENDPOINT": NOWHERE, "https_proxy": NOWHERE, "ALL_PROXY": "socks5://127.0.0.1:9",
              "SSL_CERT_FILE": "no-such-file.pem", "REQUESTS_CA_BUNDLE": "no-such-file.pem"}  # fmt: skip


def test_replay_needs_no_variable_none_disturbs_it_and_all_are_back_afterwards(replay, folder, monkeypatch, capsys):
    replay(item(), item(fault="timeout", response=None))
    recording.stop()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for name, value in DISTURBING.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson")
    left = {*DISTURBING, "AZURE_OPENAI_API_KEY"} & set(os.environ)
    assert left == {"OPENAI_API_KEY"}, "with a key of Azure beside it, the SDK's module-level client asks nobody"
    assert ask(client=openai).id == "chatcmpl-A cup." and post().ok and recording.model() == DEFAULT_MODEL
    new = {"OPENAI_BASE_URL": f"{NOWHERE}/new", "VISION_MODEL": "llava"}
    os.environ.update(new)
    assert ask(client=openai.OpenAI(base_url="https://api.openai.com/v1")).choices
    with pytest.raises(recording.NotRecorded, match="https://contoso"):
        ask(client=openai.OpenAI(base_url="https://contoso.openai.azure.com/openai/v1"))
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    recording.start("lesson", mode="record")
    recording.stop()
    assert {name: os.environ.get(name) for name in DISTURBING} == DISTURBING | new, "what a cell has set stays"
    replays, asks = "Replay: 1 recorded answer, no request leaves this machine.", "Record: requests go to 127.0.0.1:9"
    assert capsys.readouterr().out.splitlines() == [replays, replays, f"{asks}, model llava."]


def test_a_mistyped_key_is_asked_for_again_none_stays_and_a_local_server_needs_none(replay, api, monkeypatch):
    replay(item())
    typed = iter([" sk-a-mistyped-key ", API_KEY, API_KEY])
    monkeypatch.setattr(session, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for key in ("sk-a-mistyped-key", API_KEY, API_KEY):
        recording.start("lesson", mode="live")
        assert os.environ["OPENAI_API_KEY"] == key
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    recording.start("lesson", mode="live")
    answer = ask()
    assert answer.model == "course-sample" and recording.origin(answer.id) is None
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ


FIRST = """from openai import OpenAI
from course import recording
from course.recording import session
from helpers import encoding
from tests.conftest import question
recording.start('lesson')
def state():
    return OpenAI().get('/job', cast_to=object)['id']
print(state(), state(), session._state.tape.cell)"""
SECOND = "get_ipython().run_cell('1', silent=True)\nprint(state(), session._state.tape.cell)"
CUP = "from pydantic import BaseModel\nclass Cup(BaseModel):\n    full: float\nCup(full='half')"
LIVE = f"""session.getpass = lambda prompt: print(prompt) or '{API_KEY}'
get_ipython().kernel._allow_stdin = True
__import__('os').environ['COURSE_UPSTREAM'] = %r
recording.start('lesson', mode='live')
print(OpenAI().chat.completions.create(**question()).model)"""
# What fails: the one line that is shown, or "Traceback" for what is the reader's own.
FAILS = {
    "OpenAI().chat.completions.create(**question(detail='huge'))": "BadRequestError: Error code: 400 - .*'huge'.*",
    "encoding.open_picture('no-such-file.png')": "PictureError: There is no file .*",
    "recording.start('lesson', mode='live')": r"LiveModeError: Live answers need a key: set OPENAI_API_KEY \(or .*",
    "OpenAI().chat.completions.create(**question('New?'))": "NotRecorded: no answer (.*\n){6}.*",
    CUP: "ValidationError: 1 validation error for Cup\nfull\n  Input should be .*",
    "1 / 0": "(.|\n)*Traceback(.|\n)*",
    "def mine():\n    raise encoding.PictureError('raised in a cell')\nmine()": "(.|\n)*Traceback(.|\n)*",
}


def test_a_notebook_from_replay_to_live(folder, replay, api, kernel):
    """The cell that starts may ask too; what a front end runs silently is no cell; errors are brief; a key is asked."""
    states = [item(url="https://api.openai.com/v1/job", method="GET", text=n, cell=cell)
              for n, cell in (("1", FIRST), ("2", FIRST), ("3", SECOND))]  # fmt: skip
    replay(*states, item(), item(question(detail="huge"), "Invalid value: 'huge'", status=400))
    sources = [FIRST, SECOND, *FAILS, "OpenAI().chat.completions.create(**question()).id", LIVE % api.url]
    settings = {"COURSE_RECORDINGS": str(folder)} | dict.fromkeys(["OPENAI_API_KEY", "COURSE_MODE", "COURSE_UPSTREAM"])
    start, second, *failed, again, live = kernel.run(sources, settings, allow_errors=True).cells
    shown = ["".join(one.get("text", "") for one in cell.outputs) for cell in (start, second, live)]
    digests = [shape.cell_digest(source) for source in (FIRST, SECOND)]
    assert shown[0].endswith(f"leaves this machine.\nchatcmpl-1 chatcmpl-2 {digests[0]}\n")
    assert shown[1] == f"chatcmpl-3 {digests[1]}\n"
    for cell, expected in zip(failed, FAILS.values(), strict=True):
        assert re.fullmatch(expected, "\n".join(cell.outputs[-1].traceback)), cell.source
    assert again.outputs[0].data["text/plain"] == "'chatcmpl-A cup.'", "a failed start leaves replay as it was"
    assert "OPENAI_API_KEY (" in shown[2] and API_KEY not in shown[2] and shown[2].endswith("\ncourse-sample\n")
    assert [path.name for path in folder.iterdir()] == ["lesson.json"]
