"""What the tables of answers share: parts of requests, and the exercises by their numbers."""

from importlib import import_module

from course.assets import ROOT
from course.exercises.exercise import EXERCISES
from tests.conftest import COFFEE

NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
for lesson in NOTEBOOKS:
    import_module(f"course.exercises.lesson_{lesson}")
ALL = {number: EXERCISES[number] for number in sorted(EXERCISES)}
# Where a function is the answer, and not what makes one.
FUNCTIONS = (
    "01.3",
    "02.2",
    "03.3",
    "04.3",
    "05.2",
    "05.3",
    "06.3",
    "07.2",
    "07.3",
    "08.3",
    "09.2",
    "09.3",
    "10.2",
    "10.3",
)
IMAGES = ROOT / "asset" / "images"
ROCKET = COFFEE.replace("coffee.png", "rocket.jpg")


def text(words):
    return {"type": "text", "text": words}


def picture(url=ROCKET, detail="high"):
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


def says(role, *content):
    return {"role": role, "content": content[0] if isinstance(content[0], str) else list(content)}


def spoils(function):
    """Do the same, and empty the list that comes first."""

    def call(first, *others):
        returned = function(first, *others)
        first.clear()
        return returned

    return call
