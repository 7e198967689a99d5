"""Recordings made by hand, without a service, and what a recording holds."""

import json

from course.recording import readable
from course.recording.shape import Interaction, RecordedResponse, Recording, cell_digest
from tests.conftest import question

CHAT = "https://api.openai.com/v1/chat/completions"


def item(asked=None, text="A cup.", *, url=CHAT, method="POST", cell=None, status=200, source="sample", **more):
    """An interaction; `asked` is the body of the request, a question about our coffee if it is not given."""
    body = json.dumps(asked or question()).encode() if method == "POST" else None
    headers = {"content-type": "application/json"} if body else {}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    said = {"id": f"chatcmpl-{text}", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    said = None if status == 204 else said if status < 400 else {"error": {"message": text}}
    response = RecordedResponse(status=status, headers={"content-type": "application/json"}, json_=said)
    request = readable.recorded_request(method, url, headers, body, readable.DEFAULT_MODEL)
    return Interaction(
        cell=cell_digest(cell) if cell else "", source=source, request=request, **{"response": response} | more
    )


def put(folder, *items):
    """Put these interactions into the recording of the lesson."""
    Recording(lesson="lesson", interactions=list(items)).save(folder / "lesson.json")


def stored(folder, lesson="lesson"):
    return json.loads((folder / f"{lesson}.json").read_text(encoding="utf-8")).get("interactions", [])
