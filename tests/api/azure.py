"""Azure OpenAI of the local API: the paths of 2024 and of today, who may ask, which versions and deployments there are.

What it checks is what the service checks, in its words as users have reported them (where is said beside each).
Answers are those of OpenAI's own path, with the results of the filters.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from course.recording import DEFAULT_MODEL
from helpers.tokens.rules import LIMITS
from tests.api import faults
from tests.api.validation import ApiError, check_chat, read_json

# The dated versions that Azure's page on API versions names (of 2025-08-26), with those that its how-to pages of 2024
# and the stable specifications in Azure/azure-rest-api-specs have.
VERSIONS = (
    "2024-02-01", "2024-02-15-preview", "2024-03-01-preview", "2024-04-01-preview", "2024-05-01-preview", "2024-06-01",
    "2024-07-01-preview", "2024-08-01-preview", "2024-09-01-preview", "2024-10-01-preview", "2024-10-21",
    "2024-12-01-preview", "2025-01-01-preview", "2025-02-01-preview", "2025-03-01-preview", "2025-04-01-preview",
)  # fmt: skip
# From here on there is `max_completion_tokens` (the same page; openai/openai-python issue 1724).
_NEW_LIMIT = "2024-09-01"
# On the path without dates, what may stand there all the same (the same page; inspect_ai issue 4192).
_V1_VERSIONS = (None, "v1", "preview", "latest")


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


# A path, or a version, that there is not: langchain-ai/langchain issue 13284 (2023 to 2024), microsoft/azurechat issue
# 426 (2024-09). Of a version 400 "API version not supported" is reported, too: hotovo/aider-desk issue 460 (2025-11).
NOTHING_HERE = (404, "404", "Resource not found")


def routes(api: Any, answer: Callable[[Request, dict], Response]) -> list[Route]:
    """The routes; `answer` gives the answer to a body that is checked."""

    def check_key(request: Request) -> None:
        key, resource = request.headers.get("api-key"), api.resource
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        bearers = resource.tokens | (set() if "/openai/deployments/" in request.url.path else resource.keys)
        if key is not None and key not in resource.keys:
            # SciSharp/BotSharp issue 386 (2024-04), microsoft/semantic-kernel issue 10337 (2025-01).
            make_sure = "Make sure to provide a valid key for an active subscription and use a correct regional API"
            denied = "Access denied due to invalid subscription key or wrong API endpoint."
            raise AzureError(401, "401", f"{denied} {make_sure} endpoint for your resource.")
        if key is None and not (scheme == "Bearer" and given in bearers):
            # Azure-Samples/azure-search-openai-demo issue 458, langchain-ai/langchain issue 17373 (2024): no `error`
            # around it, and `statusCode` in the place of a code.
            where = "Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com)"
            error = AzureError(401, "401", f"Unauthorized. {where}, or have expired.")
            error.body = {"statusCode": 401, "message": str(error)}
            raise error

    async def chat(request: Request) -> Response:
        version, deployment = request.query_params.get("api-version"), request.path_params.get("deployment")
        if deployment and version not in VERSIONS:
            raise AzureError(*NOTHING_HERE)
        if not deployment and version not in _V1_VERSIONS:
            # pydantic/pydantic-ai issue 5066 and aaif-goose/goose issue 8236 (2026-04).
            raise AzureError(400, "BadRequest", "api-version query parameter is not allowed when using /v1 path")
        # A path that names the deployment says it, and a body need not.
        body = ({"model": deployment} if deployment else {}) | read_json(await request.body())
        if (deployment or body.get("model", DEFAULT_MODEL)) not in api.resource.deployments | {api.acts_as}:
            # microsoft/autogen issue 822 (2023-11), gethouston/houston pull request 1438 (2026-08).
            within = "If you created the deployment within the last 5 minutes, please wait a moment and try again."
            raise AzureError(
                404, "DeploymentNotFound", f"The API deployment for this resource does not exist. {within}"
            )
        check_chat(body)
        if deployment and version < _NEW_LIMIT and "max_completion_tokens" in body:
            raise ApiError("Unrecognized request argument supplied: max_completion_tokens")
        contents = [message["content"] for message in body["messages"] if isinstance(message.get("content"), list)]
        pictures = sum(part["type"] == "image_url" for content in contents for part in content)
        if pictures > (most := LIMITS["azure"].pictures):
            # anomalyco/opencode issue 39677 (2026-07), Azure/azure-rest-api-specs issue 46145 (2026-09), both of
            # Responses, where `param` is "input"; that Chat says "messages" is constructed.
            raise ApiError(f"Exceeded maximum number of images ({most}) allowed in the request.", param="messages")
        return answer(request, body)

    async def nothing(request: Request) -> Response:
        raise AzureError(*NOTHING_HERE)

    async def nobody(request: Request) -> Response:
        return faults.broken("unreachable", {}, request, api.marks("constructed staged"))

    host = "/{resource}.openai.azure.com"
    classic = f"{host}/openai/deployments/{{deployment}}/chat/completions"
    return [
        Route(classic, api.guarded(chat, check_key), methods=["POST"]),
        Route(f"{host}/openai/v1/chat/completions", api.guarded(chat, check_key), methods=["POST"]),
        Route(f"{host}/{{rest:path}}", api.guarded(nothing, check_key), methods=["POST", "GET"]),
        # No name under .invalid will ever lead anywhere (RFC 2606).
        Route("/{name}.invalid/openai/{rest:path}", nobody, methods=["POST"]),
    ]
