"""The routes of the local API: chat completions (whole and streamed) and GETs of public pictures.

Responses and Files are in `responses.py`, batches in `batches.py`, Azure OpenAI in `azure.py`, its retired video
retrieval in `video_retrieval.py`.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

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
from tests.api import azure, batches, faults, limits, responses, video_retrieval
from tests.api.answers import CREATED, Question, cut, load_answers, pieces, sha256_of, text_tokens
from tests.api.schemas import asked_schema
from tests.api.validation import ApiError, check_chat, picture_of_data_url, read_json

API_KEY = "sk-local-test-key-0123456789"
# A model that was shut down before this day is not there; a fixed day, or a recording would change with the calendar.
TODAY = date(2026, 11, 22)
# Every picture of ours that is also public, by its URL.
PUBLIC = {row["url"]: ROOT / row["file"] for row in our_files() if row["url"]}


@dataclass
class Api:
    """A running server. `url` has no path; `requests` lists method and path of what was asked, in order."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    # Without any it asks for none, as servers on one's own machine do.
    keys: set[str] = field(default_factory=lambda: {API_KEY})
    resource: azure.Resource = field(default_factory=azure.Resource)
    answers: dict = field(default_factory=load_answers)
    # What was asked without an entry in answers.toml; `make sample` fails when there is any.
    unanswered: list[str] = field(default_factory=list)
    # Set to a model's name to act as a real service: no marks, that name in the answers.
    acts_as: str | None = None
    # How often an entry with a fault was asked, by its key.
    asked: Counter = field(default_factory=Counter)
    # Where it is set, chat completions are refused once it is empty.
    bucket: limits.Bucket | None = None
    # The files that were uploaded, or made by a batch.
    files: dict[str, responses.Kept] = field(default_factory=dict)
    # More routes, tried before the others.
    routes: list[Route] = field(default_factory=list)

    def marks(self, source: str) -> dict[str, str]:
        """The headers that name an answer's source."""
        return {} if self.acts_as else {"x-course-source": source}

    def fetch(self, url: str) -> bytes:
        """The picture behind an `image_url`."""
        if url.startswith("data:"):
            return picture_of_data_url(url)
        if url not in PUBLIC:
            # Shape: riverscuomo/cuomputer issue 95 (2025-05), danny-avila/LibreChat issue 5101 (2024-12).
            raise ApiError(f"Timeout while downloading {url}.", "invalid_image_url")
        return PUBLIC[url].read_bytes()

    def guarded(self, answer: Callable[..., Awaitable], check_key: Callable | None = None) -> Callable[..., Awaitable]:
        """The route of `answer(request)`: the key is checked before, and what it raises becomes an error answer.

        With a `check_key` of its own it is a service that a key of OpenAI can't ask, and so its errors are staged.
        """
        check, source = (check_key, "constructed staged") if check_key else (self._check_key, "constructed")

        async def route(request: Request) -> Response:
            self.requests.append(f"{request.method} {request.url.path}")
            try:
                check(request)
                return await answer(request)
            except ApiError as error:
                return JSONResponse(error.body, error.status, headers=self.marks(source))
            except Exception as error:  # a hole in this server, not an answer of the API
                return self.unknown(f"the local API failed: {error!r}")

        return route

    def unknown(self, why: str) -> Response:
        self.unanswered.append(why)
        return JSONResponse(ApiError(why, kind="server_error").body, 500, headers=self.marks("constructed"))

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not self.keys or (key in self.keys and scheme == "Bearer"):
            return
        if scheme != "Bearer" or not key:
            raise ApiError("You didn't provide an API key.", status=401)
        # The service repeats a part of the key, which is why recordings mask it.
        shown = key[:4] + "*" * max(4, len(key) - 8) + key[-4:]
        where = "You can find your API key at https://platform.openai.com/account/api-keys."
        raise ApiError(f"Incorrect API key provided: {shown}. {where}", "invalid_api_key", status=401)


@contextmanager
def serve(**settings) -> Iterator[Api]:
    """Run the API on a free port of the loopback for the length of a `with`."""
    api = Api(**settings)
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
    async def chat(request: Request) -> Response:
        body = read_json(await request.body())
        check_chat(body)
        if (last_day := SHUTDOWN.get(body["model"])) and last_day < TODAY:
            # Shape: vertyco/vrt-cogs pull request 218 (2024-12), alexrudall/ruby-openai issue 607 (2025-07).
            gone = f"The model `{body['model']}` has been deprecated, learn more here:"
            page = "https://platform.openai.com/docs/deprecations"
            raise ApiError(f"{gone} {page}", "model_not_found", status=404)
        if api.bucket is None:
            return _answer(api, request, body)
        there, headers = api.bucket.take()
        answer = _answer(api, request, body) if there else faults.error("rate_limit_silent", api.marks("constructed"))
        answer.headers.update(headers)
        return answer

    async def chat_on_azure(request: Request, body: dict) -> Response:
        return _answer(api, request, body, on_azure=True)

    async def nothing_here(request: Request) -> Response:
        return api.unknown(f"the local API has no {request.method} {request.url.path}")

    async def picture(request: Request) -> Response:
        api.requests.append(f"GET {request.url.path}")
        path = PUBLIC.get("https://" + request.path_params["rest"])
        if path is None:
            return Response("404: Not Found", 404, headers=api.marks("constructed"), media_type="text/plain")
        kind = Image.MIME[Image.open(path).format]
        return Response(path.read_bytes(), headers=api.marks("constructed"), media_type=kind)

    return [
        *api.routes,
        *video_retrieval.routes(api),
        *(Route(f"{host}/v1/chat/completions", api.guarded(chat), methods=["POST"]) for host in responses.HOSTS),
        *azure.routes(api, chat_on_azure),
        *batches.routes(api, lambda request, body: _answer(api, request, body)),
        *responses.routes(api),
        Route("/{rest:path}", picture, methods=["GET"]),
        Route("/{rest:path}", nothing_here, methods=["POST", "PUT", "PATCH", "DELETE"]),
    ]


def _answer(api: Api, request: Request, body: dict, on_azure: bool = False) -> Response:
    """Look the request up by its pictures, texts and detail; there is no default answer.

    On Azure an answer carries the results of content filters. Nobody with a key of OpenAI gets it, so it is staged.
    """
    question = Question(asked_schema(body.get("response_format")))
    for message in body["messages"]:
        content = message.get("content") or ""
        for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if part["type"] == "text":
                question.add_text(part["text"], by_model=message["role"] == "assistant")
            if part["type"] == "image_url":
                url = part["image_url"]["url"]
                question.add_picture(url, api.fetch(url), part["image_url"].get("detail", "auto"))
    answer = question.answer(api)
    due = answer.fault and not api.acts_as and faults.due(answer.key(), answer.times, api.asked)
    fault = answer.fault if due else None
    source = "sample staged" if on_azure else "sample wrong-on-purpose" if answer.wrong_on_purpose else "sample"
    marks = api.marks("constructed staged" if fault else source) | answer.headers
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
    name = api.acts_as or ("course-constructed" if fault else "course-sample")
    digest = question.digest(
        body, json.dumps(answer.pictures, default=sha256_of)
    )  # two frames of a video have one size
    common = {"id": f"chatcmpl-{name.removeprefix('course-')}-{digest}", "created": CREATED, "model": name}

    def choices(**fields) -> list[dict]:
        return [{"index": 0, **fields}] * odd.choices

    message = {"role": "assistant", "content": None, "refusal": None, odd.field: text}
    filtered = {"content_filter_results": odd.filtered or faults.verdicts()} if on_azure else {}
    found = [{"prompt_index": 0, "content_filter_results": faults.verdicts()}]
    whole = {
        **common,
        "object": "chat.completion",
        "choices": choices(message=message, logprobs=None, finish_reason=reason, **filtered),
        "usage": usage,
        **({"prompt_filter_results": found} if on_azure else {}),
    }
    events = []
    if body.get("stream"):
        deltas = [{"role": "assistant", "content": ""}, *({odd.field: piece} for piece in pieces(text))]
        ends = [(delta, None) for delta in deltas] + [({}, reason)]
        # Azure begins with what its filters found in the prompt.
        chunks = [{**common, "choices": [], "prompt_filter_results": found}] if on_azure else []
        common["object"] = "chat.completion.chunk"
        chunks += [{**common, "choices": choices(delta=d, logprobs=None, finish_reason=end)} for d, end in ends]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append({**common, "choices": [], "usage": usage})
        events = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    if fault in faults.WIRE:
        return faults.broken(fault, events or whole, request, marks)
    if events:
        return StreamingResponse(iter(events), media_type="text/event-stream", headers=marks)
    return JSONResponse(whole, headers=marks)
