"""Make the recordings: `make sample` and `make record` end here.

    python -m tests.tools.record_lessons sample [LESSON ...]     from the local API and its hand-written answers
    python -m tests.tools.record_lessons record [LESSON ...]     from the real API, with your OPENAI_API_KEY

Both run each lesson in record mode, and once more in replay, so that the stored outputs are what everybody else will
see. Only when both went well, and neither holds what looks like a key, are recording and notebook replaced, each in one
step. Else what was answered, and maybe paid for, is kept in a folder that is named.
"""

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from course.assets import ROOT
from course.recording import RecordingError, masking
from course.recording import shape as cassette
from course.recording.shape import RECORDINGS
from tests.api import API_KEY, Api, serve
from tests.tools.kernel import Kernel

NOTEBOOKS = ROOT / "notebooks"


def main(arguments: list[str], **settings_of_api) -> int:
    """Run the command line; 0 when every lesson was recorded. The local API gets these settings."""
    how, *lessons = arguments or [""]
    if how not in ("sample", "record"):
        print(__doc__)
        return 2
    if how == "record" and not any(map(os.environ.get, ("OPENAI_API_KEY", "OPENAI_BASE_URL"))):
        print("make record asks the real API: set OPENAI_API_KEY first (or OPENAI_BASE_URL for a local server).")
        return 2
    with contextlib.ExitStack() as stack:
        settings, api = dict[str, str | None](), None
        if how == "sample":
            api = stack.enter_context(serve(**settings_of_api))
            settings |= {"COURSE_UPSTREAM": api.url, "OPENAI_API_KEY": API_KEY}
            settings |= dict.fromkeys(("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "VISION_MODEL"))
        for lesson in lessons or [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]:
            try:
                items = record(lesson, settings, api).interactions
            except (CellExecutionError, RecordingError, OSError) as error:
                why = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else str(error)
                print(f"{lesson}: stopped, nothing was changed.", masking.mask(why), *getattr(error, "__notes__", ()))
                return 1
            counts = sorted(Counter(item.source for item in items).items())
            print(f"{lesson}: " + (", ".join(f"{n} {source}" for source, n in counts) or "no request"))
    return 0


def record(lesson: str, settings: dict[str, str | None], api: Api | None) -> cassette.Recording:
    """Record one lesson and store its outputs as replay gives them.

    With the local `api` the recording is made afresh; from the real one, what it can't give is kept.
    Raises CellExecutionError, RecordingError or OSError and changes nothing; a note says where the answers are then.
    """
    source, target = NOTEBOOKS / f"{lesson}.ipynb", RECORDINGS / f"{lesson}.json"
    folder = tempfile.mkdtemp(prefix="recording-")
    made, part = Path(folder) / target.name, source.with_name(f"{source.name}.{os.getpid()}.part")
    try:
        if api is None and target.is_file():
            shutil.copy(target, made)
        with Kernel() as kernel:
            # What only replay can show, the message for an unknown request, is not recorded.
            environment = {**settings, "COURSE_MODE": "record", "COURSE_RECORDINGS": folder}
            run(source, environment, kernel, "replay-only")
            if api and api.unanswered:  # a tagged cell may fail as it should, but not for want of an answer
                raise RecordingError(api.unanswered[0])
            recording = cassette.load(made) if made.is_file() else cassette.Recording(lesson=lesson)
            # What was asked by a cell that is no longer there goes.
            cells = {cassette.cell_digest(cell.source) for cell in nbformat.read(source, as_version=4).cells}
            recording.interactions = [item for item in recording.interactions if item.cell in cells]
            recording.save(made)
            notebook = run(source, {"COURSE_MODE": "replay", "COURSE_RECORDINGS": folder}, kernel)
        for path, text in {target: recording.model_dump_json(by_alias=True), source: nbformat.writes(notebook)}.items():
            if found := secrets_in(text):
                raise RecordingError(f"{path.name} would hold {', '.join(found)}. Find out first where that came from.")
        nbformat.write(notebook, part)
        with contextlib.closing(cassette.lock(target)):
            recording.save(target)
        os.replace(part, source)
    except Exception as error:
        part.unlink(missing_ok=True)
        error.add_note(f"What was answered is kept in {folder}.")
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return recording


def secrets_in(text: str) -> list[str]:
    """Say what kinds of secrets a text holds: what looks like one, and what is known to be one."""
    known = ["a key of this environment"] if any(secret in text for secret in masking.secrets_of()) else []
    return known + [what for what, shape in masking.SHAPES.items() if re.search(shape, text)]


def run(path: Path, environment: dict[str, str | None], kernel: Kernel, skip: str = "") -> NotebookNode:
    """Run the notebook in this kernel, with these variables set (None: unset), without the cells tagged `skip`.

    What comes back names no version of this machine, which belongs to none of the outputs.
    """
    notebook = kernel.run(nbformat.read(path, as_version=4), environment, path.parent, skip)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
