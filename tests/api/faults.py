"""What goes wrong when an entry of answers.toml says `fault = "…"`: errors, odd answers, connections that break.

The shapes are those that users have reported (2024 to 2026; where is said beside each).
"""

import json

from starlette.responses import Response
from starlette.types import ASGIApp

from tests.api.validation import ApiError

CATEGORIES = ("hate", "self_harm", "sexual", "violence")


def verdicts(**severities: str) -> dict:
    """Azure's results of its content filters: what is named is filtered, at this severity; the rest is safe."""
    return {name: {"filtered": name in severities, "severity": severities.get(name, "safe")} for name in CATEGORIES}


def limit_headers(remaining: int, reset: str) -> dict[str, str]:
    """The headers of a limit of 500 requests; names, and form of the time, by OpenAI's guide to rate limits."""
    shown = {"limit": "500", "remaining": str(remaining), "reset": reset}
    return {f"x-ratelimit-{name}-requests": value for name, value in shown.items()}


# openai/openai-dotnet issue 55, compl-ai/compl-ai issue 20: `content_filter_result` in the singular, in an error alone.
_BLOCKED = {
    "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry.", "type": None, "param": "prompt", "code": "content_filter", "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": verdicts(violence="medium")},
}  # fmt: skip
_SORRY = "The server had an error while processing your request. Sorry about that!"
_BUSY = "The engine is currently overloaded, please try again later."
_LIMIT = "Rate limit reached for this model on tokens per min (TPM). Please try again later."
_QUOTA = "You exceeded your current quota, please check your plan and billing details."

_LIMITED = ApiError(_LIMIT, "rate_limit_exceeded", kind="tokens").body

# name: status, body, headers
ERRORS: dict[str, tuple[int, dict, dict[str, str]]] = {
    "blocked_prompt": (400, {"error": _BLOCKED}, {}),
    # OpenAI's guide to error codes, under 429.
    "quota": (429, ApiError(_QUOTA, "insufficient_quota", kind="insufficient_quota").body, {}),
    # BuilderIO/micro-agent issue 86, openai/codex issue 88, with the organisation and the numbers left out.
    "rate_limit": (429, _LIMITED, {"retry-after": "1"}),
    "rate_limit_reached": (429, _LIMITED, {**limit_headers(0, "60s"), "retry-after-ms": "120"}),
    "server_error": (500, ApiError(_SORRY, kind="server_error").body, {}),
    "overloaded": (503, ApiError(_BUSY, kind="server_error").body, {}),
}
# An answer that came whole and is not what it should be: finish reason, field of the text, how much of it is there
ODD = {
    "filtered": ("content_filter", "content", 0.5),
    "refusal": ("stop", "refusal", 1),
    "thought_only": ("length", "content", 0),  # a model that thinks may use up its limit before the first word
}
WIRE = ("timeout", "stalled", "cut")
ALL = {*ERRORS, *ODD, *WIRE}


def broken(name: str, whole: dict | list[str], request, marks: dict[str, str]) -> ASGIApp:
    """Give a fault of `WIRE` in the middle of this answer, or of these events of a stream.

    Whoever records can't record what never came: it says so in `x-course-tape`, gets what comes before the fault as an
    ordinary answer, marked with `x-course-fault`, and makes the library's own exception of it (redirect.py).
    """
    if isinstance(whole, list):
        kind, part = "text/event-stream", "".join(whole[:4])
    else:
        kind, text = "application/json", json.dumps(whole, ensure_ascii=False)
        part = text[: len(text) // 2]
    part = "" if name == "timeout" else part
    if "x-course-tape" in request.headers:
        return Response(part, media_type=kind, headers={**marks, "x-course-fault": name})

    async def breaking(scope, receive, send):
        """Send half an answer, and then nothing; uvicorn closes the connection of an answer that is not complete."""
        if part:
            headers = [(b"content-type", kind.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
        while name != "cut" and (await receive())["type"] != "http.disconnect":
            pass

    return breaking
