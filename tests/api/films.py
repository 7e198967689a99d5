"""What services answer about our films, constructed: what is said in one stands in the subtitles beside it.

Transcriptions, Azure AI Content Understanding (of the models of Azure's own package), and Azure AI Vision's video
retrieval, retired on 2025-06-30 (video_retrieval.toml), as lessons 05 and 13 ask them: with any key, and nothing else.
"""

import csv
import json
import tomllib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import av
from azure.ai.contentunderstanding import models
from openai.types.audio import TranscriptionVerbose
from starlette.responses import JSONResponse, Response

from course.assets import ROOT
from course.recording.readable import parts_of

VIDEOS = ROOT / "asset" / "videos"
TRANSCRIPTION = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities[]": "segment"}
NUMBERS = {"avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01, "temperature": 0.0}
RETIRED, CURRENT, ANALYZER = "2023-05-01-preview", "2025-11-01", "prebuilt-videoSearch"
CALLS = tomllib.loads(Path(__file__).with_name("video_retrieval.toml").read_text(encoding="utf-8"))["call"]


def routes(api):
    """Return a route of OpenAI, and those of any *.services.ai.azure.com and *.cognitiveservices.azure.com host."""
    results: dict[str, Iterator[dict]] = {}  # by operation: what it says, one each time somebody asks (our choice)
    calls = [(call, cycle(call.get("answers", ()))) for call in CALLS]

    async def transcribe(request):
        parts = {part.name: part for part in parts_of(await request.body(), request.headers["content-type"])}
        film = parts.pop("file").filename
        if {name: part.data.decode() for name, part in parts.items()} != TRANSCRIPTION:
            raise NotImplementedError(f"another transcription of {film}")
        said = subtitles_of(film)
        segments = [{"id": n, "seek": 0, "start": begin / 1000, "end": end / 1000, "text": text, "tokens": []} | NUMBERS
                    for n, (begin, end, text) in enumerate(said)]  # fmt: skip
        whole = {"duration": said[-1][1] / 1000, "language": "english", "text": " ".join(text for *_, text in said)}
        TranscriptionVerbose.model_validate(shown := {"task": "transcribe", **whole, "segments": segments})
        return shown

    async def analyze(request):
        if request.query_params["api-version"] != CURRENT:
            raise NotImplementedError("another version")
        (source,) = (await request.json())["inputs"]
        film = urlsplit(source["url"]).path.rpartition("/")[2]
        operation = {"id": str(uuid5(NAMESPACE_URL, film))}
        done = {"status": "Succeeded", "result": result(film)}
        results[operation["id"]] = cycle([operation | {"status": "Running"}, operation | done])
        begin = f"https:/{request.url.path.partition('/analyzers/')[0]}/analyzerResults"
        where = {"operation-location": f"{begin}/{operation['id']}?api-version={CURRENT}"}
        return JSONResponse(operation | {"status": "NotStarted"}, 202, api.marks("constructed staged") | where)

    async def look(request):
        return next(results[request.path_params["operation"]])

    async def retired(request):
        what, version = f"{request.method} {request.path_params['call']}", request.query_params["api-version"]
        asked = what, json.loads(await request.body() or "null"), version
        [(call, answers)] = [one for one in calls if (one[0]["asked"], one[0].get("body"), RETIRED) == asked]
        headers = api.marks("constructed")
        if call["status"] == 202:
            headers["operation-location"] = f"https:/{request.url.path}?api-version={RETIRED}"
        if "answers" not in call:
            return Response(None, call["status"], headers)
        return JSONResponse(next(answers), call["status"], headers)

    start = "/{host}.services.ai.azure.com/contentunderstanding"
    index = "/{host}.cognitiveservices.azure.com/computervision/retrieval/indexes/{call:path}"
    return [
        api.route("POST", "/api.openai.com/v1/audio/transcriptions", transcribe),
        api.route("POST", f"{start}/analyzers/{ANALYZER}:analyze", analyze, api.anyone),
        api.route("GET", f"{start}/analyzerResults/{{operation}}", look, api.anyone),
        api.route("GET POST PUT DELETE", index, retired, api.anyone),
    ]


def result(film: str) -> dict:
    """Describe a film of asset/videos: a content for each moment of moments.csv, with what is said in it."""
    said, contents = subtitles_of(film), []
    rows = csv.DictReader((VIDEOS / "moments.csv").read_text(encoding="utf-8").splitlines())
    for row in (row for row in rows if row["video"] == film):
        start, end = round(float(row["start"]) * 1000), round(float(row["end"]) * 1000)
        phrases = [
            models.TranscriptPhrase(speaker="Speaker 1", start_time_ms=begin, end_time_ms=until, locale="en-US",
                                    text=text, confidence=0.9, words=[])
            for begin, until, text in said if start <= begin < end
        ]  # fmt: skip
        summary = f"The scene shows {row['what']}."
        content = models.AudioVisualContent(
            mime_type="video/mp4", start_time_ms=start, end_time_ms=end, width=640, height=360,
            markdown=f"# Video: {start} ms => {end} ms\n\n{summary}",
            fields={"Summary": models.ContentField({"type": "string", "valueString": summary})},
            key_frame_times_ms=[(start + end) // 2], transcript_phrases=phrases,
        )  # fmt: skip
        contents.append({"kind": content.kind, **content.as_dict()})
    head = {"analyzerId": ANALYZER, "apiVersion": CURRENT, "createdAt": "2026-11-27T12:00:00Z", "warnings": []}
    return head | {"contents": contents}


def subtitles_of(film: str) -> list[tuple[int, int, str]]:
    """Read the subtitles beside a film: (start, end, text) of each, in milliseconds, its text in one line."""
    with av.open(str((VIDEOS / film).with_suffix(".srt"))) as file:
        read = [(packet, part) for packet in file.demux(subtitles=0) for part in packet.decode()]
    return [(one.pts, one.pts + one.duration, " ".join(part.dialogue.decode().split())) for one, part in read]
