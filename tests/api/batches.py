"""Batches of the local API: each poll goes one state on, from validating to completed, or to expired.

Shapes: the SDK's types, and OpenAI's guide to the Batch API for the lines of its three files. A line that the service
never got to is in the error file with the code batch_expired.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from openai.types import Batch
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.answers import CREATED
from tests.api.responses import keep
from tests.api.validation import ApiError, check_chat, read_json

MOST_LINES, MOST_BYTES, ENDPOINT = 50_000, 200_000_000, "/v1/chat/completions"
EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}


def routes(api: Any, answer: Callable[[Request, dict], Response]) -> list[Route]:
    """The routes; `answer(request, body)` gives what a chat completion with this body would."""
    batches: dict[str, list[dict]] = {}  # the states that a batch has still to go through

    def shown(id: str) -> Response:
        state = batches[id].pop(0) if len(batches[id]) > 1 else batches[id][0]
        return JSONResponse(state, headers=api.marks("constructed"))

    async def create(request: Request) -> Response:
        body = read_json(await request.body())
        for name in ("input_file_id", "endpoint", "completion_window"):
            if name not in body:
                raise ApiError(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
        if body["endpoint"] != ENDPOINT or body["completion_window"] != "24h":
            raise ApiError(f"The local API has batches of {ENDPOINT} within 24h alone.", "invalid_value")
        if body["input_file_id"] not in api.files or api.purposes[body["input_file_id"]] != "batch":
            raise ApiError(f"No such File object: {body['input_file_id']}", param="input_file_id", status=404)
        data = api.files[body["input_file_id"]]
        id = f"batch_sample_{hashlib.sha256(data).hexdigest()[:12]}"
        common = {"id": id, "object": "batch", "endpoint": ENDPOINT, "input_file_id": body["input_file_id"],
                  "completion_window": "24h", "created_at": CREATED, "expires_at": CREATED + 86_400}  # fmt: skip
        batches[id] = [Batch.model_validate(common | state).to_dict(mode="json") for state in states(request, data)]
        return shown(id)

    def states(request: Request, data: bytes) -> list[dict]:
        lines = data.splitlines()
        if errors := list(problems(lines, data)):
            return [{"status": "validating"}, {"status": "failed", "errors": {"object": "list", "data": errors}}]
        out, wrong = [], []
        for line in sorted(
            map(json.loads, lines), key=lambda line: hashlib.sha256(line["custom_id"].encode()).digest()
        ):
            done = answered(request, line["body"])
            found = {"id": f"batch_req_{line['custom_id']}", "custom_id": line["custom_id"], "response": done}
            (out if done and done["status_code"] == 200 else wrong).append(found | {"error": None if done else EXPIRED})
        files = {name: keep(api, f"{name}.jsonl", "batch_output", _jsonl(rows))["id"]
                 for name, rows in (("output", out), ("error", wrong)) if rows}  # fmt: skip
        counts = {"total": len(lines), "completed": len(out), "failed": len(wrong)}
        end = "expired" if any(found["error"] for found in wrong) else "completed"
        ended = {f"{name}_file_id": id for name, id in files.items()} | {"request_counts": counts}
        return [
            {"status": "validating", "request_counts": dict.fromkeys(counts, 0)},
            {"status": "in_progress", "request_counts": {**counts, "completed": len(out) // 2, "failed": 0}},
            *([{"status": "finalizing", "request_counts": counts}] if end == "completed" else []),
            {"status": end, f"{end}_at": CREATED + 86_400 * (end == "expired"), **ended},
        ]

    def answered(request: Request, body: dict) -> dict | None:
        """What a line's request got; None where the batch did not come to it."""
        try:
            check_chat(body)
            made = answer(request, body)
            if "x-course-slow" in made.headers:
                return None
            status, body = made.status_code, json.loads(made.body)
        except ApiError as error:
            status, body = error.status, error.body
        return {"status_code": status, "request_id": "req_sample", "body": body}

    async def retrieve(request: Request) -> Response:
        if request.path_params["id"] not in batches:
            raise ApiError(f"No batch found with id '{request.path_params['id']}'.", param="id", status=404)
        return shown(request.path_params["id"])

    return [
        Route("/v1/batches", api.guarded(create), methods=["POST"]),
        Route("/v1/batches/{id}", api.guarded(retrieve), methods=["GET"]),
    ]


def problems(lines: list[bytes], data: bytes):
    """What the service has against a file of requests (`errors.data` of a failed batch). The words are constructed."""

    def problem(code: str, message: str, line: int | None = None) -> dict:
        return {"code": code, "message": message, "param": None, "line": line}

    if not lines:
        yield problem("empty_file", "The input file is empty.")
    if len(lines) > MOST_LINES or len(data) > MOST_BYTES:
        yield problem("too_large", f"A file holds at most {MOST_LINES:,} requests and {MOST_BYTES:,} bytes.")
    seen = set()
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            missing = [name for name in ("custom_id", "method", "url", "body") if name not in line]
        except (ValueError, TypeError):
            yield problem("invalid_json_line", "This line is not parseable as valid JSON.", number)
            continue
        if missing:
            yield problem("missing_required_parameter", f"Missing required parameter: '{missing[0]}'.", number)
        elif line["method"] != "POST" or line["url"] != ENDPOINT:
            yield problem("invalid_url", "The URL provided for this request does not match the batch endpoint.", number)
        elif line["custom_id"] in seen:
            yield problem("duplicate_custom_id", f"The custom_id '{line['custom_id']}' is there twice.", number)
        seen.add(str(missing or line["custom_id"]))


def _jsonl(rows: list[dict]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
