"""Azure OpenAI of the local API: the paths of 2024 and of today, who may ask, and what is deployed.

What it checks is what lesson 09 shows, in the words of the service as users have reported them (where is said beside
each). Answers are those of OpenAI's own path, with the results of the filters.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from course.recording import DEFAULT_MODEL
from tests.api import faults
from tests.api.chat import answer_to
from tests.api.validation import ApiError, check_chat

VERSION = re.compile(r"202\d-(0\d|1[0-2])-\d\d(-preview)?")


@dataclass
class Resource:
    """Who may ask: `keys` in either header, `tokens` of Entra ID in one of them; and what is deployed."""

    keys: set[str] = field(default_factory=lambda: {"the-key-of-your-resource", "replay-needs-no-key"})
    tokens: set[str] = field(default_factory=lambda: {"a-token-for-replay-alone"})
    deployments: set[str] = field(default_factory=lambda: {"my-vision", DEFAULT_MODEL})


class AzureError(ApiError):
    """An error of Azure's own, before the model's: code and message, and nothing else."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message, status=status)
        self.body = {"error": {"code": code, "message": message}}


def routes(api: Any) -> list[Route]:
    def check_key(request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        bearers = api.resource.tokens | (set() if "/openai/deployments/" in request.url.path else api.resource.keys)
        if request.headers.get("api-key") not in api.resource.keys and (scheme, bearer in bearers) != ("Bearer", True):
            # SciSharp/BotSharp issue 386 (2024-04), microsoft/semantic-kernel issue 10337 (2025-01). The words for a
            # wrong token are others, and not here.
            make_sure = "Make sure to provide a valid key for an active subscription and use a correct regional API"
            denied = "Access denied due to invalid subscription key or wrong API endpoint."
            raise AzureError(401, "401", f"{denied} {make_sure} endpoint for your resource.")

    async def chat(request: Request) -> Response:
        deployment = request.path_params.get("deployment")
        if deployment and not VERSION.fullmatch(request.query_params.get("api-version", "")):
            await nothing(request)
        # A path that names the deployment says it, and a body need not.
        body = ({"model": deployment} if deployment else {}) | await request.json()
        if (deployment or body.get("model", DEFAULT_MODEL)) not in api.resource.deployments | {api.acts_as}:
            # microsoft/autogen issue 822 (2023-11), gethouston/houston pull request 1438 (2026-08).
            lost = "The API deployment for this resource does not exist. If you created the deployment within the last"
            raise AzureError(404, "DeploymentNotFound", f"{lost} 5 minutes, please wait a moment and try again.")
        check_chat(body)
        return answer_to(api, request, body, on_azure=True)

    async def nothing(request: Request) -> Response:
        """Say that there is no such path or version: langchain-ai/langchain issue 13284 (2023 to 2024)."""
        raise AzureError(404, "404", "Resource not found")

    async def nobody(request: Request) -> Response:
        return faults.broken("unreachable", {}, request, api.marks("constructed staged"))

    host = "/{resource}.openai.azure.com"
    return [
        api.route("POST", f"{host}/openai/deployments/{{deployment}}/chat/completions", chat, check_key),
        api.route("POST", f"{host}/openai/v1/chat/completions", chat, check_key),
        api.route("POST", f"{host}/{{rest:path}}", nothing, check_key),
        # No name under .invalid will ever lead anywhere (RFC 2606).
        Route("/{name}.invalid/openai/{rest:path}", nobody, methods=["POST"]),
    ]
