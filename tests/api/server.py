"""The routes of the local API: chat completions (whole and streamed) and GETs of public pictures.

Responses and Files are in `responses.py`, Azure OpenAI in `azure.py`, its retired video retrieval in
`video_retrieval.py`.
"""

import functools
import hashlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from course.assets import ROOT, our_files
from helpers.tokens.rules import SHUTDOWN
from tests.api import azure, faults, responses, video_retrieval
from tests.api.answers import CREATED, Question, cut, load_answers, text_tokens
from tests.api.schemas import asked_schema
from tests.api.validation import ApiError, check_chat, picture_of_data_url, read_json

API_KEY = "sk-local-test-key-0123456789"
# A model that was shut down before this day is not there; a fixed day, or a recording would change with the calendar.
TODAY = date(2026, 11, 22)


@dataclass
class Api:
    """A running server. `url` has no path; `requests` lists method and path of what was asked, in order."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    # Without any it asks for none, as servers on one's own machine do.
    keys: set[str] = field(default_factory=lambda: {API_KEY})
    resource: azure.Resource = field(default_factory=azure.Resource)
    answers: dict = field(default_factory=dict)
    # What was asked without an entry in answers.toml; `make sample` fails when there is any.
    unanswered: list[str] = field(default_factory=list)
    # Set to a model's name to act as a real service: no marks, that name in the answers.
    acts_as: str | None = None
    # How often an entry with a fault was asked, by its key.
    asked: Counter = field(default_factory=Counter)
    # More routes, tried before the ones below.
    routes: list[Route] = field(default_factory=list)


@contextmanager
def serve(**settings) -> Iterator[Api]:
    """Run the API on a free port of the loopback for the length of a `with`."""
    api = Api(**settings) if "answers" in settings else Api(answers=load_answers(), **settings)
    listener = socket.create_server(("127.0.0.1", 0))
    api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=_routes(api), middleware=[Middleware(GZipMiddleware, minimum_size=1)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", http=faults.Protocol))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive():
            raise RuntimeError("the local API did not start")
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join(5)


def _routes(api: Api) -> list[Route]:
    pictures = _public_pictures()

    def guarded(answer, check_key=None):
        """The route of `answer(request)`: the key is checked before, and what it raises becomes an error answer.

        With a `check_key` of its own it is a service that a key of OpenAI can't ask, and so its errors are staged.
        """
        source = "constructed staged" if check_key else "constructed"

        async def route(request: Request) -> Response:
            api.requests.append(f"{request.method} {request.url.path}")
            try:
                (check_key or (lambda request: _check_key(request, api.keys)))(request)
                return await answer(request)
            except ApiError as error:
                return JSONResponse(error.body, error.status, headers=_marks(api, source))
            except Exception as error:  # a hole in this server, not an answer of the API
                return unknown(f"the local API failed: {error!r}")

        return route

    async def chat(request: Request) -> Response:
        body = read_json(await request.body())
        check_chat(body)
        _check_model(body["model"])
        return _answer(request, body, api, pictures)

    async def chat_on_azure(request: Request, body: dict) -> Response:
        return _answer(request, body, api, pictures, on_azure=True)

    def unknown(why: str) -> Response:
        api.unanswered.append(why)
        return JSONResponse(ApiError(500, why, kind="server_error").body, 500, headers=_marks(api, "constructed"))

    async def nothing_here(request: Request) -> Response:
        return unknown(f"the local API has no {request.method} {request.url.path}")

    async def picture(request: Request) -> Response:
        api.requests.append(f"GET {request.url.path}")
        path = pictures.get("https://" + request.path_params["rest"])
        if path is None:
            return Response("404: Not Found", 404, headers=_marks(api, "constructed"), media_type="text/plain")
        kind = Image.MIME[Image.open(path).format]
        return Response(path.read_bytes(), headers=_marks(api, "constructed"), media_type=kind)

    return [
        *api.routes,
        *video_retrieval.routes(api),
        Route("/v1/chat/completions", guarded(chat), methods=["POST"]),
        Route("/api.openai.com/v1/chat/completions", guarded(chat), methods=["POST"]),
        *azure.routes(api, guarded, chat_on_azure, functools.partial(_marks, api)),
        *responses.routes(api, guarded, functools.partial(_fetch, public=pictures), functools.partial(_marks, api)),
        Route("/{rest:path}", picture, methods=["GET"]),
        Route("/{rest:path}", nothing_here, methods=["POST", "PUT", "PATCH", "DELETE"]),
    ]


def _public_pictures() -> dict[str, Path]:
    """URL -> file, for every picture of ours that is also public at a URL whose bytes are known."""
    return {row["url"]: ROOT / row["file"] for row in our_files() if row["url"]}


def _marks(api: Api, source: str) -> dict[str, str]:
    return {} if api.acts_as else {"x-course-source": source}


def _check_key(request: Request, keys: set[str]) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if not keys:
        return
    if scheme != "Bearer" or not key:
        raise ApiError(401, "You didn't provide an API key.")
    if key not in keys:
        # The service repeats a part of the key, which is why recordings mask it.
        shown = key[:4] + "*" * max(4, len(key) - 8) + key[-4:]
        raise ApiError(
            401, f"Incorrect API key provided: {shown}. You can find your API key at "
            "https://platform.openai.com/account/api-keys.", code="invalid_api_key")  # fmt: skip


def _answer(request: Request, body: dict, api: Api, public: dict[str, Path], on_azure: bool = False) -> Response:
    """Look the request up by its pictures, texts and detail; there is no default answer.

    On Azure an answer carries the results of content filters. Nobody with a key of OpenAI gets it, so it is staged.
    """
    question, asked = Question(schema=asked_schema(body.get("response_format"))), json.dumps(body, sort_keys=True)
    for message in body["messages"]:
        content = message.get("content") or ""
        for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if part["type"] == "text":
                question.add_text(part["text"], by_model=message["role"] == "assistant")
            if part["type"] == "image_url":
                url = part["image_url"]["url"]
                size = question.add_picture(_fetch(url, public), part["image_url"].get("detail", "auto"))
                # The answer's id is the same on a machine that packs the same pixels into other bytes.
                asked = asked.replace(url, f"data: {size}") if url.startswith("data:") else asked
    answer = question.answer(api.answers, api.unanswered)
    asked += json.dumps(answer.pictures)  # two frames of a video have one size

    due = answer.fault and not api.acts_as and faults.due(answer.key(), answer.times, api.asked)
    fault = answer.fault if due else None
    marks = _marks(api, "sample wrong-on-purpose" if answer.wrong_on_purpose else "sample")
    if fault:
        marks = _marks(api, "constructed staged")
    elif on_azure:
        marks = _marks(api, "sample staged")
    if fault in faults.ERRORS:
        return faults.error(fault, marks)

    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 10**9
    odd = faults.ODD.get(fault, faults.Odd())
    text = answer.text.strip()
    text, is_cut = cut(text[: int(len(text) * odd.share)], limit)
    reason = "length" if is_cut else odd.reason
    usage = {"prompt_tokens": question.tokens, "completion_tokens": text_tokens(text) if text else limit}
    usage["total_tokens"] = sum(usage.values())
    if not text:
        usage["completion_tokens_details"] = {"reasoning_tokens": limit}
    digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
    name = api.acts_as or ("course-constructed" if fault else "course-sample")
    common = {"id": f"chatcmpl-{name.removeprefix('course-')}-{digest}", "created": CREATED, "model": name}
    message = {"role": "assistant", "content": None, "refusal": None, odd.field: text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    whole = {**common, "object": "chat.completion", "choices": [choice] * odd.choices, "usage": usage}
    found = [{"prompt_index": 0, "content_filter_results": faults.verdicts()}]
    if on_azure:
        choice["content_filter_results"] = odd.filtered or faults.verdicts()
        whole["prompt_filter_results"] = found
    events = []
    if body.get("stream"):
        wants_usage = (body.get("stream_options") or {}).get("include_usage")
        events = _events(common, text, reason, usage if wants_usage else None, odd)
        # Azure begins with what its filters found in the prompt.
        events = [_event({**common, "choices": [], "prompt_filter_results": found}), *events] if on_azure else events
    if fault in faults.WIRE:
        return faults.broken(fault, events or whole, request, marks)
    if events:
        return StreamingResponse(iter(events), media_type="text/event-stream", headers=marks)
    return JSONResponse(whole, headers=marks)


def _check_model(model: str) -> None:
    if (last_day := SHUTDOWN.get(model)) and last_day < TODAY:
        # Shape: vertyco/vrt-cogs pull request 218 (2024-12), alexrudall/ruby-openai issue 607 (2025-07).
        gone = (
            f"The model `{model}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
        )
        raise ApiError(404, gone, code="model_not_found")


def _fetch(url: str, public: dict[str, Path]) -> bytes:
    if url.startswith("data:"):
        return picture_of_data_url(url)
    if url not in public:
        # Shape: riverscuomo/cuomputer issue 95 (2025-05), danny-avila/LibreChat issue 5101 (2024-12).
        raise ApiError(400, f"Timeout while downloading {url}.", code="invalid_image_url")
    return public[url].read_bytes()


def _events(common: dict, text: str, reason: str, usage: dict | None, odd: faults.Odd) -> list[str]:
    def chunk(delta: dict, finish_reason: str | None = None) -> dict:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**common, "object": "chat.completion.chunk", "choices": [choice] * odd.choices}

    words = text.split(" ")
    pieces = [word + " " for word in words[:-1]] + words[-1:]
    chunks = [chunk({"role": "assistant", "content": ""}), *(chunk({odd.field: p}) for p in pieces), chunk({}, reason)]
    if usage:
        chunks.append({**chunk({}), "choices": [], "usage": usage})
    return [*map(_event, chunks), "data: [DONE]\n\n"]


def _event(chunk: dict) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
