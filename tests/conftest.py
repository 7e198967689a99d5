"""Fixtures for every test: the local API, and a recorder that leaves no trace."""

import base64
import os
import re

import matplotlib
import openai
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from course import recording
from course.assets import ROOT
from course.recording import session
from course.recording.shape import Recording
from tests.api import API_KEY, serve
from tests.recording.page import page  # noqa: F401 (a fixture)
from tests.tools.kernel import Kernel

os.environ["COURSE_PROGRESS"] = os.devnull  # in the kernels, too: what is right in a test is no progress of a reader

# In CI the same cases each time, elsewhere new ones; and no case fails for being slow on a busy machine.
settings.register_profile("course", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("course")

# What takes longest begins first, so that no core is idle at the end.
BY_LESSON = ("tests/lessons/test_run.py", "tests/browser/test_browser.py")
FIRST = (*BY_LESSON, "tests/setup/test_house.py", "notebooks/", "tests/recording/", "tests/lessons/", "tests/video/")
# What takes seconds without a kernel; other files mark theirs.
SLOW = re.compile(
    "no_tracked_file_holds_a_key|score_of_every_frame|a_kill_at_any_moment_loses|the_benchmark_runs|damaged_file_ends"
)
COFFEE = "https://raw.githubusercontent.com/scikit-image/scikit-image/v0.25.2/skimage/data/coffee.png"
COFFEE_FILE = ROOT / "asset" / "images" / "coffee.png"
QUESTION = "What is in this picture?"


def pytest_configure():
    matplotlib.use("agg")  # a test opens no window; a kernel, which may import this file, shows its figures


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST)))
    for item in items:
        if "kernel" in getattr(item, "fixturenames", ()) or SLOW.search(item.name):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A process takes a file at a time, as with loadscope; of files that run the lessons one lesson at a time."""

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            scope = super()._split_scope(nodeid)
            return nodeid.partition("[")[2] if scope in BY_LESSON else scope

    return Scheduling(config, log)


@pytest.fixture
def api():
    """The local API with the course's own answers."""
    with serve() as running:
        yield running


@pytest.fixture
def client(api):
    """The real SDK on the local API, which asks once."""
    return openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that takes the place of asset/recordings; what a test starts is stopped after it."""
    azure = [name for name in os.environ if name.startswith("AZURE_OPENAI_")]
    for name in ("COURSE_MODE", "COURSE_UPSTREAM", "OPENAI_API_KEY", "OPENAI_BASE_URL", "VISION_MODEL", *azure):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_RECORDINGS", str(tmp_path / "recordings"))
    yield tmp_path / "recordings"
    recording.stop()


@pytest.fixture
def begin(folder, monkeypatch):
    """Call it to begin a lesson in a mode, with these recorded and `api` as the real hosts; it returns the tape."""

    def begin(mode, *items, api=None):
        if items:
            Recording(lesson="lesson", interactions=list(items)).save(folder / "lesson.json")
        for name, value in {"COURSE_UPSTREAM": api and api.url, "OPENAI_API_KEY": api and API_KEY}.items():
            if value:
                monkeypatch.setenv(name, value)
            else:
                monkeypatch.delenv(name, raising=False)  # replay needs none, not even an empty one
        recording.start("lesson", mode=mode)
        return session._state.tape

    return begin


@pytest.fixture
def record(begin, api):
    """Call it to begin recording from the local API, as `make sample` does; it returns the tape."""
    return lambda *items: begin("record", *items, api=api)


@pytest.fixture
def replay(begin):
    """Call it to begin replaying, with nothing set; it returns the tape."""
    return lambda *items: begin("replay", *items)


@pytest.fixture(scope="session")
def kernel():
    """One kernel for all that need a real one: kernel.run(["source of a cell", ...], {"NAME": "value"}).cells."""
    with Kernel(local=True) as running:
        yield running


def question(prompt=QUESTION, picture=COFFEE, detail="low", **more):
    """The arguments of a chat request about one picture."""
    parts = [
        {"type": "text", "text": prompt},
        {"type": "image_url", "image_url": {"url": picture, "detail": detail}},
    ]
    messages = [{"role": "user", "content": parts}]
    return {"model": recording.model(), "messages": messages, "max_completion_tokens": 300, **more}


def data_url(data=None, kind="image/png"):
    """A data URL of these bytes; of our coffee without any."""
    return f"data:{kind};base64,{base64.b64encode(data or COFFEE_FILE.read_bytes()).decode()}"
