"""An answer on the page: its text, where it came from, and what is said when there is none."""

import re

import pytest
import requests
from openai.types.chat import ChatCompletion

from course.recording import Origin, session, show_answer
from course.recording import answer as module

USAGE = {"prompt_tokens": 231, "completion_tokens": 64, "total_tokens": 295}
TAIL = "model course-sample · tokens: 231 in, 64 out{} · finish reason: stop]\n"


def answer(content="A cup.", finish_reason="stop", **more):
    message = {"role": "assistant", "content": content, "refusal": more.pop("refusal", None)}
    choices = [{"index": 0, "finish_reason": finish_reason, "message": message}]
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "course-sample", "usage": USAGE}
    return body | {"choices": choices} | more


@pytest.fixture
def come_from(monkeypatch):
    def set_origin(known):
        monkeypatch.setattr(session, "origin", {"chatcmpl-1": known}.get)

    set_origin(None)
    return set_origin


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (None, "[live answer · " + TAIL.format("")),
        (
            Origin("sample", "course-sample"),
            "[sample answer, written by hand for this course; no model was asked · " + TAIL.format(" (estimated)"),
        ),
        (
            Origin("sample", "course-sample", None, True),
            "[sample answer, written by hand for this course; no model was asked; wrong on purpose · "
            + TAIL.format(" (estimated)"),
        ),
        (
            Origin("live", "course-sample", "2026-11-22"),
            "[recorded from a live service on 2026-11-22 · " + TAIL.format(""),
        ),
        (
            Origin("constructed", "course-sample"),
            "[constructed answer, built to the documented shape · " + TAIL.format(" (estimated)"),
        ),
    ],
    ids=["now", "sample", "wrong on purpose", "live", "constructed"],
)
def test_an_answer_says_where_it_came_from(known, line, come_from, capsys):
    come_from(known)
    show_answer(answer())
    show_answer(ChatCompletion.model_validate(answer()))
    assert capsys.readouterr().out == f"A cup.\n\n{line}" * 2


def test_a_notebook_shows_a_card_that_keeps_the_lines_and_breaks_no_number(come_from, monkeypatch):
    shell, shown = type("Shell", (), {}), []
    monkeypatch.setattr(module, "get_ipython", lambda: shell)
    monkeypatch.setattr(module, "display", lambda bundle, raw: shown.append(bundle))
    show_answer(answer(" A <b> & 杯.\n\n  - two ", "length", id="a&b", model="<my> model"))
    ((page, plain),) = ((one["text/html"], one["text/plain"]) for one in shown)
    assert plain == (
        "A <b> & 杯.\n\n  - two\n\n[live answer · model <my> model · tokens: 231 in, 64 out · finish reason: length]"
    )
    text, about = re.fullmatch(
        r"(?s)<div [^<]*>\n<pre [^<]*pre-wrap[^<]*>(.*)</pre>\n<div [^<]*>(.*)</div>\n</div>", page
    ).groups()
    number = '<span style="white-space:nowrap">{}</span>'.format
    numbers = map(number, ("model &lt;my&gt; model", "tokens: 231 in, 64 out", "finish reason: length"))
    assert (text, about) == ("A &lt;b&gt; &amp; 杯.\n\n  - two", "live answer<br>" + " · ".join(numbers))
    assert not re.search(r"#\d|rgb|color:", page), "it suits every theme"


# What stands in the place of a text, or of its parts: content, finish reason, other fields; what is shown.
SHOWN = [
    (None, "length", {}, "(No text: the output limit was reached before the first word; allow more output tokens.)"),
    ("", "length", {}, "(No text: the output limit was reached before the first word; allow more output tokens.)"),
    (None, "content_filter", {}, "(No text: a content filter of the service held it back.)"),
    (None, "stop", {"refusal": "I can't help with that."}, "(No text: the model refused. I can't help with that.)"),
    (None, "stop", {"reasoning_content": "A cup …"}, "(No text: it only reasoned; allow more output tokens.)"),
    (None, "stop", {"reasoning": "A cup …"}, "(No text: it only reasoned; allow more output tokens.)"),
    ("A cup.", "stop", {"reasoning_content": "Is it a mug?"}, "A cup."),
    (None, "stop", {}, "(No text: none was sent.)"),
    ([], None, {}, "(No text: none was sent.)"),
    ([{"type": "text", "text": "A cup"}, {"type": "text", "text": " or a mug."}], "stop", {}, "A cup or a mug."),
    ([{"type": "text", "text": None}, {"type": "refusal", "refusal": "No."}], "stop", {},
     "(No text: the model refused. No.)"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason", "more", "shown"), SHOWN)
def test_a_text_in_parts_is_one_and_no_text_has_its_reason(content, reason, more, shown, come_from, capsys):
    given = answer(content, reason)
    given["choices"][0]["message"] |= more
    for one in (given, ChatCompletion.model_construct(**given)):
        show_answer(one)
        out = capsys.readouterr().out
        assert out.startswith(f"{shown}\n\n[") and out.endswith(f"finish reason: {reason}]\n")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"usage": None}, "model course-sample · tokens: not told · finish reason: stop]"),
        ({"usage": None, "model": None, "id": None}, "model not told · tokens: not told · finish reason: stop]"),
        ({"usage": {"prompt_tokens": 5}}, "model course-sample · tokens: 5 in, ? out · finish reason: stop]"),
        ({"usage": {"prompt_tokens": 0, "completion_tokens": None}}, "tokens: 0 in, ? out · finish reason: stop]"),
        ({"usage": {"input_tokens": 7, "output_tokens": 3}}, "tokens: 7 in, 3 out · finish reason: stop]"),
    ],
)
def test_what_is_not_told_is_said_to_be_so(change, line, come_from, capsys):
    show_answer(answer() | change)
    show_answer({name: value for name, value in (answer() | change).items() if value is not None})
    _, _, first, _, _, last = capsys.readouterr().out.splitlines()
    assert first.endswith(line) and last.endswith(line)


def test_every_choice_is_shown(come_from, capsys):
    two = answer()
    two["choices"].append({"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "A mug"}})
    show_answer(two)
    out = capsys.readouterr().out
    assert out.startswith("A cup.\n\n(another choice)\n\nA mug\n\n[") and out.endswith("finish reason: stop, length]\n")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("A cup.", "not str: call .json()"),
        (requests.Response(), "not Response: call .json()"),
        ((chunk for chunk in ()), "not generator: .* collect the chunks of a stream"),
        (None, "not NoneType"),
        ({"choices": []}, "This answer has no choices"),
        (answer(choices=[]), "This answer has no choices"),
        ({"error": {"message": "Invalid image.", "code": "x"}}, "the service says why: Invalid image."),
        ({"error": "no such model"}, "the service says why: no such model"),
        ({"choices": None}, "This answer has no choices"),
        ("\n<!doctype html><title>Welcome</title>", "This is a web page, so no API was asked. Check base_url"),
    ],
)
def test_what_is_no_answer_gets_one_sentence(given, says, come_from, capsys):
    with pytest.raises(TypeError, match=says) as caught:
        show_answer(given)
    assert "\n" not in str(caught.value) and capsys.readouterr().out == ""


MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "A cup", "annotations": []}]}
ONLY_REASONED = "(No text: it only reasoned; allow more output tokens.)"


@pytest.mark.parametrize(
    ("output", "reason", "shown"),
    [
        ([MESSAGE], "max_output_tokens", "A cup"),
        ([MESSAGE, MESSAGE], "content_filter", "A cupA cup"),
        ([{"type": "reasoning"}, MESSAGE], None, "A cup"),
        ([{"type": "reasoning", "content": None}], None, ONLY_REASONED),
        ([{"type": "reasoning"}], "content_filter", "(No text: a content filter of the service held it back.)"),
        ([{"type": "message", "content": None}], None, "(No text: none was sent.)"),
        ([MESSAGE | {"content": [{"type": "refusal", "refusal": "No."}]}], None, "(No text: the model refused. No.)"),
        (None, None, "(No text: none was sent.)"),
    ],
)  # fmt: skip
def test_a_response_is_shown_like_a_chat_answer_and_says_how_far_it_came(output, reason, shown, come_from, capsys):
    status = "incomplete" if reason else "completed"
    body = {"id": "resp-1", "model": "course-sample", "status": status, "output": output}
    body |= {
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": {"input_tokens": 9, "output_tokens": 2},
    }
    show_answer(body)
    first, _, last = capsys.readouterr().out.splitlines()
    told = f"status: {status}{f' ({reason})' if reason else ''}"
    assert (first, last) == (shown, f"[live answer · model course-sample · tokens: 9 in, 2 out · {told}]")
