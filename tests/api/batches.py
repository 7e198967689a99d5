"""Batches of the local API: each poll goes one state on, from validating to completed, or to expired.

Shapes: the SDK's types, and OpenAI's guide to the Batch API for the lines of its three files. A line that the service
never got to is in the error file with the code batch_expired.
"""

import hashlib
import json
from typing import Any

from openai.types import Batch
from starlette.requests import Request
from starlette.routing import Route

from tests.api.answers import CREATED
from tests.api.chat import answer_to
from tests.api.responses import keep
from tests.api.validation import check_batch, check_chat

EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}


def routes(api: Any) -> list[Route]:
    batches: dict[str, list[dict]] = {}  # the states that a batch has still to go through

    def shown(id: str) -> dict:
        return batches[id].pop(0) if len(batches[id]) > 1 else batches[id][0]

    async def create(request: Request) -> dict:
        check_batch(body := await request.json())
        purpose, data = api.files[body["input_file_id"]]
        lines = [json.loads(line) for line in data.splitlines()]
        where = {(purpose, line["method"], line["url"]) for line in lines}
        if where != {("batch", "POST", body["endpoint"])} or len({line["custom_id"] for line in lines}) < len(lines):
            raise NotImplementedError("a batch that fails")
        id = f"batch_sample_{hashlib.sha256(data).hexdigest()[:12]}"
        common = {"id": id, "object": "batch", "endpoint": body["endpoint"], "input_file_id": body["input_file_id"],
                  "completion_window": "24h", "created_at": CREATED, "expires_at": CREATED + 86_400}  # fmt: skip
        batches[id] = [Batch.model_validate(common | state).to_dict(mode="json") for state in states(request, lines)]
        return shown(id)

    def states(request: Request, lines: list[dict]) -> list[dict]:
        out, wrong = [], []
        for line in sorted(lines, key=lambda line: hashlib.sha256(line["custom_id"].encode()).digest()):
            done = answered(request, line["body"])
            found = {"id": f"batch_req_{line['custom_id']}", "custom_id": line["custom_id"], "response": done}
            (out if done and done["status_code"] == 200 else wrong).append(found | {"error": None if done else EXPIRED})
        files = {f"{name}_file_id": keep(api, f"{name}.jsonl", "batch_output", _jsonl(rows))["id"]
                 for name, rows in (("output", out), ("error", wrong)) if rows}  # fmt: skip
        counts = {"total": len(lines), "completed": len(out), "failed": len(wrong)}
        end = "expired" if any(found["error"] for found in wrong) else "completed"
        return [
            {"status": "validating", "request_counts": dict.fromkeys(counts, 0)},
            {"status": "in_progress", "request_counts": {**counts, "completed": len(out) // 2, "failed": 0}},
            *([{"status": "finalizing", "request_counts": counts}] if end == "completed" else []),
            {"status": end, f"{end}_at": CREATED + 86_400 * (end == "expired"), **files, "request_counts": counts},
        ]

    def answered(request: Request, body: dict) -> dict | None:
        """What a line's request got; None where the batch did not come to it."""
        check_chat(body)
        made = answer_to(api, request, body)
        if "x-course-slow" in made.headers:
            return None
        return {"status_code": made.status_code, "request_id": "req_sample", "body": json.loads(made.body)}

    async def retrieve(request: Request) -> dict:
        return shown(request.path_params["id"])

    return [api.route("POST", "/v1/batches", create), api.route("GET", "/v1/batches/{id}", retrieve)]


def _jsonl(rows: list[dict]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
