"""What a notebook shows: figures with alt text, small enough, which nbconvert keeps; and an answer with its origin."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from nbconvert import HTMLExporter
from openai.types.chat import ChatCompletion
from PIL import Image

from course.recording import answer, publishing, session, show_answer
from helpers.plotting import show
from tests.recording.page import CHELSEA, CHELSEA_ALT, COFFEE, COFFEE_ALT, ROCKET, described, encoded


def test_a_figure_is_small_and_sharp_where_it_can_be(page):
    show(COFFEE, CHELSEA, ROCKET, width=900)
    few, many = Figure(), Figure(figsize=(9, 3))
    few.add_subplot().plot([1, 3, 2])
    for axes in many.subplots(1, 3):
        axes.plot(np.sin(np.arange(60) ** 2))
    bundles = [*page.shown, page.of(few), page.of(many)]
    assert max(len(bundle["text/html"]) for bundle in bundles) < publishing.STORED_LIMIT + 600
    (_, wide, photos, _), (_, _, lines, _), (_, width, busy, stored) = map(described, bundles)
    assert (photos, lines, busy) == ("jpeg", "png", "jpeg") and 890 < wide < 930, "too many lines for a PNG"
    assert stored.width == width, "rather JPEG than small letters"


def test_the_alt_text_is_that_of_our_pictures_the_label_or_the_titles_else_it_can_be_found(page):
    opened = [COFFEE, Image.open(COFFEE), Image.open(COFFEE).copy(), encoded(Image.open(COFFEE))]
    show(*opened, width=300)
    assert described(page.shown[0])[0].count(COFFEE_ALT) == len(opened)
    figure = Figure()
    assert page.of(figure) == {"text/plain": repr(figure)}
    axes, _ = figure.subplots(1, 2)
    assert re.fullmatch(r"Picture, \d+ x \d+ pixels", described(page.of(figure))[0])
    figure.suptitle("Both")
    axes.set_title("Left <1>")
    assert described(page.of(figure))[0] == "Both. Left <1>"


CELLS = [  # what a cell runs, and how the alt texts of what it shows begin
    ("import matplotlib.pyplot as plt\nfrom course.recording import publishing\nfrom helpers.plotting import show\n"
     "publishing.install()", []),
    ("show('../asset/images/coffee.png', captions='커피')", [COFFEE_ALT]),
    ("plt.plot([1])\nplt.title('A <line> & \"more\"');", ['A <line> & "more"']),
    ("%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\nplt.plot([2, 1])\nplt.title('magic');",
     ["magic"]),
    ("plt.plot([1, 2])\nshow('../asset/images/chelsea.png')\nplt.title('whole');", [CHELSEA_ALT, "whole"]),
]  # fmt: skip


def test_each_figure_appears_once_is_described_and_nbconvert_keeps_it(kernel):
    ran = kernel.run([source for source, _ in CELLS])
    for cell, (_, begins) in zip(ran.cells, CELLS, strict=True):
        found = [described(output.data)[0] for output in cell.outputs if "data" in output]
        assert [alt[: len(start)] for alt, start in zip(found, begins, strict=True)] == begins
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source
    assert ran.cells[1].outputs[1].text == "커피: 600 x 400 pixels, RGB, PNG\n", "a figure and then its numbers"
    body, _ = HTMLExporter(template_name="lab").from_notebook_node(ran)
    assert len(re.findall(r"""<img alt=("[^"]*"|'[^']*')""", body)) == 5


def chat(content="A cup.", reason="stop", **message):
    choices = [{"finish_reason": reason, "message": {"content": content, "refusal": None, **message}}]
    return {"id": "one", "model": "m", "choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 2}}


def response(*output, reason=None):
    status, details = ("incomplete", {"reason": reason}) if reason else ("completed", None)
    usage = {"input_tokens": 9, "output_tokens": 2}
    return {"model": "m", "status": status, "incomplete_details": details, "output": [*output], "usage": usage}


def test_an_answer_says_where_it_came_from(monkeypatch, capsys):
    by_hand = "sample answer, written by hand for this course; no model was asked"
    wrong = "constructed answer, built to the documented shape; wrong on purpose"
    for known, origin, estimated in (
        (session.Origin("sample", ""), by_hand, " (estimated)"),
        (session.Origin("constructed", "", None, True), wrong, " (estimated)"),
        (session.Origin("live", "", "2026-11-22"), "recorded from a live service on 2026-11-22", ""),
    ):
        monkeypatch.setattr(session, "origin", {"one": known}.get)
        show_answer(chat())
        line = f"{origin} · model m · tokens: 9 in, 2 out{estimated} · finish reason: stop"
        assert capsys.readouterr().out == f"A cup.\n\n[{line}]\n"


def test_on_the_card_of_a_notebook_nothing_is_markup(monkeypatch):
    shown = {}
    monkeypatch.setattr(answer, "get_ipython", object)
    monkeypatch.setattr(answer, "display", lambda bundle, raw: shown.update(bundle))
    show_answer(chat("A <b> & 杯.\n\n  - two") | {"model": "<my>"})
    escaped = re.findall("(?s)>([^<>]*&lt;[^<>]*)<", shown["text/html"])
    assert escaped == ["A &lt;b&gt; &amp; 杯.\n\n  - two", "model &lt;my&gt;"]
    assert shown["text/plain"].startswith("A <b> & 杯.\n\n  - two\n\n[live answer · model <my> · ")


TEXTS = [{"type": "text", "text": "A cup"}, {"text": None}, {"text": " or mug."}]
MESSAGE, THOUGHT = {"type": "message", "content": TEXTS}, {"type": "reasoning", "content": None}
TWO = chat()["choices"] + chat("A mug", "length")["choices"]
TOLD, REASONED = "model m · tokens: 9 in, 2 out", "(No text: it only reasoned; allow more output tokens.)"
CUT = "(No text: the output limit was reached before the first word; allow more output tokens.)"
REFUSED, FILTERED = "(No text: the model refused. No.)", "(No text: a content filter of the service held it back.)"


def test_a_text_in_parts_is_one_and_what_is_missing_has_its_reason(capsys):
    for given, text, line in (
        (ChatCompletion.model_construct(**chat(TEXTS)), "A cup or mug.", f"{TOLD} · finish reason: stop"),
        (response(THOUGHT, MESSAGE, reason="old"), "A cup or mug.", f"{TOLD} · status: incomplete (old)"),
        (chat() | {"choices": TWO}, "A cup.\n\n(another choice)\n\nA mug", f"{TOLD} · finish reason: stop, length"),
        ({"choices": TWO[:1], "usage": None}, "A cup.", "model not told · tokens: not told · finish reason: stop"),
        (chat(None, reasoning_content="A cup …"), REASONED, f"{TOLD} · finish reason: stop"),
        (response(THOUGHT), REASONED, f"{TOLD} · status: completed"),
        (response(reason="max_output_tokens"), CUT, f"{TOLD} · status: incomplete (max_output_tokens)"),
        (response(THOUGHT, reason="content_filter"), FILTERED, f"{TOLD} · status: incomplete (content_filter)"),
        (response(MESSAGE | {"content": [{"refusal": "No."}]}), REFUSED, f"{TOLD} · status: completed"),
        (response(MESSAGE | {"content": None}), "(No text: none was sent.)", f"{TOLD} · status: completed"),
    ):
        show_answer(given)
        assert capsys.readouterr().out == f"{text}\n\n[live answer · {line}]\n"


def test_what_is_no_answer_gets_one_sentence():
    for given, says in (
        (iter(()), "takes no tuple_iterator, .* call .json().* of requests, and collect the chunks of a stream"),
        (chat() | {"choices": None}, "This answer has no choices.*"),
        ({"error": {"message": "Invalid image."}}, ".* the service says why: Invalid image."),
        ({"error": "no such model"}, ".* the service says why: no such model"),
        ("\n<!doctype html>", "This is a web page, so no API was asked. Check base_url.*"),
    ):
        with pytest.raises(TypeError, match=f"^[^\n]*{says}[^\n]*$"):
            show_answer(given)
