"""An answer on the page: its text, where it came from, its tokens, why it ended."""

import re
import textwrap
from unicodedata import east_asian_width

from . import session


def show_answer(answer):
    """Print the text of an answer, wrapped to 88 columns, then one line: origin, model, tokens and why it ended.

    Args:
        answer: a ChatCompletion or a Response of the openai package, or the dict that response.json() gives for one.
            Token counts are those it reports; in a sample or constructed answer they are estimates.

    Raises:
        TypeError: for everything else.
    """
    body = answer.model_dump(warnings=False) if hasattr(answer, "model_dump") else answer
    if isinstance(body, dict) and (error := body.get("error")):
        told = error.get("message", error) if isinstance(error, dict) else error
        raise TypeError(f"This is not an answer but an error, and the service says why: {told}")
    try:
        known = session.origin(body["id"])
        texts, ended = _of_responses(body) if "output" in body else _of_chat(body)
    except (TypeError, KeyError, AttributeError):
        texts = []
    if isinstance(body, dict) and body.get("choices") == []:
        raise TypeError("This answer has no choices, and so no text. Ask once more (lesson 07).")
    if not texts:
        hint = "call .json() on a response of requests, and collect the chunks of a stream into one answer first."
        came = type(answer).__name__
        raise TypeError(f"show_answer takes a ChatCompletion, a Response, or the dict of one, not {came}: {hint}")
    origin = {
        "sample": "sample answer, written by hand for this course; no model was asked",
        "constructed": "constructed answer, built to the documented shape",
        "live": "recorded from a live service" + (f" on {known.date}" if known and known.date else ""),
        "now": "live answer",
    }[known.source if known else "now"] + ("; wrong on purpose" if known and known.wrong_on_purpose else "")
    usage = body.get("usage") or {}
    asked = usage.get("input_tokens", usage.get("prompt_tokens", "?"))
    answered = usage.get("output_tokens", usage.get("completion_tokens", "?"))
    tokens = f"{asked} in, {answered} out" if usage else "not told"
    tokens += " (estimated)" if usage and known and known.source != "live" else ""
    print(*texts, sep="\n\n(another choice)\n\n", end="\n\n")
    print(f"[{origin} · model {body.get('model', 'not told')} · tokens: {tokens} · {ended}]")


def _of_chat(body):
    """The texts of a ChatCompletion, and why they end."""
    choices = body["choices"]
    reasons = ", ".join(str(choice["finish_reason"]) for choice in choices)
    return [_text(choice["message"], choice["finish_reason"]) for choice in choices], f"finish reason: {reasons}"


def _of_responses(body):
    """The text of a Response, as its `output_text` gives it, and how far it came."""
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    message = {
        "content": "".join(part["text"] for part in parts if part["type"] == "output_text"),
        "refusal": "".join(part["refusal"] for part in parts if part["type"] == "refusal"),
    }
    reason = (body.get("incomplete_details") or {}).get("reason")
    status = body.get("status", "not told")
    return [_text(message, reason)], f"status: {status}" + (f" ({reason})" if reason else "")


def _text(message, reason):
    cut = "the output limit was reached before the first word; allow more output tokens"
    held_back = "a content filter of the service held it back"
    why = {"length": cut, "max_output_tokens": cut, "content_filter": held_back}.get(reason, "none was sent")
    why = f"the model refused. {message['refusal'].rstrip('.')}" if message.get("refusal") else why
    return _wrap((message.get("content") or "").strip() or f"(No text: {why}.)", 88)


def _wrap(text, columns):
    """The text in lines of at most so many columns; lines that fit stay as they are, list items keep their indent."""
    lines = []
    for line in text.splitlines():
        # A NUL after each wide letter makes its length its width, so that textwrap, which counts letters, counts right.
        padded = "".join(letter + "\0" if east_asian_width(letter) in "WF" else letter for letter in line)
        indent = " " * len(re.match(r"\s*(?:(?:[-*•]|\d+[.)])\s+)?", line).group())
        # Chinese and Japanese have no spaces to break at, so long words with them are cut; an address stays whole.
        how = {"break_on_hyphens": False, "break_long_words": "\0" in padded, "subsequent_indent": indent}
        lines += [padded] if len(padded) <= columns else textwrap.wrap(padded, columns, **how)
    return "\n".join(line.rstrip() for line in lines).replace("\0", "")
