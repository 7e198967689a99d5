"""The runner and the store: nothing is asked twice, nothing that arrived is lost, a run stops where it should.

And what lesson 10 says: of machines that are killed, of Parquet, of its receipts and of what was measured.
"""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import zipfile
from contextlib import closing
from itertools import islice
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course import recording
from course.assets import ROOT
from helpers.many import AnswerStore, ask_all
from tests.api import API_KEY
from tests.lessons.lesson import read
from tests.tools import benchmarks, make_pictures

SETTINGS = {"prompt": "What is it?", "model": "m"}
LESSON = {cell.id: cell.source for cell in read(ROOT / "notebooks" / "10_many_pictures.ipynb").cells}


@pytest.fixture
def store():
    with closing(AnswerStore(":memory:")) as store:
        yield store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Call it with texts: a file for each, named by its number."""
    root = tmp_path_factory.mktemp("many")

    def files(*texts):
        paths = [root / f"{number:03}.png" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(f"{text}")
        return paths

    return files


def service(errors=None):
    """Answers with a file's text in capitals, or ends with the error for it."""

    async def answer(path):
        await asyncio.sleep(0.001)
        if error := (errors or {}).get(text := path.read_text()):
            raise error
        return {"text": text.upper()}

    return AsyncMock(side_effect=answer)


def run(pictures, ask, store, settings=SETTINGS, **options):
    return asyncio.run(ask_all(pictures, ask, store, settings, **options))


def counts(summary):
    return summary.asked, summary.stored, summary.failed, summary.left


@given(texts=st.lists(st.sampled_from("abcde"), max_size=12), at_once=st.integers(1, 5), twice=st.booleans())
def test_each_content_is_asked_once_and_every_name_has_its_answer(folder, texts, at_once, twice):
    ask, paths = service(), folder(*texts)
    with closing(AnswerStore(":memory:")) as store:
        for _ in range(1 + twice):
            assert sum(counts(run(iter(paths), ask, store, at_once=at_once))) == len(texts)
        assert sorted(call.args[0].read_text() for call in ask.call_args_list) == sorted({*texts})
        assert [result.answer["text"] for result in store.results(SETTINGS)] == [text.upper() for text in texts]


def test_as_many_are_under_way_as_was_said(store, folder):
    under_way, four = [], asyncio.Barrier(4)

    async def ask(path):
        under_way.append(path)
        assert len(under_way) <= 4
        async with asyncio.timeout(10):
            await four.wait()
        under_way.remove(path)

    assert counts(run(folder(*range(8)), ask, store, at_once=4)) == (8, 0, 0, 0)


def test_other_settings_are_asked_anew_and_listed_apart(store, folder):
    other = SETTINGS | {"prompt": "How many?"}
    for settings in (SETTINGS, other, SETTINGS):
        run(folder("a", "b"), ask := service(), store, settings)
    ask.assert_not_called()
    assert [len([*store.results(settings)]) for settings in (SETTINGS, other, {})] == [2, 2, 0]
    with pytest.raises(TypeError, match="JSON"):
        run(folder("a"), ask, store, {"prompt": object()})


def test_a_failure_is_kept_with_its_reason_and_tried_again_on_demand(store, folder, tmp_path):
    paths = [*folder("a", "b"), tmp_path / "gone.png"]
    assert counts(run(paths, service({"b": OSError("no picture " + 400 * "x")}), store)) == (1, 0, 2, 0)
    errors = {os.path.basename(result.name): result.error for result in store.results(SETTINGS)}
    unread = "It can't be read: No such file or directory."
    assert errors == {"000.png": None, "001.png": "OSError: no picture " + 280 * "x", "gone.png": unread}
    assert counts(run(paths, service(), store)) == (0, 1, 2, 0)
    assert counts(run(paths, service(), store, retry_failed=True)) == (1, 1, 1, 0)
    assert [result.error for result in store.results(SETTINGS)] == [None, None, unread]


def test_ten_that_fail_alike_end_the_run_and_others_do_not(store, folder):
    texts = [f"{number}" for number in range(30)]
    summary = run(folder(*texts), service(dict.fromkeys(texts, ValueError("wrong key"))), store, at_once=1)
    assert str(summary) == (
        "0 asked, 0 stored before, 10 failed, 20 left; 0.0000 US cents."
        " Stopped: 10 in a row ended with ValueError: wrong key"
    )
    different = service({text: ValueError(text) for text in texts})
    assert counts(run(folder(*texts), different, store, retry_failed=True)) == (0, 0, 30, 0)


@pytest.mark.parametrize(("at_once", "budget", "asked"), [(1, 10, 5), (1, 0, 1), (1, 100, 20), (5, 10, 5)])
def test_no_request_begins_that_would_go_beyond_the_budget(store, folder, at_once, budget, asked):
    """Each costs 2 cents; of the first, nobody knows."""
    paths = folder(*range(20))
    summary = run(paths, service(), store, at_once=at_once, cents=lambda answer: 2, budget=budget)
    assert counts(summary) == (asked, 0, 0, 20 - asked) and summary.cents == 2 * asked
    assert sum(result.cents for result in store.results(SETTINGS)) == 2 * asked
    assert counts(run(paths, service(), store)) == (20 - asked, asked, 0, 0)


def test_a_budget_needs_prices_and_a_wrong_price_loses_no_answer(store, folder):
    with pytest.raises(ValueError, match="cents="):
        run([], service(), store, budget=1)
    with pytest.raises(KeyError):
        run(folder("a"), service(), store, cents=lambda answer: answer["usage"])
    assert counts(run(folder("a"), service(), store)) == (0, 1, 0, 0)


def test_an_answer_of_the_sdk_is_stored_as_its_json_and_wins_over_errors(store):
    store.put("key", error="before", cents=1)
    store.put("key", SimpleNamespace(model_dump=lambda **_: {"id": "한"}), cents=2)
    store.put("key", error="after")
    assert store.get("key") == ("key", {"id": "한"}, None, 3) and store.get("other") is None


def test_a_file_that_is_no_store_is_named(tmp_path):
    (path := tmp_path / "no.sqlite").write_text("no database" * 100)
    for wrong in (path, tmp_path / "gone" / "answers.sqlite"):
        with pytest.raises(ValueError, match=r"sqlite can't be used: .*writable"):
            AnswerStore(wrong).get("key")


KILLED = """
import asyncio, sys
from pathlib import Path
from helpers.many import AnswerStore, ask_all
async def ask(path):
    await asyncio.sleep(0.001)
    with open("paid.txt", "a") as paid:
        paid.write(path.name + "\\n")
    return {"name": path.name}
asyncio.run(ask_all(map(Path, sys.argv[1:]), ask, AnswerStore("answers.sqlite"), {}, at_once=4))
"""


def test_a_kill_loses_no_answer_and_asks_none_again_that_was_stored(folder, tmp_path):
    """Killed after a quarter, a half and three quarters of the answers; then to the end."""
    paths, paid, root = folder(*range(60)), tmp_path / "paid.txt", {"PYTHONPATH": str(ROOT)}
    paid.touch()
    for kill_at in (15, 30, 45, 999):
        with subprocess.Popen([sys.executable, "-c", KILLED, *paths], cwd=tmp_path, env=os.environ | root) as process:
            while process.poll() is None and len(paid.read_text().splitlines()) < kill_at:
                pass
            process.kill()
    assert process.returncode == 0
    # What was under way at a kill, at most four requests, had not arrived, or was not stored yet.
    assert 60 <= len(paid.read_text().splitlines()) <= 60 + 3 * 4
    with closing(AnswerStore(tmp_path / "answers.sqlite")) as store:
        for path in paths:
            assert store.get(store.key(path, {})).answer == {"name": path.name}


# Lesson 10.


@pytest.mark.slow
def test_a_killed_worker_loses_no_answer_and_none_that_was_stored_is_asked_again(api, tmp_path, monkeypatch):
    """On a cluster with the lesson's own cells, live."""
    from dask.distributed import as_completed  # a second of work that `make quick` does without

    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as packed:
        packed.extractall(tmp_path)
    paths, threads = sorted(tmp_path.glob("*.png"))[:40], 4
    known = {"FOLDER": tmp_path, "MODEL": recording.model(), "answers": {}, "receipts": paths}
    for cell in ("imports", "shape", "request", "store", "machines-fails", "machines-task"):
        exec(re.split("\nrecording.start|\none_client", LESSON[cell])[0], known)  # without what replays or fails
    local, client = known["LOCAL"] | {"n_workers": 2, "threads_per_worker": threads}, known["Client"]
    with closing(known["store"]), client(**local) as cluster, client(address=cluster.scheduler.address) as machines:
        known["limit"] = known["Semaphore"](max_leases=2 * threads, name="api")  # the dead one keeps its own
        tasks = machines.map(known["ask_on_worker"], paths, pure=False, retries=2)
        assert len(list(islice(as_completed(tasks), 20))) == 20
        os.kill(cluster.run(os.getpid).popitem()[1], signal.SIGKILL)
        machines.gather(tasks)
        found = [(result.name, result.error) for result in known["store"].results(known["LOW"])]
    assert found == [(str(path), None) for path in paths]
    asked = sum(request.endswith("/chat/completions") for request in api.requests)
    assert len(paths) <= asked <= len(paths) + 2 * threads, "at most what all threads were asking; without a store, 65"


def test_the_csv_of_the_lesson_becomes_parquet_as_its_text_says(tmp_path):
    (tmp_path / "answers.csv").write_text("picture,answer,error,cents\na,27.55,,0.0062\nb,,cut off,0\n", "utf-8")
    exec(re.search(r"`(pyarrow\.parquet\..+)`", LESSON["sample-text"])[1], {"pyarrow": pyarrow, "FOLDER": tmp_path})
    rows = pyarrow.parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 27.55, "", 0.0062), ("b", None, "cut off", 0.0)]


def test_the_receipts_are_what_their_script_draws_from_the_truth():
    rows = make_pictures.truth("receipts.csv")
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as folder:
        assert folder.namelist() == [row["file"] for row in rows]
        for row in rows[::8]:
            ours, made = Image.open(io.BytesIO(folder.read(row["file"]))), make_pictures.small_receipt(row)
            assert ours.mode == made.mode and ours.tobytes() == made.tobytes(), row["file"]


def test_the_benchmark_runs(capsys):
    assert [row["at_once"] for row in benchmarks.throughput(0.01, (1, 4), write=False)] == [1, 4]
    benchmarks.runner(20, 4, 0.01, 1)
    benchmarks.search(300, 1)
    assert re.findall("as long as (.+)", capsys.readouterr().out)[::2] == ["httpx2", "bare query", "bare product"]
