"""Plant mistakes, one at a time, and see which of them no test notices.

    python -m tests.tools.mutate helpers/encoding                     20 mistakes in a room's code, for the room's tests
    python -m tests.tools.mutate helpers/tokens/rules.py --count 0    every one that this file can have
    python -m tests.tools.mutate asset/recordings asset/truth asset/SOURCES.csv notebooks       data, for all lessons

In code: a comparison flipped, a whole number shifted by one, `and` for `or`, a condition denied, a statement or a
result dropped. In data: one word or number changed (in a notebook: of a stored output). All happens in a copy of the
files that git knows, as they are on disk. The same --seed plants the same mistakes as long as the code is the same. Not
a part of `make test`: count on a test run for each mistake. What survives gets a test, or changes nothing.
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course.assets import ROOT

FLIPPED = {
    ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg"]
# Begin, end and new text, in bytes.
Mistake = tuple[int, int, bytes]


def mistakes_in_code(source: bytes) -> Iterator[Mistake]:
    """Every mistake that can be planted in this Python source, in its order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def begin(node: ast.AST) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.AST) -> int:
        return starts[node.end_lineno - 1] + node.end_col_offset

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                yield _between(source, end(left), begin(right), FLIPPED[type(operator)])
            case ast.BoolOp(op=operator, values=[first, second, *_]):
                yield _between(source, end(first), begin(second), "or" if isinstance(operator, ast.And) else "and")
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                yield begin(node), end(node), str(number + 1).encode()
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield begin(test), end(test), b"not (%b)" % source[begin(test) : end(test)]
            case ast.Return(value=ast.expr()):
                yield begin(node), end(node), b"return None"
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
                yield begin(node), end(node), b"pass"


def _between(source: bytes, begin: int, end: int, operator: str) -> Mistake:
    """Replace the operator that stands there, and leave brackets and line ends beside it as they are."""
    was = re.search(rb"[<>=!]=?|\b(?:is(?:\s+not)?|not\s+in|in|and|or)\b", source[begin:end])
    return begin + was.start(), begin + was.end(), operator.encode()


def mistakes_in_data(name: str, source: bytes) -> Iterator[Mistake]:
    """A word or a number changed: anywhere in data, and in a notebook where an output is stored as text."""
    where = rb'"(?:text|text/plain)": \[\s+([^\]]+)' if name.endswith(".ipynb") else rb"([\s\S]+)"
    for stored in re.finditer(where, source):
        # Whole words of letters and whole numbers; no names of fields, no escapes, nothing of base64.
        for word in re.finditer(rb"(?<![\w\\/+=.%])(?:[a-z]{3,12}|\d{1,6})(?![\w/+=\"]|[.]\w|\":)", stored[1]):
            begin = stored.start(1) + word.start()
            changed = str(int(word[0]) + 1).encode() if word[0].isdigit() else word[0][::-1] + b"x"
            yield begin, begin + len(word[0]), changed


def tests_of(name: str) -> list[str]:
    """The arguments of pytest for the tests that should notice a mistake in this file."""
    top, room, *_ = name.split("/")
    if top in ("helpers", "course"):
        room = room.removesuffix(".py")
        return ["tests/setup", *NBVAL, "notebooks"] if room == "assets" else [f"tests/{room}"]
    return ["tests/setup", "tests/lessons", *NBVAL, "notebooks"]


def run(folder: Path, tests: tuple[str, ...], limit: float | None = None) -> bool:
    """Do these tests pass? One that takes longer than `limit` seconds does not."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    with tempfile.TemporaryFile() as said, subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
    ) as process:  # fmt: skip
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return False
        if code not in (0, 1) and limit is None:
            said.seek(0)
            print(said.read().decode()[-2_000:])
        return code == 0


def plant(name: str) -> list[tuple[str, int, int, bytes]]:
    """List what can go wrong in a file, as (its name, *mistake)."""
    source = (ROOT / name).read_bytes()
    if name.endswith(".py"):
        return [(name, *mistake) for mistake in mistakes_in_code(source)]
    data = name.endswith((".json", ".csv", ".txt", ".ipynb"))
    return [(name, *mistake) for mistake in mistakes_in_data(name, source)] if data else []


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 when a mistake survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", help="files or folders of the repository")
    parser.add_argument("--count", type=int, default=20, help="how many mistakes; 0 for all (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    chosen = parser.parse_args(arguments)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    wanted = [name for name in files for path in chosen.paths if f"{name}/".startswith(f"{path.rstrip('/')}/")]
    planted = [mistake for name in wanted for mistake in plant(name)]
    if chosen.count:
        planted = sorted(random.Random(chosen.seed).sample(planted, min(chosen.count, len(planted))))
    survived, limits = 0, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        for number, (name, begin, end, text) in enumerate(planted, 1):
            if (tests := tuple(tests_of(name))) not in limits:
                started = time.monotonic()
                if not run(folder, tests):
                    print(f"{' '.join(tests)}: these fail already, without a mistake.")
                    return 2
                limits[tests] = 5 * (time.monotonic() - started) + 20
            source = (ROOT / name).read_bytes()
            (folder / name).write_bytes(source[:begin] + text + source[end:])
            survives = run(folder, tests, limits[tests])
            (folder / name).write_bytes(source)
            survived += survives
            line = source.count(b"\n", 0, begin) + 1
            what = f"{' '.join(source[begin:end].decode().split())[:60]} -> {text.decode().splitlines()[0][:60]}"
            verdict, was = "SURVIVED" if survives else "noticed", source.splitlines()[line - 1].decode().strip()[:100]
            print(f"{number}/{len(planted)} {verdict}  {name}:{line}: {what}  in: {was}", flush=True)
    print(f"{len(planted) - survived} of {len(planted)} noticed.")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
