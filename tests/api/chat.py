"""Chat completions of OpenAI and of Azure OpenAI, whole or as a stream, with what goes wrong on purpose.

Of Azure there are the paths of 2024 and of today, who may ask, and what is deployed: what lesson 09 shows.
"""

import json
import re
from datetime import date

from starlette.responses import JSONResponse, Response, StreamingResponse

from course.recording import DEFAULT_MODEL
from helpers.tokens.rules import SHUTDOWN
from tests.api import faults
from tests.api.answers import CREATED, ask, digest_of, text_tokens
from tests.api.validation import ApiError, check_chat

# A model that was shut down before this day is not there; a fixed day, or a recording would change with the calendar.
TODAY = date(2026, 11, 22)
VERSION = re.compile(r"202\d-(0\d|1[0-2])-\d\d(-preview)?")
DEPLOYMENTS = {"my-vision", DEFAULT_MODEL}
# Azure's own errors, in the words that users have reported.
AZURE_ERRORS = {  # code: status and message
    # langchain-ai/langchain issue 13284 (2023 to 2024)
    "404": (404, "Resource not found"),
    # SciSharp/BotSharp issue 386 (2024-04), microsoft/semantic-kernel issue 10337 (2025-01); another for a wrong token
    "401": (401, "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
                 "key for an active subscription and use a correct regional API endpoint for your resource."),
    # microsoft/autogen issue 822 (2023-11), gethouston/houston pull request 1438 (2026-08)
    "DeploymentNotFound": (404, "The API deployment for this resource does not exist. If you created the deployment "
                                "within the last 5 minutes, please wait a moment and try again."),
}  # fmt: skip


class AzureError(ApiError):
    """An error of Azure's own, before the model's: code and message, and nothing else."""

    def __init__(self, code):
        status, message = AZURE_ERRORS[code]
        super().__init__(message, status=status)
        self.body = {"error": {"code": code, "message": message}}


def routes(api):
    async def create(request):
        check_chat(body := await request.json())
        if SHUTDOWN.get(body["model"], TODAY) < TODAY:
            # Shape: vertyco/vrt-cogs pull request 218 (2024-12), alexrudall/ruby-openai issue 607 (2025-07).
            more = "has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
            raise ApiError(f"The model `{body['model']}` {more}", "model_not_found", status=404)
        return answer_to(api, request, body)

    return [api.route("POST", "/v1/chat/completions", create)]


def azure_routes(api):
    def check_key(request):
        """A key in either header (an old path takes it in one), a token of Entra ID as a bearer's."""
        keys = api.azure_keys
        bearers = api.azure_tokens | (set() if "/openai/deployments/" in request.url.path else keys)
        key, bearer = request.headers.get("api-key"), request.headers.get("authorization")
        if key not in keys and bearer not in [f"Bearer {one}" for one in bearers]:
            raise AzureError("401")

    async def create(request):
        deployment = request.path_params.get("deployment")
        if deployment and not VERSION.fullmatch(request.query_params.get("api-version", "")):
            raise AzureError("404")
        # A path that names the deployment says it, and a body need not.
        body = ({"model": deployment} if deployment else {}) | await request.json()
        if (deployment or body.get("model", DEFAULT_MODEL)) not in DEPLOYMENTS | {api.acts_as}:
            raise AzureError("DeploymentNotFound")
        check_chat(body)
        return answer_to(api, request, body, on_azure=True)

    async def nothing(request):
        raise AzureError("404")

    async def nobody(request):
        """Tell a tape that nobody answers; whoever has none doesn't even come here (redirect.py)."""
        marks = api.marks("constructed staged") | {"x-course-fault": "unreachable"}
        return Response(media_type="application/json", headers=marks)

    host = "/{resource}.openai.azure.com"
    return [
        api.route("POST", f"{host}/openai/deployments/{{deployment}}/chat/completions", create, check_key),
        api.route("POST", f"{host}/openai/v1/chat/completions", create, check_key),
        api.route("POST", f"{host}/{{rest:path}}", nothing, check_key),
        api.route("POST", "/{name}.invalid/openai/{rest:path}", nobody, api.anyone),
    ]


def answer_to(api, request, body: dict, on_azure: bool = False) -> Response:
    """Look the request up by its pictures, texts and detail; there is no default answer.

    On Azure an answer carries the results of content filters. Nobody with a key of OpenAI gets it, so it is staged.
    """
    if on_azure and body.get("stream"):
        raise NotImplementedError("a stream of Azure, which begins with what its filters found")
    asked = ask(api, body, body["messages"])
    answer = asked.answer
    fault = None if api.acts_as else answer.due()
    marks = answer.headers | api.marks("constructed staged" if fault else "sample staged" if on_azure else asked.source)
    if fault in faults.ERRORS:
        status, error, headers = faults.ERRORS[fault]
        return JSONResponse(error, status, headers=headers | marks)
    usual = "tool_calls" if answer.calls else "length" if asked.is_cut else "stop"
    reason, place, share = faults.ODD.get(fault, (usual, "content", 1))
    text = asked.text[: int(len(asked.text) * share)]
    message = {"role": "assistant", "content": None, "refusal": None, place: text}
    calls = [{"name": call["name"], "arguments": json.dumps(call["arguments"])} for call in answer.calls]
    if calls:
        called = [{"id": f"call_sample_{n}", "type": "function", "function": call} for n, call in enumerate(calls, 1)]
        message |= {"content": text or None, "tool_calls": called}
    said, limit = text or "".join(map(json.dumps, calls)), body.get("max_completion_tokens")
    usage = {"prompt_tokens": asked.tokens, "completion_tokens": text_tokens(said) if said else limit}
    usage["total_tokens"] = sum(usage.values())
    if not said:
        usage["completion_tokens_details"] = {"reasoning_tokens": limit}
    name = api.acts_as or ("course-constructed" if fault else "course-sample")
    digest = asked.digest(json.dumps(answer.pictures, default=digest_of))  # frames of a video have one size
    common = {"id": f"chatcmpl-{name.removeprefix('course-')}-{digest}", "created": CREATED, "model": name}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    whole = {**common, "object": "chat.completion", "choices": [choice], "usage": usage}
    if on_azure:
        choice["content_filter_results"] = faults.verdicts(**{"violence": "medium"} if fault == "filtered" else {})
        whole["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": faults.verdicts()}]
    events = []
    if body.get("stream"):
        deltas = [{"role": "assistant", "content": ""}, *({place: word} for word in re.split("(?<= )", text)), {}]
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
        choices[-1]["finish_reason"] = reason
        chunks = [{**common, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append(chunks[0] | {"choices": [], "usage": usage})
        events = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    if fault in faults.WIRE:
        return faults.broken(fault, events or whole, request, marks)
    if events:
        return StreamingResponse(events, media_type="text/event-stream", headers=marks)
    return JSONResponse(whole, headers=marks)
