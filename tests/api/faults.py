"""What goes wrong when an entry of answers.toml says `fault = "…"`: errors, odd answers, connections that break.

The shapes are those that users of the services have reported (2024 to 2026; where is said beside each); what says
"constructed" has a wording of our own. Whatever comes from here is marked constructed.
"""

import asyncio
import json
import socket
import struct
import sys
from dataclasses import dataclass
from email.utils import formatdate
from time import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.api.validation import ApiError

CATEGORIES = ("hate", "self_harm", "sexual", "violence")


def _error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict:
    return ApiError(message, code, kind=kind).body


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
# BuilderIO/micro-agent issue 86, openai/codex issue 88, with the organisation and the numbers left out.
_LIMIT = _error("Rate limit reached for this model on tokens per min (TPM). Please try again later.", "tokens",
                "rate_limit_exceeded")  # fmt: skip

# name: status, body (a dict is sent as JSON, a text as it is), headers
ERRORS: dict[str, tuple[int, dict | str, dict[str, str]]] = {
    "blocked_prompt": (400, {"error": _BLOCKED}, {}),
    # OpenAI's guide to error codes names status and message; type and code as reported.
    "forbidden": (403, _error("Country, region, or territory not supported", "request_forbidden",
                              "unsupported_country_region_territory"), {}),
    "request_timeout": (408, _error("The request took too long to arrive. (constructed)"), {}),
    "conflict": (409, _error("Another request holds what this one needs. (constructed)"), {}),
    # A gateway before the service says this, in HTML (openai/codex issue 7682 has the status). Constructed.
    "too_large": (413, "<html><title>413 Request Entity Too Large</title></html>", {"content-type": "text/html"}),
    "rate_limit": (429, _LIMIT, {"retry-after": "1"}),
    "rate_limit_long": (429, _LIMIT, {"retry-after": "121"}),
    "rate_limit_date": (429, _LIMIT, {"retry-after": "a date, two seconds from now"}),
    "rate_limit_reached": (429, _LIMIT, {**limit_headers(0, "60s"), "retry-after-ms": "120"}),
    "rate_limit_silent": (429, _LIMIT, {}),
    # OpenAI's guide to error codes, under 429.
    "quota": (429, _error("You exceeded your current quota, please check your plan and billing details.",
                          "insufficient_quota", "insufficient_quota"), {}),
    "server_error": (500, _error("The server had an error while processing your request. Sorry about that!",
                                 "server_error"), {}),
    "overloaded": (503, _error("The engine is currently overloaded, please try again later.", "server_error"), {}),
}  # fmt: skip


@dataclass(frozen=True)
class Odd:
    """An answer that came whole and is not what it should be: `share` of its text is there, under this field."""

    reason: str = "stop"
    field: str = "content"
    share: float = 1.0
    filtered: dict | None = None


ODD = {
    "filtered": Odd("content_filter", share=0.5, filtered=verdicts(violence="medium")),
    "refusal": Odd(field="refusal"),
    "thought_only": Odd("length", share=0),  # a model that thinks may use up its limit before the first word
}
WIRE = ("timeout", "reset", "cut", "stalled", "unreachable")
ALL = {*ERRORS, *ODD, *WIRE}


def error(name: str, marks: dict[str, str]) -> Response:
    """Give the answer of `ERRORS`."""
    status, body, headers = ERRORS[name]
    if name == "rate_limit_date":
        headers = {"retry-after": formatdate(time() + 2, usegmt=True)}
    return (JSONResponse if isinstance(body, dict) else Response)(body, status, headers={**headers, **marks})


class Protocol(H11Protocol):
    """uvicorn's own, with the connection within reach of a route: a fault has to break it."""

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def broken(name: str, whole: dict | list[str], request: Request, marks: dict[str, str]) -> ASGIApp:
    """Give a fault of `WIRE` in the middle of this answer, or of these events of a stream.

    Whoever records can't record what never came: it says so in `x-course-tape`, gets what comes before the fault as an
    ordinary answer, marked with `x-course-fault`, and makes the library's own exception of it (redirect.py).
    """
    kind, part = "text/event-stream", "".join(whole[:4]) if isinstance(whole, list) else ""
    if isinstance(whole, dict):
        kind, text = "application/json", json.dumps(whole, ensure_ascii=False)
        part = text[: len(text) // 2]
    part = "" if name in ("timeout", "unreachable") else part
    if "x-course-tape" in request.headers:
        return Response(part, media_type=kind, headers={**marks, "x-course-fault": name})

    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        """Write half an answer on the wire, past uvicorn, and then do what the name says."""
        transport, data = scope["state"]["transport"], part.encode()
        if data:
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
            transport.write(head.encode() + b"%x\r\n%b\r\n" % (len(data), data))
        if name == "cut":
            transport.close()
        elif name in ("reset", "unreachable"):
            while transport.get_write_buffer_size():
                await asyncio.sleep(0.01)
            # Closed with nothing to wait for, a socket sends RST instead of FIN.
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass

    return breaking
