"""An answer on the page: its text, where it came from, and what is said when there is none."""

import re

import pytest
from openai.types.chat import ChatCompletion

from course.recording import answer, session, show_answer


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
        (None, "live answer", ""),
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
        (chat("", "length"), CUT, f"{TOLD} · finish reason: length"),
        (response(reason="max_output_tokens"), CUT, f"{TOLD} · status: incomplete (max_output_tokens)"),
        (response(THOUGHT, reason="content_filter"), FILTERED, f"{TOLD} · status: incomplete (content_filter)"),
        (chat(None, refusal="No."), REFUSED, f"{TOLD} · finish reason: stop"),
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
