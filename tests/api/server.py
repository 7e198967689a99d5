"""The local API: who may ask, what is remembered of it, and GETs of public pictures."""

import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from course.assets import ROOT, our_files
from tests.api import chat, files, films, responses
from tests.api.answers import load_answers, recorded_embeddings
from tests.api.validation import ApiError, media_type, picture_of_data_url

API_KEY = "sk-local-test-key-0123456789"
# Every picture of ours that is also public, by its URL.
PUBLIC = {row["url"]: ROOT / row["file"] for row in our_files() if row["url"]}


@dataclass
class Api:
    """A running server. `url` has no path; `requests` lists method and path of what was asked, in order."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {API_KEY})  # none: as servers on one's own machine do
    azure_keys: set[str] = field(default_factory=lambda: {"the-key-of-your-resource", "replay-needs-no-key"})
    azure_tokens: set[str] = field(default_factory=lambda: {"a-token-for-replay-alone"})
    answers: dict = field(default_factory=load_answers)
    embed: Callable[[dict], tuple[dict, str]] = recorded_embeddings  # a body's answer, and of which day it is
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # purpose and bytes of uploads, by their ids
    unanswered: list[str] = field(default_factory=list)  # `make sample` fails when there is any
    acts_as: str | None = None  # a model's name, to act as a real service: no marks, that name in the answers
    routes: list[Route] = field(default_factory=list)  # tried before the others

    def marks(self, source: str) -> dict[str, str]:
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
        return self.files[address][1]

    def route(self, methods: str, path: str, answer, check_key=None) -> Route:
        """The route of `answer(request)`: the key is checked before, and what it raises becomes an error answer.

        With a `check_key` of its own it is a service that a key of OpenAI can't ask, and so what comes of it is staged.
        """
        constructed = self.marks("constructed staged" if check_key else "constructed")

        async def respond(request):
            self.requests.append(f"{request.method} {request.url.path}")
            try:
                (check_key or self._check_key)(request)
                made = await answer(request)
                return JSONResponse(made, headers=constructed) if isinstance(made, dict) else made
            except ApiError as error:
                return JSONResponse(error.body, error.status, headers=constructed)
            except Exception as error:  # a hole in this server, not an answer of the API
                what = f"{request.method} {request.url.path}: {type(error).__name__}: {error}"
                self.unanswered.append(f"the local API can't answer {what}")
                body = ApiError(self.unanswered[-1], kind="server_error").body
                return JSONResponse(body, 500, headers=self.marks("constructed"))

        return Route(path, respond, methods=methods.split())

    def anyone(self, request):
        """Let anyone ask, with whatever key."""

    def _check_key(self, request):
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if self.keys and (scheme != "Bearer" or key not in self.keys):
            # The service repeats a part of the key, which is why recordings mask it.
            shown = key[:4] + "*" * max(4, len(key) - 8) + key[-4:]
            where = "You can find your API key at https://platform.openai.com/account/api-keys."
            raise ApiError(f"Incorrect API key provided: {shown}. {where}", "invalid_api_key", status=401)

    def deletion(self, kept: dict, what: str) -> Route:
        """The route that deletes one of these by its id."""

        async def delete(request):
            del kept[request.path_params["id"]]
            return {"id": request.path_params["id"], "object": what, "deleted": True}

        return self.route("DELETE", f"/v1/{what}s/{{id}}", delete)


@contextmanager
def serve(**settings):
    """Run the API on a free port of the loopback for the length of a `with`."""
    api = Api(**settings)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for the client
    api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=_routes(api), middleware=[Middleware(GZipMiddleware, minimum_size=1)])
    # An answer that breaks off on purpose is an error of uvicorn's, which nobody needs to read.
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        thread.join(0.01)
    assert server.started, "the local API did not start"
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join(5)


def _routes(api: Api) -> list[Route | Mount]:
    async def picture(request):
        data = PUBLIC["https://" + request.path_params["rest"]].read_bytes()
        return Response(data, headers=api.marks("constructed"), media_type=media_type(data))

    openai = [*chat.routes(api), *responses.routes(api), *files.routes(api)]
    openai.append(Mount("/api.openai.com", routes=[*openai]))
    others = api.route("GET POST PUT DELETE", "/{rest:path}", picture, api.anyone)
    return [*api.routes, *films.routes(api), *openai, *chat.azure_routes(api), others]
