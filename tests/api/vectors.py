"""Embeddings and transcriptions of the local API.

Embeddings are never made up: a real model gave those of lesson 13, and `make embeddings` asks it again. Otherwise a
request gets the answer that is recorded for its texts. A transcription is the text of the subtitles beside a film of
ours, in the shape of the SDK's types.
"""

import json
from collections.abc import Callable
from typing import Any

from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams
from openai.types.audio import TranscriptionVerbose
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from course.recording.readable import parts_of
from course.recording.shape import RECORDINGS, load
from helpers import video
from tests.api.responses import HOSTS
from tests.api.validation import ApiError, read_json

Embed = Callable[[dict], tuple[dict, str]]  # the body of a request -> the body of its answer, the date
_PARAMS = TypeAdapter(EmbeddingCreateParams)
FORM = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities[]": "segment"}


def recorded(body: dict) -> tuple[dict, str]:
    """Return what a real model answered to the same texts when the lesson was recorded, and when."""
    for item in load(RECORDINGS / "13_search_by_meaning.json").interactions:
        if item.request.url == "/v1/embeddings" and item.request.body == body and item.source == "live":
            return item.response.json_, item.date
    raise LookupError(f"no recorded embeddings of {json.dumps(body, ensure_ascii=False)[:200]}; run `make embeddings`")


def routes(api: Any) -> list[Route]:
    """Return the routes; `api.embed` answers where a real model is asked."""

    async def embeddings(request: Request) -> Response:
        body = read_json(await request.body())
        _PARAMS.validate_python(body)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not texts or not all(texts) or len(texts) > 2048:
            raise ApiError("Invalid 'input': 1 to 2048 texts, none of them empty.", param="input")
        answer, date = (api.embed or recorded)(body)
        # As base64, as the SDK asks for it, the type of an embedding is a string.
        CreateEmbeddingResponse.model_validate(answer | {"data": []})
        headers = api.marks("live") | ({} if api.acts_as else {"x-course-recorded": f"{answer['model']} {date}"})
        return JSONResponse(answer, headers=headers)

    async def transcriptions(request: Request) -> Response:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers.get("content-type", ""))}
        asked = {name: part.data.decode() for name, part in parts.items() if name != "file"}
        film = ROOT / "asset" / "videos" / str(parts["file"].filename)
        if asked != FORM or film.read_bytes() != parts["file"].data:
            raise NotImplementedError(f"a transcription of {film.name} as {asked}")
        said = video.read_subtitles(film.with_suffix(".srt"))
        numbers = {"avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01, "temperature": 0.0}
        segments = [
            {"id": n, "seek": 0, "start": start, "end": end, "text": text, "tokens": [], **numbers}
            for n, (start, end, text) in enumerate(said)
        ]
        text = " ".join(text for _, _, text in said)
        answer = {"task": "transcribe", "language": "english", "duration": 30.13, "text": text, "segments": segments}
        TranscriptionVerbose.model_validate(answer)
        return JSONResponse(answer, headers=api.marks("constructed"))

    asked = {"embeddings": embeddings, "audio/transcriptions": transcriptions}
    return [
        Route(f"{host}/v1/{path}", api.guarded(answer), methods=["POST"])
        for host in HOSTS
        for path, answer in asked.items()
    ]
