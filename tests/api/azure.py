"""Azure OpenAI of the local API: the paths of 2024 and of today, who may ask, and what is deployed.

What it checks is what lesson 09 shows, in the words of the service as users have reported them (where is said beside
each). Answers are those of OpenAI's own path, with the results of the filters.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from course.recording import DEFAULT_MODEL
from tests.api.chat import answer_to
from tests.api.validation import ApiError, check_chat

VERSION = re.compile(r"202\d-(0\d|1[0-2])-\d\d(-preview)?")
DEPLOYMENTS = {"my-vision", DEFAULT_MODEL}
# code: status and message
ERRORS = {
    # langchain-ai/langchain issue 13284 (2023 to 2024)
    "404": (404, "Resource not found"),
    # SciSharp/BotSharp issue 386 (2024-04), microsoft/semantic-kernel issue 10337 (2025-01); another for a wrong token
    "401": (401, "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
                 "key for an active subscription and use a correct regional API endpoint for your resource."),
    # microsoft/autogen issue 822 (2023-11), gethouston/houston pull request 1438 (2026-08)
    "DeploymentNotFound": (404, "The API deployment for this resource does not exist. If you created the deployment "
                                "within the last 5 minutes, please wait a moment and try again."),
}  # fmt: skip


@dataclass
class Resource:
    """Who may ask: `keys` in either header, `tokens` of Entra ID in one of them."""

    keys: set[str] = field(default_factory=lambda: {"the-key-of-your-resource", "replay-needs-no-key"})
    tokens: set[str] = field(default_factory=lambda: {"a-token-for-replay-alone"})


def refuse(code: str) -> NoReturn:
    """Raise an error of Azure's own, before the model's: code and message, and nothing else."""
    status, message = ERRORS[code]
    error = ApiError(message, status=status)
    error.body = {"error": {"code": code, "message": message}}
    raise error


def routes(api: Any) -> list[Route]:
    def check_key(request: Request) -> None:
        keys = api.resource.keys
        bearers = api.resource.tokens | (set() if "/openai/deployments/" in request.url.path else keys)
        given = request.headers.get("api-key"), request.headers.get("authorization")
        if given[0] not in keys and given[1] not in [f"Bearer {one}" for one in bearers]:
            refuse("401")

    async def chat(request: Request) -> Response:
        deployment = request.path_params.get("deployment")
        if deployment and not VERSION.fullmatch(request.query_params.get("api-version", "")):
            refuse("404")
        # A path that names the deployment says it, and a body need not.
        body = ({"model": deployment} if deployment else {}) | await request.json()
        if (deployment or body.get("model", DEFAULT_MODEL)) not in DEPLOYMENTS | {api.acts_as}:
            refuse("DeploymentNotFound")
        check_chat(body)
        return answer_to(api, request, body, on_azure=True)

    async def nothing(request: Request) -> Response:
        refuse("404")

    async def nobody(request: Request) -> Response:
        """Tell a tape that nobody answers; whoever has none doesn't even come here (redirect.py)."""
        marks = api.marks("constructed staged") | {"x-course-fault": "unreachable"}
        return Response(media_type="application/json", headers=marks)

    host = "/{resource}.openai.azure.com"
    return [
        api.route("POST", f"{host}/openai/deployments/{{deployment}}/chat/completions", chat, check_key),
        api.route("POST", f"{host}/openai/v1/chat/completions", chat, check_key),
        api.route("POST", f"{host}/{{rest:path}}", nothing, check_key),
        Route("/{name}.invalid/openai/{rest:path}", nobody, methods=["POST"]),
    ]
