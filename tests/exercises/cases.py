"""Answers to exercises: what a solution hands in, as it is or with a slip in it."""

import ast
import contextlib
from importlib import import_module
from types import SimpleNamespace

from course.assets import ROOT
from course.exercises.exercise import EXERCISES
from tests.exercises import given
from tests.lessons.lesson import NAMES
from tests.tools.mutate import mistakes_in_code

for name in NAMES:
    import_module(f"course.exercises.lesson_{name[:2]}")
ALL = {number: EXERCISES[number] for number in sorted(EXERCISES)}
FUNCTIONS = [number for number in ALL if ALL[number].expects.startswith("a function ")]


def hand_in(number, source):
    """What this text of a solution checks, with what it finds in its notebook."""
    handed = {}
    exercises = SimpleNamespace(check=lambda _, answer: handed.update(answer=answer))
    lesson = import_module(f"course.exercises.lesson_{number[:2]}")
    with contextlib.chdir(ROOT / "notebooks"):
        exec(source, {**vars(lesson), **vars(given), "exercises": exercises})
    return handed["answer"]


def answer_of(number, there="", instead=""):
    """What the solution hands in, with one slip; or, where nothing is `there`, the expression that comes instead."""
    source = ALL[number].solution
    assert there in source
    whole = f"exercises.check(..., {instead})" if instead else source
    return hand_in(number, source.replace(there, instead, 1) if there else whole)


def slips(source):
    """Every text of a solution that differs in one place: a mistake of mutate.py, or one that people make."""
    data, starts = source.encode(), [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for begin, end, instead in mistakes_in_code(data):
        if data[begin:end] != instead and not data[begin:].startswith(b"exercises.check"):
            yield (data[:begin] + instead + data[end:]).decode()
    for node in ast.walk(ast.Module(ast.parse(source).body[:-1], [])):
        for other in instead_of(node):
            begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            yield (data[:begin] + b"(%b)" % ast.unparse(other).encode() + data[end:]).decode()


NEAR = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


def instead_of(node):
    """A step left out, one of two ways always taken, another number, one of several missing, a bound one off."""
    match node:
        case ast.Call(func=ast.Attribute(value=before)) | ast.Subscript(value=before):
            yield before
        case ast.IfExp(body=one, orelse=other):
            yield from (one, other)
        case ast.BoolOp(values=values):
            yield from values
        case ast.Constant(value=float() as number):
            yield from (ast.Constant(number / 2), ast.Constant(number * 1.5))
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            yield ast.Constant(number - 1)
        case ast.Tuple(elts=some) | ast.Set(elts=some) if len(some) > 1:
            yield from (ast.Tuple(some[:n] + some[n + 1 :], ast.Load()) for n in range(len(some)))
        case ast.Dict(keys=keys, values=values):
            yield from (ast.Dict(keys[:n] + keys[n + 1 :], values[:n] + values[n + 1 :]) for n in range(len(keys)))
        case ast.Compare(left=left, ops=operators, comparators=right):
            for n, operator in enumerate(operators):
                if near := NEAR.get(type(operator)):
                    yield ast.Compare(left, [*operators[:n], near(), *operators[n + 1 :]], right)
