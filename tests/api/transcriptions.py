"""Transcriptions of the local API: the subtitles beside a film of ours, in the shape of the SDK's types."""

from pathlib import Path
from typing import Any

import av
from openai.types.audio import TranscriptionVerbose
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from course.recording.readable import parts_of

FORM = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities[]": "segment"}
NUMBERS = {"avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01, "temperature": 0.0}


def routes(api: Any) -> list[Route]:
    """Return the route that lesson 13 asks, as it asks it."""

    async def answer(request: Request) -> Response:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers.get("content-type", ""))}
        film = ROOT / "asset" / "videos" / str(parts["file"].filename)
        asked = {name: part.data.decode() for name, part in parts.items() if name != "file"}
        if asked != FORM or film.read_bytes() != parts["file"].data:
            raise NotImplementedError(f"a transcription of {film.name} as {asked}")
        said = subtitles_of(film)
        segments = [
            {"id": n, "seek": 0, "start": start, "end": end, "text": text, "tokens": [], **NUMBERS}
            for n, (start, end, text) in enumerate(said)
        ]
        whole = {"duration": said[-1][1], "language": "english", "text": " ".join(text for *_, text in said)}
        shown = {"task": "transcribe", **whole, "segments": segments}
        TranscriptionVerbose.model_validate(shown)
        return JSONResponse(shown, headers=api.marks("constructed"))

    return [Route("/v1/audio/transcriptions", api.guarded(answer), methods=["POST"])]


def subtitles_of(film: Path) -> list[tuple[float, float, str]]:
    """Read the subtitles beside a film, if there are any: (start, end, text) of each, in seconds."""
    if not (path := film.with_suffix(".srt")).is_file():
        return []
    with av.open(str(path)) as file:
        read: list[Any] = [(packet, part) for packet in file.demux(subtitles=0) for part in packet.decode()]
    texts = ((one.pts, one.pts + one.duration, " ".join(part.dialogue.decode().split())) for one, part in read)
    return [(start / 1000, end / 1000, text) for start, end, text in texts]
