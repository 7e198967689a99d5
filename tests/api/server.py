"""The local API: who may ask, chat completions (whole and streamed), and GETs of public pictures."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from course.assets import ROOT, our_files
from helpers.tokens.rules import SHUTDOWN
from tests.api import azure, batches, faults, films, limits, moderations, responses
from tests.api.answers import CREATED, Answer, ask, cut, digest_of, load_answers, pieces, text_tokens
from tests.api.schemas import tool_calls
from tests.api.validation import ApiError, check_chat, media_type, picture_of_data_url, read_json

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
    keys: set[str] = field(default_factory=lambda: {API_KEY})  # none: as servers on one's own machine do
    resource: azure.Resource = field(default_factory=azure.Resource)
    answers: dict = field(default_factory=load_answers)
    asked: Counter = field(default_factory=Counter)  # how often an entry with a fault was, by its key
    purposes: dict[str, str] = field(default_factory=dict)  # of files, by their ids
    files: dict[str, bytes] = field(default_factory=dict)  # that were uploaded, by their ids
    bucket: limits.Bucket | None = None  # where it is set, chat completions are refused once it is empty
    unanswered: list[str] = field(default_factory=list)  # `make sample` fails when there is any
    acts_as: str | None = None  # a model's name, to act as a real service: no marks, that name in the answers
    routes: list[Route] = field(default_factory=list)  # tried before the others

    def marks(self, source: str) -> dict[str, str]:
        """The headers that name an answer's source."""
        return {} if self.acts_as else {"x-course-source": source}

    def fetch(self, address: str) -> bytes:
        """The picture behind an address, or of an uploaded file."""
        if address.startswith("data:"):
            return picture_of_data_url(address)
        if address in PUBLIC:
            return PUBLIC[address].read_bytes()
        if not address.startswith("file-"):
            # Shape: riverscuomo/cuomputer issue 95 (2025-05), danny-avila/LibreChat issue 5101 (2024-12).
            raise ApiError(f"Timeout while downloading {address}.", "invalid_image_url")
        if address not in self.files:
            # Unverified: neither status nor wording was found. The code is one of those that the SDK's types list.
            raise ApiError(f"No such File object: {address}", "image_file_not_found")
        media_type(self.files[address])
        return self.files[address]

    def due(self, answer: Answer) -> str | None:
        """The fault whose turn it is: with `times`, the answer comes after so many, and then it all begins again."""
        if not answer.fault or self.acts_as:
            return None
        turn = self.asked[answer.key()]
        self.asked[answer.key()] += 1
        return None if answer.times and turn % (answer.times + 1) == answer.times else answer.fault

    def guarded(self, answer: Callable[..., Awaitable], check_key: Callable | None = None) -> Callable[..., Awaitable]:
        """The route of `answer(request)`: the key is checked before, and what it raises becomes an error answer.

        With a `check_key` of its own it is a service that a key of OpenAI can't ask, and so its errors are staged.
        """
        source = "constructed staged" if check_key else "constructed"

        async def route(request: Request) -> Response:
            self.requests.append(f"{request.method} {request.url.path}")
            try:
                (check_key or self._check_key)(request)
                return await answer(request)
            except ApiError as error:
                return JSONResponse(error.body, error.status, headers=self.marks(source))
            except Exception as error:  # a hole in this server, not an answer of the API
                self.unanswered.append(f"the local API can't answer {request.method} {request.url.path}: {error!r}")
                body = ApiError(self.unanswered[-1], kind="server_error").body
                return JSONResponse(body, 500, headers=self.marks("constructed"))

        return route

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if self.keys and (scheme != "Bearer" or key not in self.keys):
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
            more = "has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
            raise ApiError(f"The model `{body['model']}` {more}", "model_not_found", status=404)
        if api.bucket is None:
            return _answer(api, request, body)
        there, headers = api.bucket.take()
        answer = _answer(api, request, body) if there else faults.error("rate_limit_silent", api.marks("constructed"))
        answer.headers.update(headers)
        return answer

    async def picture(request: Request) -> Response:
        if request.method != "GET":
            raise NotImplementedError
        path, headers = PUBLIC.get("https://" + request.path_params["rest"]), api.marks("constructed")
        data = path.read_bytes() if path else None
        return Response(data, 200, headers, media_type(data)) if data else Response("404: Not Found", 404, headers)

    openai = [Route("/v1/chat/completions", api.guarded(chat), methods=["POST"]), *responses.routes(api)]
    openai += [*films.transcriptions(api), *moderations.routes(api)]
    openai += [*batches.routes(api, lambda request, body: _answer(api, request, body))]
    return [
        *api.routes,
        *openai,
        Mount("/api.openai.com", routes=openai),
        *films.routes(api),
        *azure.routes(api, lambda request, body: _answer(api, request, body, on_azure=True)),
        Route("/{rest:path}", api.guarded(picture, lambda request: None), methods=["GET", "POST", "PUT", "DELETE"]),
    ]


def _answer(api: Api, request: Request, body: dict, on_azure: bool = False) -> Response:
    """Look the request up by its pictures, texts and detail; there is no default answer.

    On Azure an answer carries the results of content filters. Nobody with a key of OpenAI gets it, so it is staged.
    """
    question, answer = ask(api, body, body["messages"])
    fault = api.due(answer)
    source = "constructed staged" if fault else "sample staged" if on_azure else answer.source
    marks = api.marks(source) | answer.headers
    if fault in faults.ERRORS:
        return faults.error(fault, marks)
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 10**9
    odd, text = faults.ODD.get(fault, faults.Odd()), answer.text.strip()
    text, is_cut = cut(text[: int(len(text) * odd.share)], limit)
    reason = "length" if is_cut else odd.reason
    calls = tool_calls(answer.calls, body.get("tools") or [])
    said = text or "".join(json.dumps(call["function"]) for call in calls)
    usage = {"prompt_tokens": question.tokens, "completion_tokens": text_tokens(said) if said else limit}
    usage["total_tokens"] = sum(usage.values())
    if not said:
        usage["completion_tokens_details"] = {"reasoning_tokens": limit}
    name = api.acts_as or ("course-constructed" if fault else "course-sample")
    digest = question.digest(body, json.dumps(answer.pictures, default=digest_of))  # frames of a video have one size
    common = {"id": f"chatcmpl-{name.removeprefix('course-')}-{digest}", "created": CREATED, "model": name}
    of_prompt, of_answer = {}, {}
    if on_azure:
        of_prompt["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": faults.verdicts()}]
        of_answer["content_filter_results"] = odd.filtered or faults.verdicts()

    message = {"role": "assistant", "content": None, "refusal": None, odd.field: text}
    if calls:
        message, reason = message | {"content": text or None, "tool_calls": calls}, "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason, **of_answer}
    whole = {**common, "object": "chat.completion", "choices": [choice], "usage": usage, **of_prompt}
    events = []
    if body.get("stream"):
        # Azure begins with what its filters found in the prompt.
        chunks = [{**common, "choices": [], **of_prompt}] if on_azure else []
        common["object"] = "chat.completion.chunk"
        deltas = [{"role": "assistant", "content": ""}, *({odd.field: piece} for piece in pieces(text)), {}]
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
        choices[-1]["finish_reason"] = reason
        chunks += [{**common, "choices": [choice]} for choice in choices]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append({**common, "choices": [], "usage": usage})
        events = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    if fault in faults.WIRE:
        return faults.broken(fault, events or whole, request, marks)
    if events:
        return StreamingResponse(events, media_type="text/event-stream", headers=marks)
    return JSONResponse(whole, headers=marks)
