"""Transcriptions of the local API: the subtitles beside a film of ours, in the shape of the SDK's types."""

from typing import Any

from openai.types.audio import TranscriptionVerbose
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from course.recording.readable import parts_of
from helpers import video

FORM = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities[]": "segment"}
NUMBERS = {"avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01, "temperature": 0.0}


def routes(api: Any) -> list[Route]:
    """Return the route that lesson 13 asks, as it asks it."""

    async def answer(request: Request) -> Response:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers.get("content-type", ""))}
        film = parts.pop("file")
        if {name: part.data.decode() for name, part in parts.items()} != FORM:
            raise NotImplementedError(f"another transcription of {film.filename}")
        said = video.read_subtitles((ROOT / "asset" / "videos" / str(film.filename)).with_suffix(".srt"))
        segments = [{"id": n, "seek": 0, "start": start, "end": end, "text": text, "tokens": [], **NUMBERS}
                    for n, (start, end, text) in enumerate(said)]  # fmt: skip
        whole = {"duration": said[-1][1], "language": "english", "text": " ".join(text for *_, text in said)}
        TranscriptionVerbose.model_validate(shown := {"task": "transcribe", **whole, "segments": segments})
        return JSONResponse(shown, headers=api.marks("constructed"))

    return [Route("/v1/audio/transcriptions", api.guarded(answer), methods=["POST"])]
