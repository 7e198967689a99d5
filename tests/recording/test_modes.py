"""Replay, live, record: what `start` hides, asks for and says, and what happens in a kernel."""

import os
import sys

import nbformat
import openai
import pytest
import requests
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course import recording
from course.assets import ROOT
from course.recording import environment, shape
from course.recording.readable import DEFAULT_MODEL
from tests.api import API_KEY, redirect, serve
from tests.conftest import question
from tests.recording.made import CHAT, item, put


@pytest.fixture(scope="module")
def api():
    with serve(keys={API_KEY, "local-server-needs-no-key"}) as running:
        yield running


@pytest.fixture
def replaying(folder, replay):
    put(folder, item())
    return replay()


DISTURBING = {
    "OPENAI_API_KEY": "sk-somebody-elses-key",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_ORG_ID": "org-somebody",
    "OPENAI_PROJECT_ID": "proj_somebody",
    "OPENAI_CUSTOM_HEADERS": "X-Odd: header",
    "VISION_MODEL": "somebody-elses-model",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
    "HTTP_PROXY": "socks5://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "SSL_CERT_FILE": "no-such-file.pem",
    "REQUESTS_CA_BUNDLE": "no-such-file.pem",
}


def test_replay_needs_no_variable_none_disturbs_it_and_all_are_back_afterwards(folder, monkeypatch):
    put(folder, item())
    for name, value in DISTURBING.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson")
    assert not set(DISTURBING) - {"OPENAI_API_KEY"} & set(os.environ) and recording.mode() == "replay"
    assert openai.OpenAI().chat.completions.create(**question()).id == "chatcmpl-A cup."
    assert requests.post(CHAT, json=question(), timeout=9).ok
    os.environ["OPENAI_BASE_URL"] = "http://127.0.0.1:9/new"
    recording.stop()
    assert {name: os.environ.get(name) for name in DISTURBING} == DISTURBING | {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/new"
    }, "what a cell has set during replay stays"
    assert recording.mode() == "live" and recording.model() == "somebody-elses-model"


def test_replay_leaves_its_folder_as_it_is(folder, replaying):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    openai.OpenAI().chat.completions.create(**question())
    recording.stop()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


# --- live ---

REFUSED = {
    "no key": ({"mode": "live"}, {}, r"^Live answers need a key: set OPENAI_API_KEY \(or OPENAI_BASE_URL .*Jupyter\.$"),
    "no mode": ({}, {"COURSE_MODE": "relpay"}, r"^There is no mode 'relpay'. Choose one of: replay, live, record\.$"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_start_says_so_in_one_sentence_and_changes_nothing(replaying, monkeypatch, name):
    how, variables, says = REFUSED[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(recording.LiveModeError, match=says) as caught:
        recording.start("lesson", **how)
    assert "\n" not in str(caught.value)
    assert openai.OpenAI().chat.completions.create(**question()).choices, "replay goes on"


def test_a_local_server_needs_no_key_and_is_reached_as_the_message_types_it(replaying, api, capsys):
    os.environ["OPENAI_BASE_URL"] = f"{api.url}/v1"
    os.environ["VISION_MODEL"] = "its-model"
    try:
        recording.start("lesson", mode="live")
        host = api.url.removeprefix("http://")
        assert f"Live: requests go to {host}, model its-model.\n" in capsys.readouterr().out
        answer = openai.OpenAI().chat.completions.create(**question())
        assert answer.model == "course-sample" and recording.origin(answer.id) is None
        asked = len(api.requests)
        recording.start("lesson")
        assert openai.OpenAI().chat.completions.create(**question()).id == "chatcmpl-A cup."
        assert len(api.requests) == asked and recording.model() == DEFAULT_MODEL, "and back"
        recording.stop()
        assert "OPENAI_API_KEY" not in os.environ
    finally:
        del os.environ["OPENAI_BASE_URL"], os.environ["VISION_MODEL"]


def test_start_says_in_one_line_how_much_is_recorded_or_who_is_asked(folder, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    put(folder, item(), item(fault="timeout", response=None))
    for mode in ("replay", "live", "record"):
        recording.start("lesson", mode)
    assert capsys.readouterr().out.splitlines() == [
        "Replay: 1 recorded answer, no request leaves this machine.",
        f"Live: requests go to api.openai.com, model {DEFAULT_MODEL}.",
        f"Record: requests go to api.openai.com, model {DEFAULT_MODEL}. Answers are stored in lesson.json.",
    ]


def test_a_mistyped_key_is_asked_for_again_and_none_stays(replaying, monkeypatch):
    typed = iter([" sk-a-mistyped-key ", API_KEY, API_KEY])
    monkeypatch.setattr(environment, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for key in ("sk-a-mistyped-key", API_KEY, API_KEY):
        recording.start("lesson", mode="live")
        assert os.environ["OPENAI_API_KEY"] == key
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ


# --- in a real kernel ---


def execute(sources, **environment):
    """The outputs of cells that ran in a fresh kernel; errors stay in them."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    arguments = redirect.KERNEL if environment.get("COURSE_UPSTREAM") else []
    client = NotebookClient(notebook, timeout=120, allow_errors=True, extra_arguments=arguments)
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    return [cell.outputs for cell in nbformat.from_dict(notebook).cells]


FIRST = """import os, requests
from openai import OpenAI
from course import recording
from course.recording import environment, session
from tests.conftest import question
recording.start('lesson')
def state():
    return requests.get('https://api.openai.com/v1/job', timeout=9).json()['id']
print(state(), state(), session._state.tape.cell)"""
SECOND = "get_ipython().run_cell('1', silent=True)\nprint(state(), session._state.tape.cell)"
LIVE = f"""environment.getpass = lambda prompt: print(prompt) or '{API_KEY}'
get_ipython().kernel._allow_stdin = True
os.environ['COURSE_UPSTREAM'] = os.environ.pop('UPSTREAM')
recording.start('lesson', mode='live')"""


def test_a_notebook_from_replay_to_live(folder, api):
    """The cell that starts may ask too; what a front end runs silently is no cell; errors are brief; a key is asked."""
    states = [item(url="https://api.openai.com/v1/job", method="GET", text=n, cell=cell)
              for n, cell in (("1", FIRST), ("2", FIRST), ("3", SECOND))]  # fmt: skip
    put(folder, *states, item(), item(question(detail="huge"), "Invalid value: 'huge'", status=400))
    replays = "Replay: 5 recorded answers, no request leaves this machine.\n"
    start, second, unknown, bad, own, misfit, no_key, again, live, asked = execute(
        [
            FIRST,
            SECOND,
            "OpenAI().chat.completions.create(**question('New?'))",
            "OpenAI().chat.completions.create(**question(detail='huge'))",
            "1 / 0",
            "from pydantic import BaseModel\nclass Cup(BaseModel):\n    full: float\nCup(full='half')",
            "recording.start('lesson', mode='live')",
            "OpenAI().chat.completions.create(**question()).choices[0].finish_reason",
            LIVE,
            "print(OpenAI().chat.completions.create(**question()).model)",
        ],
        UPSTREAM=api.url,
    )
    assert start[0].text == f"{replays}chatcmpl-1 chatcmpl-2 {shape.cell_digest(FIRST)}\n"
    assert "".join(one.get("text", "") for one in second) == f"chatcmpl-3 {shape.cell_digest(SECOND)}\n"
    page = "\n".join(unknown[0].traceback)
    assert unknown[0].ename == "NotRecorded" and len(page.splitlines()) <= 12
    assert "Traceback" not in page and ".py" not in page
    assert bad[0].traceback == ["BadRequestError: " + bad[0].evalue] and "Invalid value: 'huge'" in bad[0].evalue
    assert own[0].ename == "ZeroDivisionError" and "Traceback" in "\n".join(own[0].traceback)
    assert misfit[0].traceback[0].splitlines()[:2] == ["ValidationError: 1 validation error for Cup", "full"]
    assert len(misfit[0].traceback[0].splitlines()) == 3 and "http" not in misfit[0].traceback[0]
    assert no_key[0].ename == "LiveModeError" and len("\n".join(no_key[0].traceback).splitlines()) == 1
    assert again[0].data["text/plain"] == "'stop'", "a failed start leaves replay as it was"
    said = "".join(one.get("text", "") for one in live)
    assert "OpenAI API key" in said and "api.openai.com" in said and API_KEY not in said
    assert asked[0].text == "course-sample\n" and [path.name for path in folder.iterdir()] == ["lesson.json"]
