"""Files and batches of the local API. Each poll of a batch goes one state on, from validating to completed, or expired.

Shapes: the SDK's types, and OpenAI's guide to the Batch API for the lines of its three files. A line that the service
never got to is in the error file with the code batch_expired.
"""

import hashlib
import json

from openai.types import Batch, FileObject
from starlette.responses import Response

from course.recording.readable import parts_of
from tests.api.answers import CREATED
from tests.api.chat import answer_to
from tests.api.validation import check_batch, check_chat

EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}


def routes(api):
    batches: dict[str, list[dict]] = {}  # the states that a batch has still to go through

    def keep(filename: str, purpose: str, data: bytes) -> dict:
        """Keep a file, and return what the service shows of it."""
        digest = hashlib.sha256(b"\0".join([filename.encode(), purpose.encode(), data])).hexdigest()
        shown = {"id": f"file-sample-{digest[:12]}", "object": "file", "bytes": len(data), "created_at": CREATED,
                 "filename": filename, "purpose": purpose, "status": "processed", "expires_at": None,
                 "status_details": None}  # fmt: skip
        FileObject.model_validate(shown)
        api.files[shown["id"]] = purpose, data
        return shown

    async def upload(request):
        parts = {part.name: part for part in parts_of(await request.body(), request.headers["content-type"])}
        return keep(parts["file"].filename, parts["purpose"].data.decode(), parts["file"].data)

    async def content(request):
        _, data = api.files[request.path_params["id"]]
        return Response(data, headers=api.marks("constructed"), media_type="application/octet-stream")

    async def create(request):
        check_batch(body := await request.json())
        purpose, data = api.files[body["input_file_id"]]
        lines = [json.loads(line) for line in data.splitlines()]
        where = {(purpose, line["method"], line["url"]) for line in lines}
        if where != {("batch", "POST", body["endpoint"])} or len({line["custom_id"] for line in lines}) < len(lines):
            raise NotImplementedError("a batch that fails")
        # In no order that anybody could rely on.
        lines.sort(key=lambda line: hashlib.sha256(line["custom_id"].encode()).digest())
        id = f"batch_sample_{hashlib.sha256(data).hexdigest()[:12]}"
        common = {"id": id, "object": "batch", "endpoint": body["endpoint"], "input_file_id": body["input_file_id"],
                  "completion_window": "24h", "created_at": CREATED, "expires_at": CREATED + 86_400}  # fmt: skip
        rows = [row(request, line) for line in lines]
        batches[id] = [Batch.model_validate(common | state).to_dict(mode="json") for state in states(rows)]
        return shown(id)

    def row(request, line: dict) -> dict:
        """Return a line of the output or the error file."""
        check_chat(line["body"])
        made = answer_to(api, request, line["body"])
        done = {"status_code": made.status_code, "request_id": "req_sample", "body": json.loads(made.body)}
        found = {"id": f"batch_req_{line['custom_id']}", "custom_id": line["custom_id"]}
        is_late = "x-course-slow" in made.headers
        return found | {"response": None if is_late else done, "error": EXPIRED if is_late else None}

    def states(rows: list[dict]) -> list[dict]:
        out = [row for row in rows if row["response"] and row["response"]["status_code"] == 200]
        files, end = {}, "expired" if any(row["error"] for row in rows) else "completed"
        for name, found in {"output": out, "error": [row for row in rows if row not in out]}.items():
            data = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in found).encode()
            files |= {f"{name}_file_id": keep(f"{name}.jsonl", "batch_output", data)["id"]} if found else {}
        counts = {"total": len(rows), "completed": len(out), "failed": len(rows) - len(out)}
        return [
            {"status": "validating", "request_counts": dict.fromkeys(counts, 0)},
            {"status": "in_progress", "request_counts": {**counts, "completed": len(out) // 2, "failed": 0}},
            *([{"status": "finalizing", "request_counts": counts}] if end == "completed" else []),
            {"status": end, f"{end}_at": CREATED + 86_400 * (end == "expired"), **files, "request_counts": counts},
        ]

    def shown(id: str) -> dict:
        return batches[id].pop(0) if len(batches[id]) > 1 else batches[id][0]

    async def retrieve(request):
        return shown(request.path_params["id"])

    return [
        api.route("POST", "/v1/files", upload),
        api.route("GET", "/v1/files/{id}/content", content),
        api.deletion(api.files, "file"),
        api.route("POST", "/v1/batches", create),
        api.route("GET", "/v1/batches/{id}", retrieve),
    ]
