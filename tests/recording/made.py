"""Recordings made by hand, without a service; what a recording holds; and the question that tests ask, in two ways."""

import json

import openai
import requests

from course.recording import readable
from course.recording.shape import Interaction, RecordedResponse, cell_digest
from tests.conftest import question

CHAT = "https://api.openai.com/v1/chat/completions"


def kept(body=None, method="POST", url=CHAT, headers=None):
    """What is recorded of a request; a body that is no bytes is sent as JSON."""
    if not isinstance(body, bytes):
        headers, body = {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode()
    return readable.recorded_request(method, url, headers or {}, body, readable.DEFAULT_MODEL)


def item(asked=None, text="A cup.", *, url=CHAT, method="POST", cell=None, status=200, **more):
    """An interaction; `asked` is the body of the request, a question about our coffee if it is not given."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    said = {"id": f"chatcmpl-{text}", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    said = None if status == 204 else said if status < 400 else {"error": {"message": text}}
    response = RecordedResponse(status=status, headers={"content-type": "application/json"}, json_=said)
    request = kept(asked or question(), url=url) if method == "POST" else kept(b"", method, url)
    about = {"cell": cell_digest(cell) if cell else "", "source": "sample", "request": request, "response": response}
    return Interaction(**about | more)


def stored(folder):
    """The interactions in the lesson's recording, as JSON."""
    return json.loads((folder / "lesson.json").read_text(encoding="utf-8")).get("interactions", [])


def ask(*about, client=None, **more):
    """Ask `question` with the SDK, by default with a client that is made now."""
    return (client or openai.OpenAI()).chat.completions.create(**question(*about, **more))


def post(*about, headers=None, timeout=9, **more):
    """Ask `question` with requests."""
    body = question(*about, **more)
    return requests.post(CHAT, headers=headers, json=body, timeout=timeout, stream=body.get("stream"))
