"""What the tests of the exercises share: parts of requests, and how a table of answers is read."""

from importlib import import_module

from course import exercises
from course.assets import ROOT
from course.exercises.exercise import EXERCISES
from tests.conftest import COFFEE

NUMBERS = sorted(path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb"))


for number in NUMBERS:
    import_module(f"course.exercises.lesson_{number}")


ALL = {number: EXERCISES[number] for number in sorted(EXERCISES)}


LESSONS = {lesson: {number: ALL[number] for number in ALL if number[:2] == lesson} for lesson in NUMBERS}


ROCKET = COFFEE.replace("coffee.png", "rocket.jpg")


IMAGES = ROOT / "asset" / "images"


ROCKET_BYTES = (IMAGES / "rocket.jpg").read_bytes()


def notebook_of(lesson):
    return next((ROOT / "notebooks").glob(f"{lesson}_*.ipynb"))


def text(words):
    return {"type": "text", "text": words}


def picture(url=ROCKET, detail="high", **beside):
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}, **beside}


def says(role, *content):
    return {"role": role, "content": content[0] if isinstance(content[0], str) else list(content)}


# Where a function is the answer, and not what makes one.
FUNCTIONS = ("01.3", "02.2", "03.3", "04.3", "05.2", "05.3", "06.3", "07.2", "07.3", "08.3", "09.2", "09.3")


def made(number, answer):
    makes_one = callable(answer) and not isinstance(answer, type) and number not in FUNCTIONS
    return answer() if makes_one else answer


def cases_of(table):
    """Each exercise of a table with each name, or place, of its cases."""
    return [
        (number, case)
        for number, cases in table.items()
        for case in (cases if isinstance(cases, dict) else range(len(cases)))
    ]


def assert_named(number, answer, reason):
    """A wrong answer is told what is wrong with it; a reason that ends with $ is the end of what is said."""
    state, said = exercises.judge(number, made(number, answer))
    assert state == "not right yet", said
    assert reason in said or (reason[-1] == "$" and said.endswith(reason[:-1])), said


def assert_right(number, answer):
    """An answer in another form is right as well."""
    state, said = exercises.judge(number, made(number, answer))
    assert state == "right", said
