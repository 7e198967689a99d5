"""Lesson 10 on a cluster: its own cells, live, in processes that are killed; and what its text says of Parquet."""

import os
import re
import signal
import zipfile
from itertools import islice

import pyarrow.csv
import pyarrow.parquet
import pytest

from course import recording
from course.assets import ROOT
from tests.api import API_KEY
from tests.lessons.lesson import read

pytestmark = pytest.mark.slow
LESSON = {cell.id: cell.source for cell in read(ROOT / "notebooks" / "10_many_pictures.ipynb").cells}


@pytest.fixture
def lesson(api, tmp_path, monkeypatch):
    """What its cells have made when the machines come: variables by their names."""
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as packed:
        packed.extractall(tmp_path)
    known = {"FOLDER": tmp_path, "MODEL": recording.model(), "answers": {}}
    known["receipts"] = sorted(tmp_path.glob("*.png"))[:40]
    for cell in ("imports", "shape", "request", "store", "machines-fails", "machines-task"):
        exec(re.split("\nrecording.start|\none_client", LESSON[cell])[0], known)  # without what replays or fails
    yield known
    known["store"].close()


def test_a_killed_worker_loses_no_answer_and_none_that_was_stored_is_asked_again(lesson, api):
    from dask.distributed import as_completed  # a second of work that `make quick` does without

    paths, client, threads = lesson["receipts"], lesson["Client"], 4
    local = lesson["LOCAL"] | {"n_workers": 2, "threads_per_worker": threads}
    with client(**local) as cluster, client(address=cluster.scheduler.address) as machines:
        lesson["limit"] = lesson["Semaphore"](max_leases=2 * threads, name="api")  # the dead one keeps its own
        tasks = machines.map(lesson["ask_on_worker"], paths, pure=False, retries=2)
        assert len(list(islice(as_completed(tasks), 20))) == 20
        os.kill(cluster.run(os.getpid).popitem()[1], signal.SIGKILL)
        machines.gather(tasks)
    found = [(result.name, result.error) for result in lesson["store"].results(lesson["LOW"])]
    assert found == [(str(path), None) for path in paths]
    asked = sum(request.endswith("/chat/completions") for request in api.requests)
    assert len(paths) <= asked <= len(paths) + 2 * threads, "at most what all threads were asking; without a store, 65"


def test_the_csv_of_the_lesson_becomes_parquet_as_its_text_says(tmp_path):
    (tmp_path / "answers.csv").write_text("picture,answer,error,cents\na,27.55,,0.0062\nb,,cut off,0\n", "utf-8")
    exec(re.search(r"`(pyarrow\.parquet\..+)`", LESSON["sample-text"])[1], {"pyarrow": pyarrow, "FOLDER": tmp_path})
    rows = pyarrow.parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", 27.55, "", 0.0062), ("b", None, "cut off", 0.0)]
