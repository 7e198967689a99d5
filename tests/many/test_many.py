"""The runner and the store: nothing is asked twice, nothing that arrived is lost, a run stops where it should."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.assets import ROOT
from helpers.many import AnswerStore, ask_all

SETTINGS = {"prompt": "What is it?", "model": "m"}


@pytest.fixture
def store(tmp_path):
    with_file = AnswerStore(tmp_path / "answers.sqlite")
    yield with_file
    with_file.close()


@pytest.fixture
def folder(tmp_path):
    """Call it with texts: a file for each, named by its number."""

    def make(*texts):
        (folder := tmp_path / "pictures").mkdir(exist_ok=True)
        paths = [folder / f"{number:03}.png" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return paths

    return make


class Service:
    """Answers with the file's text in capitals, and keeps what it was asked and how many at once."""

    def __init__(self, error=None):
        self.asked, self.at_once, self.most, self.error = [], 0, 0, error

    async def __call__(self, path):
        self.asked.append(path.read_text())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        if self.error and path.read_text() in self.error:
            raise self.error[path.read_text()]
        return {"text": path.read_text().upper()}


def run(pictures, ask, store, settings=SETTINGS, **options):
    return asyncio.run(ask_all(pictures, ask, store, settings, **options))


def counts(summary):
    return summary.asked, summary.stored, summary.failed, summary.left


@given(texts=st.lists(st.sampled_from("abcde"), max_size=12), at_once=st.integers(1, 5), twice=st.booleans())
def test_each_content_is_asked_once_and_every_name_has_its_answer(tmp_path_factory, texts, at_once, twice):
    root = tmp_path_factory.mktemp("many")
    paths = [root / f"{number:03}" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    service, store = Service(), AnswerStore(root / "answers.sqlite")
    for _ in range(1 + twice):
        summary = run(iter(paths), service, store, at_once=at_once)
        assert sum(counts(summary)) == len(texts)
    assert sorted(service.asked) == sorted({*texts}) and service.most <= at_once
    assert [r.answer["text"] for r in store.results(SETTINGS)] == [text.upper() for text in texts]
    store.close()


def test_as_many_are_under_way_as_was_said(store, folder):
    run(folder(*"abcdefgh"), service := Service(), store, at_once=4)
    assert service.most == 4


def test_other_settings_are_asked_anew_and_listed_apart(store, folder):
    other = SETTINGS | {"prompt": "How many?"}
    for settings in (SETTINGS, other, SETTINGS):
        run(folder("a", "b"), service := Service(), store, settings)
    assert service.asked == []
    assert [len([*store.results(settings)]) for settings in (SETTINGS, other, {})] == [2, 2, 0]
    with pytest.raises(TypeError, match="JSON"):
        run(folder("a"), service, store, {"prompt": object()})


def test_a_failure_is_kept_with_its_reason_and_tried_again_on_demand(store, folder, tmp_path):
    paths = [*folder("a", "b"), tmp_path / "gone.png"]
    assert counts(run(paths, Service({"b": OSError("no picture " + 400 * "x")}), store)) == (1, 0, 2, 0)
    errors = {os.path.basename(r.name): r.error for r in store.results(SETTINGS)}
    assert errors["001.png"].startswith("OSError: no picture xx") and len(errors["001.png"]) == 300
    assert errors["gone.png"] == "It can't be read: No such file or directory." and errors["000.png"] is None
    assert counts(run(paths, Service(), store)) == (0, 1, 2, 0)
    assert counts(run(paths, Service(), store, retry_failed=True)) == (1, 1, 1, 0)
    assert [r.error for r in store.results(SETTINGS)][1:] == [None, None]


def test_ten_that_fail_alike_end_the_run_and_others_do_not(store, folder):
    texts = [f"{number}" for number in range(30)]
    alike, different = dict.fromkeys(texts, ValueError("wrong key")), {text: ValueError(text) for text in texts}
    summary = run(folder(*texts), Service(alike), store, at_once=1)
    assert counts(summary) == (0, 0, 10, 20) and str(summary).endswith(
        "Stopped: 10 in a row ended with ValueError: wrong key"
    )
    assert counts(run(folder(*texts), Service(different), store, retry_failed=True)) == (0, 0, 30, 0)


@pytest.mark.parametrize(("at_once", "budget", "asked"), [(1, 10, 5), (1, 0, 1), (1, 100, 20), (5, 10, 5)])
def test_no_request_begins_that_would_go_beyond_the_budget(store, folder, at_once, budget, asked):
    """Each costs 2 cents; of the first, nobody knows."""
    paths = folder(*map(str, range(20)))
    summary = run(paths, Service(), store, at_once=at_once, cents=lambda answer: 2, budget=budget)
    assert counts(summary) == (asked, 0, 0, 20 - asked) and summary.cents == 2 * asked
    assert sum(result.cents for result in store.results(SETTINGS)) == 2 * asked
    assert counts(run(paths, Service(), store)) == (20 - asked, asked, 0, 0)


def test_a_budget_needs_prices_and_a_wrong_price_loses_no_answer(store, folder):
    with pytest.raises(ValueError, match="cents="):
        run([], Service(), store, budget=1)
    with pytest.raises(KeyError):
        run(folder("a"), Service(), store, cents=lambda answer: answer["usage"])
    assert counts(run(folder("a"), Service(), store)) == (0, 1, 0, 0)


def test_answers_of_the_sdk_are_stored_as_their_json(store):
    class Answer:
        def model_dump(self, **_):
            return {"id": "한"}

    store.put("key", error="before", cents=1)
    store.put("key", Answer(), cents=2)
    store.put("key", error="after")
    assert store.get("key") == ("key", {"id": "한"}, None, 3) and store.get("other") is None


def test_a_file_that_is_no_store_is_named(tmp_path, folder):
    (path := tmp_path / "no.sqlite").write_text("no database" * 100)
    for wrong in (path, tmp_path / "gone" / "answers.sqlite"):
        with pytest.raises(ValueError, match=r"sqlite can't be used: .*writable"):
            run(folder("a"), Service(), AnswerStore(wrong))


KILLED = """
import asyncio, sys
from pathlib import Path
from helpers.many import AnswerStore, ask_all
async def ask(path):
    await asyncio.sleep(0.001)
    with open(sys.argv[2], "a") as paid:
        paid.write(path.name + "\\n")
    return {"name": path.name}
print(asyncio.run(ask_all(sorted(Path(sys.argv[1]).glob("*")), ask, AnswerStore(sys.argv[3]), {}, at_once=4)))
"""


def test_a_kill_loses_no_answer_and_asks_none_again_that_was_stored(tmp_path, folder):
    """Killed after a quarter, a half and three quarters of the answers; then to the end."""
    paths, paid = folder(*map(str, range(60))), tmp_path / "paid.txt"
    command = [sys.executable, "-c", KILLED, str(paths[0].parent), str(paid), str(tmp_path / "answers.sqlite")]
    paid.touch()
    for kill_at in (15, 30, 45):
        process = subprocess.Popen(command, cwd=ROOT)
        while len(paid.read_text().splitlines()) < kill_at and process.poll() is None:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    assert ", 0 failed, 0 left" in done.stdout
    # What was under way at a kill, at most four requests, had not arrived, or was not stored yet.
    assert 60 <= len(paid.read_text().splitlines()) <= 60 + 3 * 4
    store = AnswerStore(tmp_path / "answers.sqlite")
    assert [result.answer["name"] for result in store.results({})] == [path.name for path in paths]
    store.close()
