"""What the tables of answers share: parts of requests, and the exercises by their numbers."""

from importlib import import_module
from types import SimpleNamespace

from course.assets import ROOT
from course.exercises.exercise import EXERCISES
from tests.conftest import COFFEE

NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
for lesson in NOTEBOOKS:
    import_module(f"course.exercises.lesson_{lesson}")
ALL = {number: EXERCISES[number] for number in sorted(EXERCISES)}
# Where a function is the answer, and not what makes one.
FUNCTIONS = ("01.3", "02.2", "03.3", "04.3", "05.2", "05.3", "06.3", "07.2", "07.3", "08.3", "09.2", "09.3")
FUNCTIONS += ("10.2", "10.3", "11.2", "11.3", "12.2", "12.3", "13.2", "13.3")
IMAGES = ROOT / "asset" / "images"
ROCKET = COFFEE.replace("coffee.png", "rocket.jpg")


def text(words):
    return {"type": "text", "text": words}


def picture(url=ROCKET, detail="high"):
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


def says(role, *content):
    return {"role": role, "content": content[0] if isinstance(content[0], str) else list(content)}


def function_of(number, source):
    """The function that this text of a solution checks."""
    checked = {}
    keeping = SimpleNamespace(check=lambda _, answer: checked.update(answer=answer))
    exec(source, {**vars(import_module(f"course.exercises.lesson_{number[:2]}")), "exercises": keeping})
    return checked["answer"]


def slip(number, there, instead):
    """The function of a solution with one change."""
    assert there in ALL[number].solution
    return function_of(number, ALL[number].solution.replace(there, instead, 1))


def spoils(function):
    """Do the same, and empty the list that comes first."""

    def call(first, *others):
        returned = function(first, *others)
        first.clear()
        return returned

    return call
