"""Answers for a folder: none is asked for twice, none that arrived is lost, a run stops where it should; lesson 10."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
import zipfile
from contextlib import closing
from dataclasses import astuple
from itertools import islice
from unittest.mock import AsyncMock, Mock

import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

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


def files(folder, texts):
    """A file for each text, named by its number."""
    paths = [folder / f"{number:03}.png" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def service(errors=None):
    """Answers with a file's text in capitals, or ends with the error for it."""

    async def answer(path):
        await asyncio.sleep(0.001)
        if error := (errors or {}).get(text := path.read_text()):
            raise error
        return text.upper()

    return AsyncMock(side_effect=answer)


def run(pictures, ask, store, settings=SETTINGS, **options):
    """Return how many pictures were asked about, found stored, failed and left."""
    return astuple(asyncio.run(ask_all(pictures, ask, store, settings, **options)))[:4]


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_each_content_is_asked_once_with_each_settings_and_every_name_has_its_answer(store, tmp_path, at_once):
    paths, ask, other = files(tmp_path, "aaabcabdea"), service(), SETTINGS | {"prompt": "How many?"}
    for settings in (SETTINGS, other, SETTINGS):
        assert sum(run(iter(paths), ask, store, settings, at_once=at_once)) == 10
    assert sorted(call.args[0].read_text() for call in ask.call_args_list) == sorted(2 * "abcde")
    listed = ["".join(result.answer for result in store.results(settings)) for settings in (SETTINGS, other, {})]
    assert listed == ["AAABCABDEA", "AAABCABDEA", ""]


def test_a_failure_is_kept_with_its_reason_and_tried_again_on_demand(store, tmp_path):
    paths = [*files(tmp_path, "ab"), tmp_path / "gone.png"]
    assert run(paths, service({"b": OSError("no picture " + 400 * "x")}), store) == (1, 0, 2, 0)
    errors = {os.path.basename(result.name): result.error for result in store.results(SETTINGS)}
    unread = "It can't be read: No such file or directory."
    assert errors == {"000.png": None, "001.png": "OSError: no picture " + 280 * "x", "gone.png": unread}
    assert run(paths, service(), store) == (0, 1, 2, 0)
    assert run(paths, service(), store, retry_failed=True) == (1, 1, 1, 0)
    assert [result.error for result in store.results(SETTINGS)] == [None, None, unread]


def test_ten_that_fail_alike_end_the_run_and_others_do_not(store, tmp_path):
    paths = files(tmp_path, texts := "abcdefghijklmnopqrst")
    alike = service(dict.fromkeys(texts, ValueError("wrong key")))
    summary = asyncio.run(ask_all(paths, alike, store, SETTINGS, at_once=1))
    begin = "0 asked, 0 stored before, 10 failed, 10 left; 0.0000 US cents. Stopped: "
    assert str(summary) == begin + "10 in a row ended with ValueError: wrong key"
    different = service({text: ValueError(text) for text in texts})
    assert run(paths, different, store, retry_failed=True) == (0, 0, 20, 0)


@pytest.mark.parametrize(("at_once", "budget", "asked"), [(1, 10, 5), (1, 0, 1), (1, 100, 20), (5, 10, 5)])
def test_no_request_begins_that_would_go_beyond_the_budget(store, tmp_path, at_once, budget, asked):
    """Each costs 2 cents; of the first, nobody knows."""
    paths = files(tmp_path, "abcdefghijklmnopqrst")
    counts = run(paths, service(), store, at_once=at_once, cents=lambda answer: 2, budget=budget)
    assert counts == (asked, 0, 0, 20 - asked)
    assert sum(result.cents for result in store.results(SETTINGS)) == 2 * asked
    assert run(paths, service(), store) == (20 - asked, asked, 0, 0)


def test_a_budget_needs_prices_and_a_wrong_price_loses_no_answer(store, tmp_path):
    with pytest.raises(ValueError, match="cents="):
        run([], service(), store, budget=1)
    with pytest.raises(ZeroDivisionError):
        run(files(tmp_path, "a"), service(), store, cents=lambda answer: 1 / 0)
    assert run(files(tmp_path, "a"), service(), store) == (0, 1, 0, 0)


def test_an_answer_of_the_sdk_is_stored_as_its_json_and_wins_over_errors(store, tmp_path):
    store.put("key", error="before", cents=1)
    store.put("key", Mock(**{"model_dump.return_value": {"id": "한"}}), cents=2)
    store.put("key", error="after")
    assert store.get("key") == ("key", {"id": "한"}, None, 3) and store.get("other") is None
    (path := tmp_path / "no.sqlite").write_text("no database" * 100)
    with pytest.raises(ValueError, match=r"no\.sqlite can't be used: .*writable"):
        AnswerStore(path).get("key")


def test_as_many_are_under_way_as_was_said_and_a_kill_loses_no_answer_and_asks_none_again(tmp_path):
    """What a kill leaves are the store and its log as they are at that moment: copied as soon as an answer arrives."""
    paths, asked, arrived, left, four = files(tmp_path, "abcdefghijklmnop"), [], [], {}, asyncio.Barrier(4)

    def copy():
        folder = shutil.copytree(tmp_path / "live", tmp_path / f"{len(left)}", ignore=shutil.ignore_patterns("*-shm"))
        left[folder] = sorted(arrived)

    async def ask(path):
        asked.append(path)
        assert len(asked) <= len(arrived) + 4
        await asyncio.wait_for(four.wait(), 10)
        await asyncio.sleep(0.01)  # a fifth would come now
        arrived.append(path.read_text())
        asyncio.get_running_loop().call_soon(copy)
        return arrived[-1]

    (tmp_path / "live").mkdir()
    with closing(AnswerStore(tmp_path / "live" / "answers.sqlite")) as store:
        assert run(paths, ask, store, at_once=4) == (16, 0, 0, 0) and len(left) == 16
    for folder, stored in left.items():
        with closing(AnswerStore(folder / "answers.sqlite")) as store:
            assert [result.answer for result in store.results(SETTINGS)] == stored
            assert run(paths, service(), store) == (16 - len(stored), len(stored), 0, 0)


@pytest.mark.slow
def test_a_killed_worker_loses_no_answer_and_none_that_was_stored_is_asked_again(api, tmp_path, monkeypatch):
    """On a cluster with the cells of lesson 10, live."""
    from dask.distributed import as_completed  # a second of work that `make quick` does without

    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(ROOT / "notebooks")
    known, threads = {"answers": {}}, 2
    for cell in ("imports", "unpack", "shape", "request", "store", "machines-fails", "machines-task"):
        exec(re.split("\nrecording.start|\none_client", LESSON[cell])[0], known)  # without what replays or fails
    paths, client = known["receipts"][:20], known["Client"]
    local = known["LOCAL"] | {"n_workers": 2, "threads_per_worker": threads}
    with closing(known["store"]), client(**local) as cluster, client(address=cluster.scheduler.address) as machines:
        known["limit"] = known["Semaphore"](max_leases=2 * threads, name="api")  # the dead one keeps its own
        tasks = machines.map(known["ask_on_worker"], paths, pure=False, retries=2)
        assert len(list(islice(as_completed(tasks), 14))) == 14
        os.kill(cluster.run(os.getpid).popitem()[1], signal.SIGKILL)
        machines.gather(tasks)
        found = [(result.name, result.error) for result in known["store"].results(known["LOW"])]
    assert found == [(str(path), None) for path in paths]
    asked = sum(request.endswith("/chat/completions") for request in api.requests)
    assert 20 <= asked <= 20 + 2 * threads, "at most what all threads were asking; without a store, 28"


def test_the_csv_of_the_lesson_becomes_parquet_as_its_text_says(tmp_path):
    (tmp_path / "answers.csv").write_text("picture,answer,error,cents\na,27.55,,0.0062\nb,,cut off,0\n", "utf-8")
    exec(re.search(r"`(pyarrow\.parquet\..+)`", LESSON["sample-text"])[1], {"pyarrow": pyarrow, "FOLDER": tmp_path})
    rows = pyarrow.parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 27.55, "", 0.0062), ("b", None, "cut off", 0.0)]


def test_the_receipts_are_what_their_script_draws_from_the_truth():
    rows = make_pictures.truth("receipts.csv")
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as packed:
        assert packed.namelist() == [row["file"] for row in rows]
        for row in rows[::8]:
            ours, made = Image.open(packed.open(row["file"])), make_pictures.small_receipt(row)
            assert ours.mode == made.mode and ours.tobytes() == made.tobytes(), row["file"]


def test_the_benchmark_runs(capsys):
    assert [row["at_once"] for row in benchmarks.throughput(0.01, (1, 4), write=False)] == [1, 4]
    benchmarks.runner(20, 4, 0.01, 1)
    benchmarks.search(300, 1)
    assert re.findall("as long as (.+)", capsys.readouterr().out)[::2] == ["httpx2", "bare query", "bare product"]
