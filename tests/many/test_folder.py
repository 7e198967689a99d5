"""A folder as people have it, the receipts of lesson 10, and the figures that it shows."""

import asyncio
import io
import json
import zipfile

from PIL import Image

from course.assets import ROOT
from helpers.encoding import open_picture
from helpers.many import AnswerStore, ask_all
from tests.api.receipts import LEFT_OUT, MISREAD, UNNOTICED, read_wrong
from tests.tools import make_pictures
from tests.tools.benchmarks import many as benchmark

PICTURE = (ROOT / "asset" / "images" / "receipt.png").read_bytes()
# {name: (its bytes; words of its reason, or none where it is answered)}
FOLDER = {
    "a.png": (PICTURE, None),
    "b double.png": (PICTURE, None),
    "c cut.png": (PICTURE[:2_000], "cut off"),
    "d empty.png": (b"", "empty, 0 bytes"),
    "e film.mp4": ((ROOT / "asset" / "videos" / "camera1.mp4").read_bytes()[:9_000], "a video or a sound"),
    "f phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500), "HEIC"),
    "g notes.txt": (b"Bring milk. " * 9, "no picture"),
    "h gone.png": (None, "No such file"),
}


def test_each_file_of_a_folder_ends_with_an_answer_or_a_reason(tmp_path):
    asked, store = [], AnswerStore(tmp_path / "answers.sqlite")
    for name, (data, _) in FOLDER.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)

    async def ask(path):
        asked.append(open_picture(path).data_url[:20])
        return {"text": "A receipt."}

    summary = asyncio.run(ask_all([tmp_path / name for name in FOLDER], ask, store, {}))
    assert (summary.asked, summary.stored, summary.failed, summary.left) == (1, 1, 6, 0) and len(asked) == 1
    rows = list(store.results({}))
    store.close()
    for row, (_, reason) in zip(rows, FOLDER.values(), strict=True):
        assert (reason or "None") in str(row.error) and (row.answer is None) == bool(reason), row


def test_the_receipts_are_what_their_script_draws_from_the_truth():
    rows = make_pictures.truth("receipts.csv")
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as folder:
        assert folder.namelist() == [row["file"] for row in rows]
        for row in rows[::8]:
            ours, made = Image.open(io.BytesIO(folder.read(row["file"]))), make_pictures.small_receipt(row)
            assert ours.mode == made.mode and ours.tobytes() == made.tobytes(), row["file"]


def test_a_sample_is_right_or_its_sum_tells_or_it_is_named():
    for number, row in enumerate(make_pictures.truth("receipts.csv"), 1):
        true = [float(price) for price in row["prices"].split(";")], float(row["total"])
        prices, total = read_wrong(number, *true)
        assert round(sum(true[0]), 2) == true[1], number
        assert (round(sum(prices), 2) == total) == ((prices, total) == true or number in UNNOTICED), number
        assert (prices, total) != true or number not in (*MISREAD, *LEFT_OUT, *UNNOTICED), number


def test_the_benchmark_runs_and_its_figures_are_kept(capsys):
    rows = benchmark.throughput(0.01, (1, 4), write=False)
    assert [row["at_once"] for row in rows] == [1, 4] and all(row["a_second"] > 0 for row in rows)
    assert benchmark.runner(20, 4, 0.01) > 0 and benchmark.kills(1) == (0, 0)
    kept = json.loads(benchmark.MEASURED.read_text("utf-8"))
    assert [row["at_once"] for row in kept["throughput"]] == [1, 2, 4, 8, 16, 32, 64, 128]
