"""An answer on the page: its text, where it came from, and what is said when there is none."""

import re

import pytest
import requests
from openai.types.chat import ChatCompletion

from course.recording import answer as module
from course.recording import session, show_answer
from course.recording.session import Origin


def answer(content="A cup.", reason="stop", message=(), **more):
    said = {"role": "assistant", "content": content, "refusal": None, **dict(message)}
    body = {"id": "one", "object": "chat.completion", "created": 1, "model": "course-sample"}
    body["usage"] = {"prompt_tokens": 231, "completion_tokens": 64, "total_tokens": 295}
    return body | {"choices": [{"index": 0, "finish_reason": reason, "message": said}]} | more


@pytest.fixture
def show(monkeypatch, capsys):
    """Call it with an answer, and its origin: (what is printed, its last line)."""

    def printed(given, known=None):
        monkeypatch.setattr(session, "origin", {"one": known}.get)
        show_answer(given)
        return re.fullmatch(r"(?s)(.*)\n\n\[(.*)\]\n", capsys.readouterr().out).groups()

    return printed


@pytest.mark.parametrize(
    ("known", "origin", "estimated"),
    [
        (None, "live answer", ""),
        (Origin("sample", ""), "sample answer, written by hand for this course; no model was asked", " (estimated)"),
        (Origin("constructed", "", None, True),
         "constructed answer, built to the documented shape; wrong on purpose", " (estimated)"),
        (Origin("live", "", "2026-11-22"), "recorded from a live service on 2026-11-22", ""),
    ],
)  # fmt: skip
def test_an_answer_says_where_it_came_from(show, known, origin, estimated):
    line = f"{origin} · model course-sample · tokens: 231 in, 64 out{estimated} · finish reason: stop"
    for given in (answer(), ChatCompletion.model_validate(answer())):
        assert show(given, known) == ("A cup.", line)


def test_a_notebook_shows_a_card_that_keeps_the_lines_and_breaks_no_number(monkeypatch):
    shown = []
    monkeypatch.setattr(module, "get_ipython", lambda: object())
    monkeypatch.setattr(module, "display", lambda bundle, raw: shown.append(bundle))
    show_answer(answer(" A <b> & 杯.\n\n  - two ", "length", model="<my> model"))
    ((page, plain),) = ((one["text/html"], one["text/plain"]) for one in shown)
    numbers = ["model <my> model", "tokens: 231 in, 64 out", "finish reason: length"]
    assert plain == f"A <b> & 杯.\n\n  - two\n\n[live answer · {' · '.join(numbers)}]"
    card = r"(?s)<div [^<]*>\n<pre [^<]*pre-wrap[^<]*>(.*)</pre>\n<div [^<]*>(.*)<br>(.*)</div>\n</div>"
    spans = ['<span style="white-space:nowrap">' + number.replace("<my>", "&lt;my&gt;") for number in numbers]
    line = "</span> · ".join(spans) + "</span>"
    assert re.fullmatch(card, page).groups() == ("A &lt;b&gt; &amp; 杯.\n\n  - two", "live answer", line)
    assert not re.search(r"#\d|rgb|color:", page), "it suits every theme"


def response(output, reason=None):
    body = {"id": "r", "model": "course-sample", "status": "incomplete" if reason else "completed", "output": output}
    body["incomplete_details"], body["usage"] = reason and {"reason": reason}, {"input_tokens": 9, "output_tokens": 2}
    return body


NO = [{"type": "refusal", "refusal": "No."}]
TEXTS = [{"type": "text", "text": "A cup"}, {"type": "text", "text": " or mug."}]
MESSAGE, THOUGHT = {"type": "message", "content": TEXTS}, {"type": "reasoning", "content": None}
SHOWN = {  # a text, or why there is none: the answers of which it is shown
    "A cup …": [answer("A cup …", "length"), answer("A cup …", message={"reasoning": "Is it a mug?"})],
    "A cup or mug.": [answer(TEXTS), ChatCompletion.model_construct(**answer(TEXTS)), response([THOUGHT, MESSAGE])],
    "(No text: it only reasoned; allow more output tokens.)":
        [answer(None, message={"reasoning_content": "A cup …"}), response([THOUGHT])],
    "(No text: the output limit was reached before the first word; allow more output tokens.)":
        [answer("", "length"), response([], "max_output_tokens")],
    "(No text: a content filter of the service held it back.)":
        [answer(None, "content_filter"), response([THOUGHT], "content_filter")],
    "(No text: the model refused. No.)":
        [answer(None, message=NO[0]), answer([{"text": None}, *NO]), response([{"type": "message", "content": NO}])],
    "(No text: none was sent.)": [answer([], None), response([{"type": "message", "content": None}]), response(None)],
}  # fmt: skip


@pytest.mark.parametrize(("shown", "given"), [(shown, one) for shown, answers in SHOWN.items() for one in answers])
def test_a_text_in_parts_is_one_and_no_text_has_its_reason(show, shown, given):
    assert show(given)[0] == shown


def test_a_response_says_how_far_it_came(show):
    for reason, status in ((None, "completed"), ("max_output_tokens", "incomplete (max_output_tokens)")):
        line = f"live answer · model course-sample · tokens: 9 in, 2 out · status: {status}"
        assert show(response([MESSAGE], reason)) == ("A cup or mug.", line)


def test_numbers_that_are_missing_are_said_to_be_and_every_choice_is_shown(show):
    missing = "A cup.", "live answer · model not told · tokens: not told · finish reason: stop"
    assert show(answer(usage=None, model=None, id=None)) == show({"choices": answer()["choices"]}) == missing
    text, line = show(answer(choices=answer()["choices"] + answer("A mug", "length")["choices"]))
    assert text == "A cup.\n\n(another choice)\n\nA mug" and line.endswith("finish reason: stop, length")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("A cup.", "takes no str, .* call .json()"),
        (requests.Response(), "takes no Response, .* call .json()"),
        ((chunk for chunk in ()), "takes no generator, .* collect the chunks of a stream"),
        (answer(choices=None), "This answer has no choices"),
        ({"error": {"message": "Invalid image.", "code": "x"}}, "the service says why: Invalid image."),
        ({"error": "no such model"}, "the service says why: no such model"),
        ("\n<!doctype html><title>Welcome</title>", "This is a web page, so no API was asked. Check base_url"),
    ],
)
def test_what_is_no_answer_gets_one_sentence(show, given, says):
    with pytest.raises(TypeError, match=f"^[^\n]*{says}[^\n]*$"):
        show(given)
