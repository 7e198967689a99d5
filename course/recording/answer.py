"""An answer on the page: its text, where it came from, its tokens, why it ended."""

from html import escape
from typing import Any

from IPython import get_ipython
from IPython.display import display

from . import session

_SOURCES = {
    None: "live answer",
    "sample": "sample answer, written by hand for this course; no model was asked",
    "constructed": "constructed answer, built to the documented shape",
    "live": "recorded from a live service",
}
_CUT = "the output limit was reached before the first word; allow more output tokens"
_NO_TEXT = {"length": _CUT, "max_output_tokens": _CUT, "content_filter": "a content filter of the service held it back"}
_COUNTS = ("input", "prompt"), ("output", "completion")  # as Responses and Chat Completions call them
# No colours of its own, so that it suits a light theme and a dark one. <pre> keeps its lines where styles are removed.
_CARD = """<div style="border-left:1px solid;padding-left:.8em;max-width:52em;line-height:1.35">
<pre style="font:inherit;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;margin:0">{}</pre>
<div style="font-size:.85em;opacity:.7;margin-top:.3em">{}<br>{}</div>
</div>"""
_NUMBER = '<span style="white-space:nowrap">{}</span>'


def show_answer(answer: Any) -> None:
    """Show the text of an answer, then where it came from, then its model, tokens and why it ended; a script prints it.

    Args:
        answer: a ChatCompletion or a Response of the openai package, or the dict that response.json() gives for one.
            Token counts are those it reports; in a sample or constructed answer they are estimates.

    Raises:
        TypeError: for everything else.
    """
    body = answer.model_dump(warnings=False) if hasattr(answer, "model_dump") else answer
    if isinstance(body, str) and body.lstrip().startswith("<"):
        raise TypeError("This is a web page, so no API was asked. Check base_url: most end with /v1.")
    if isinstance(body, dict) and (error := body.get("error")):
        message = error.get("message", error) if isinstance(error, dict) else error
        raise TypeError(f"This is not an answer but an error, and the service says why: {message}")
    if isinstance(body, dict) and "choices" in body and not body["choices"]:
        raise TypeError("This answer has no choices, and so no text. Ask once more (lesson 07).")
    try:
        known, usage = session.origin(body.get("id")), body.get("usage") or {}
        if "output" in body:
            items, reason = body["output"] or [], (body.get("incomplete_details") or {}).get("reason")
            content = [part for item in items if item["type"] == "message" for part in item.get("content") or []]
            found = [({"content": content, "reasoning": any(item["type"] == "reasoning" for item in items)}, reason)]
            ended = f"status: {body.get('status') or 'not told'}{f' ({reason})' if reason else ''}"
        else:
            found = [(choice["message"], choice.get("finish_reason")) for choice in body["choices"]]
            ended = f"finish reason: {', '.join(str(reason) for _, reason in found)}"
        text = "\n\n(another choice)\n\n".join(_text(message, reason) for message, reason in found)
    except (TypeError, KeyError, AttributeError):
        hint = "call .json() on a response of requests, and collect the chunks of a stream into one answer first."
        raise TypeError(f"show_answer takes no {type(answer).__name__}, but an answer or its dict: {hint}") from None
    origin, estimated = _SOURCES[known and known.source], " (estimated)" if known and known.source != "live" else ""
    origin += f" on {known.date}" if known and known.date else ""
    origin += "; wrong on purpose" if known and known.wrong_on_purpose else ""
    counts = [usage.get(f"{new}_tokens", usage.get(f"{old}_tokens")) for new, old in _COUNTS]
    tokens = f"{counts[0]} in, {counts[1]} out{estimated}" if usage else "not told"
    numbers = [f"model {body.get('model') or 'not told'}", f"tokens: {tokens}", ended]
    plain = f"{text}\n\n[{' · '.join([origin, *numbers])}]"
    if not get_ipython():
        print(plain)
        return
    page = _CARD.format(escape(text), escape(origin), " · ".join(_NUMBER.format(escape(one)) for one in numbers))
    display({"text/html": page, "text/plain": plain}, raw=True)


def _text(message: dict, reason: str | None) -> str:
    """Return the text of a message, or why there is none."""
    content, reasoned = message.get("content") or "", message.get("reasoning_content") or message.get("reasoning")
    parts = [*(content if isinstance(content, list) else [{"text": content}]), {"refusal": message.get("refusal")}]
    text, refusal = ("".join(part.get(name) or "" for part in parts) for name in ("text", "refusal"))
    why = _NO_TEXT.get(reason or "", "it only reasoned; allow more output tokens" if reasoned else "none was sent")
    why = f"the model refused. {refusal.rstrip('.')}" if refusal else why
    return text.strip() or f"(No text: {why}.)"
