"""A kernel that runs one notebook after another, each as a new kernel would (a start takes longer than a lesson)."""

import os
from pathlib import Path
from typing import Self

from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from tests.api import redirect

# Before every notebook but the first. Modules stay imported, and nothing is left in the namespace, not even `os`.
TURN = """get_ipython().reset()
"course.recording" in __import__("sys").modules and __import__("course.recording").recording.stop()
"matplotlib.pyplot" in __import__("sys").modules and __import__("matplotlib.pyplot").pyplot.close("all")
__import__("os").chdir({folder!r})
__import__("os").environ.clear()
__import__("os").environ.update({environment!r})"""


class Kernel:
    """One kernel, started with the first notebook and ended with the `with`."""

    def __init__(self, local: bool = False):
        """With `local`, or COURSE_UPSTREAM at its start, requests can go to the local API; the tape knows its marks."""
        self.local, self.client = local, None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.client:
            self.client._cleanup_kernel()

    def run(
        self, cells: NotebookNode | list[str], environment: dict[str, str | None] | None = None,
        folder: Path = ROOT / "notebooks", skip: str = "", allow_errors: bool = False,
    ) -> NotebookNode:  # fmt: skip
        """Run a notebook, or these sources of one, in this folder; the outputs are stored in it.

        `environment` is set besides what this process has (None: unset). Cells tagged `skip` are left out. A cell that
        errs and is not tagged raises-exception raises CellExecutionError, unless `allow_errors`.
        """
        from nbconvert.preprocessors.coalescestreams import CoalesceStreamsPreprocessor  # a fifth of a second

        notebook = new_notebook(cells=list(map(new_code_cell, cells))) if isinstance(cells, list) else cells
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        as_at_its_start = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": path}
        variables = {**os.environ, **as_at_its_start, **(environment or {})}
        settings = {name: value for name, value in variables.items() if value is not None}
        if not self.client:
            more = redirect.KERNEL if self.local or settings.get("COURSE_UPSTREAM") else []
            how = {"timeout": 120, "kernel_name": "python3", "record_timing": False}
            self.client = NotebookClient(notebook, extra_arguments=["--log-level=ERROR", *more], **how)
            self.client.create_kernel_manager()
            self.client.start_new_kernel(env=settings, cwd=str(folder))
            self.client.start_new_kernel_client()
        else:
            code = TURN.format(folder=str(folder), environment=settings)
            reply = self.client.wait_for_reply(self.client.kc.execute(code, silent=True))
            assert reply["content"]["status"] == "ok", reply["content"]
        self.client.nb, self.client.allow_errors, self.client.skip_cells_with_tag = notebook, allow_errors, skip
        self.client.reset_execution_trackers()
        join = CoalesceStreamsPreprocessor().preprocess_cell  # a text may arrive in parts; a progress bar's last line
        for number, cell in enumerate(notebook.cells):
            self.client.execute_cell(cell, number, execution_count=self.client.code_cells_executed + 1)
            join(cell, {}, number)
        return notebook
