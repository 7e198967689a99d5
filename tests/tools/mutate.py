"""Plant mistakes, one at a time, and see which of them no test notices.

    python -m tests.tools.mutate helpers/encoding                     20 mistakes in a room's code, for the room's tests
    python -m tests.tools.mutate helpers/tokens/rules.py --count 0    every one that this file can have
    python -m tests.tools.mutate asset/recordings asset/truth asset/SOURCES.csv notebooks       data, for all lessons

In code: a comparison flipped, a whole number shifted by one, `and` for `or`, a condition denied, a statement or a
result dropped. In data: one word or number changed (in a notebook: of a stored output). All happens in a copy of what
is staged in git; the same --seed plants the same mistakes in the same code. What survives gets a test, or does no harm.
"""

import argparse
import ast
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from course.assets import ROOT
from tests.tools import NBVAL

FLIPPED = {
    ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
OPERATOR = re.compile(rb"[<>=!]=?|\b(?:is(?:\s+not)?|not\s+in|in|and|or)\b")
Mistake = tuple[int, int, bytes]  # begin, end and new text


def mistakes_in_code(source: bytes) -> Iterator[Mistake]:
    """Every mistake that can be planted in this Python source, in its order."""
    starts = [0, *accumulate(map(len, source.splitlines(keepends=True)))]

    def place(node: ast.AST) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def between(left: ast.AST, right: ast.AST, operator: str) -> Mistake:
        begin = place(left)[1]  # brackets and line ends beside the operator stay as they are
        was = OPERATOR.search(source, begin, place(right)[0])
        return *was.span(), operator.encode()

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                yield between(left, right, FLIPPED[type(operator)])
            case ast.BoolOp(op=operator, values=[first, second, *_]):
                yield between(first, second, "or" if isinstance(operator, ast.And) else "and")
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                yield *place(node), str(number + 1).encode()
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield *place(test), b"not (%b)" % source[slice(*place(test))]
            case ast.Return(value=ast.expr()):
                yield *place(node), b"return None"
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
                yield *place(node), b"pass"


def mistakes_in(name: str, source: bytes) -> Iterator[Mistake]:
    """In data a word or a number changed: anywhere, but in a notebook only where an output is stored as text."""
    if not name.endswith((".json", ".csv", ".txt", ".ipynb")):
        yield from mistakes_in_code(source) if name.endswith(".py") else ()
        return
    where = rb'"(?:text|text/plain)": \[\s+([^\]]+)' if name.endswith(".ipynb") else rb"([\s\S]+)"
    for stored in re.finditer(where, source):
        # Whole words of letters and whole numbers; no names of fields, no escapes, nothing of base64.
        for word in re.finditer(rb"(?<![\w\\/+=.%])(?:[a-z]{3,12}|\d{1,6})(?![\w/+=\"]|[.]\w|\":)", stored[1]):
            begin = stored.start(1) + word.start()
            changed = str(int(word[0]) + 1).encode() if word[0].isdigit() else word[0][::-1] + b"x"
            yield begin, begin + len(word[0]), changed


def tests_of(name: str) -> tuple[str, ...]:
    """The arguments of pytest for the tests that should notice a mistake in this file."""
    top, room, *_ = name.split("/")
    if top in ("helpers", "course"):
        room = room.removesuffix(".py")
        elsewhere = {"assets": ("tests/setup", *NBVAL, "notebooks"), "language": ("tests/docs/test_translation.py",)}
        return elsewhere.get(room, (f"tests/{room}",))
    return ("tests/setup", "tests/lessons", *NBVAL, "notebooks")


def passes(folder: Path, tests: tuple[str, ...], limit: float | None = None) -> bool:
    """Do these tests pass? Those that take longer than `limit` seconds do not."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    command = ["sh", "tests/isolated.sh", sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run(command, cwd=folder, env=environment, timeout=limit, **quiet).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    """Run the command line; 1 when a mistake survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", help="files or folders of the repository")
    parser.add_argument("--count", type=int, default=20, help="how many mistakes; 0 for all (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    chosen = parser.parse_args()
    survived, limits = 0, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)
        subprocess.run("git init --quiet && git add --all", shell=True, cwd=folder, check=True)  # some tests ask git
        names = subprocess.check_output(["git", "ls-files", "--", *chosen.paths], cwd=ROOT, encoding="utf-8").split()
        planted = [(name, *found) for name in names for found in mistakes_in(name, (folder / name).read_bytes())]
        if chosen.count:
            planted = sorted(random.Random(chosen.seed).sample(planted, min(chosen.count, len(planted))))
        for number, (name, begin, end, text) in enumerate(planted, 1):
            tests, source = tests_of(name), (folder / name).read_bytes()
            if tests not in limits:
                started = time.monotonic()
                if not passes(folder, tests):
                    sys.exit(f"{' '.join(tests)}: these fail already, without a mistake.")
                limits[tests] = 5 * (time.monotonic() - started) + 20
            (folder / name).write_bytes(source[:begin] + text + source[end:])
            survives = passes(folder, tests, limits[tests])
            (folder / name).write_bytes(source)
            survived += survives
            line, verdict = source.count(b"\n", 0, begin), "SURVIVED" if survives else "noticed"
            what = f"{' '.join(source[begin:end].decode().split())[:60]} -> {text.decode().splitlines()[0][:60]}"
            was = source.splitlines()[line].decode().strip()[:100]
            print(f"{number}/{len(planted)} {verdict}  {name}:{line + 1}: {what}  in: {was}", flush=True)
    print(f"{len(planted) - survived} of {len(planted)} noticed.")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
