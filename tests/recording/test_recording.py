"""course/recording over the real openai SDK and requests, against the local API on a real socket."""

import asyncio
import base64
import io
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx2
import nbformat
import openai
import pytest
import requests
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import EpsImagePlugin, Image, ImageDraw, ImageFont, ImageOps
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.recording import environment, masking, readable, session
from course.recording import shape as cassette
from course.recording.pictures import bodies_match, describe_text
from tests.api import API_KEY, redirect, serve
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

CHAT = "https://api.openai.com/v1/chat/completions"
CANARY = "canary-5f1e0c77-0123456789"

# What Python itself does on the network while `watched` is a list: an audit hook can't be removed, only unheeded.
watched = None


def _note(event, args):
    if watched is not None and event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        watched.append((event, args[-1]))


sys.addaudithook(_note)


@pytest.fixture
def network(monkeypatch):
    """A list that fills with every use of the network."""
    monkeypatch.setattr(sys.modules[__name__], "watched", [])
    return watched


def stored(folder, lesson="lesson"):
    return json.loads((folder / f"{lesson}.json").read_text(encoding="utf-8"))["interactions"]


async def ask_async(times=1, **more):
    async with openai.AsyncOpenAI() as client:
        return await asyncio.gather(*[client.chat.completions.create(**question(**more)) for _ in range(times)])


async def stream_async():
    async with openai.AsyncOpenAI() as client:
        chunks = await client.chat.completions.create(**question(stream=True))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


def everything():
    """One question through every kind of client, and the picture itself; five texts and a digest."""
    client = openai.OpenAI()
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    return {
        "sync": client.chat.completions.create(**question()).choices[0].message.content,
        "stream": "".join(
            chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**question(stream=True))
        ),
        "async": asyncio.run(ask_async())[0].choices[0].message.content,
        "async stream": asyncio.run(stream_async()),
        "requests": requests.post(CHAT, headers=headers, json=question(), timeout=9).json()["choices"][0]["message"][
            "content"
        ],
        "picture": requests.get(COFFEE, timeout=9).content == COFFEE_FILE.read_bytes(),
    }


# --- replay ---


def test_every_client_replays_what_was_recorded_without_network(record, replay, api, network):
    record()
    recorded = everything()
    assert recorded["sync"].startswith("A small red-brown espresso cup") and recorded["picture"] is True
    assert set(recorded.values()) == {recorded["sync"], True}, "each client reads the same text"
    asked = len(api.requests)
    assert asked == 6 and network, "the recording came over a socket"

    network.clear()
    replay()
    assert everything() == recorded
    assert len(api.requests) == asked
    assert network == []


def test_replay_needs_no_variable_and_none_disturbs_it(record, replay, monkeypatch):
    record()
    recorded = everything()
    monkeypatch.delenv("COURSE_UPSTREAM")
    disturbing = {
        "OPENAI_API_KEY": "sk-somebody-elses-key",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_ORG_ID": "org-somebody",
        "OPENAI_PROJECT_ID": "proj_somebody",
        "OPENAI_CUSTOM_HEADERS": "X-Odd: header",
        "VISION_MODEL": "somebody-elses-model",
        "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
        "HTTP_PROXY": "socks5://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "socks5://127.0.0.1:9",
        "SSL_CERT_FILE": "no-such-file.pem",
        "REQUESTS_CA_BUNDLE": "no-such-file.pem",
    }
    for name, value in disturbing.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson")
    assert not set(disturbing) - {"OPENAI_API_KEY"} & set(os.environ)
    assert everything() == recorded
    recording.stop()
    assert {name: os.environ.get(name) for name in disturbing} == disturbing, "they are back afterwards"


def test_a_variable_set_during_replay_stays(record, replay, monkeypatch):
    record()
    openai.OpenAI().chat.completions.create(**question())
    recording.stop()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/old")
    replay()
    os.environ["OPENAI_BASE_URL"] = "http://127.0.0.1:9/new"
    recording.stop()
    assert os.environ["OPENAI_BASE_URL"] == "http://127.0.0.1:9/new"


def test_a_recording_made_with_another_model_plays(record, replay, monkeypatch):
    monkeypatch.setenv("VISION_MODEL", "llava")
    record()
    assert openai.OpenAI().chat.completions.create(**question()).model == "course-sample"
    monkeypatch.delenv("VISION_MODEL")
    replay()
    assert openai.OpenAI().chat.completions.create(**question()).choices


def test_a_recording_made_from_a_local_server_plays(folder, api, replay, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="record")
    openai.OpenAI().chat.completions.create(**question())
    assert [(i["source"], i["request"]["url"]) for i in stored(folder)] == [("live", "/v1/chat/completions")]
    recording.stop()
    monkeypatch.delenv("OPENAI_BASE_URL")
    replay()
    assert openai.OpenAI().chat.completions.create(**question()).choices


def test_five_threads_at_once(record, replay, network):
    record()
    client = openai.OpenAI()
    for limit in range(101, 106):
        client.chat.completions.create(**question() | {"max_completion_tokens": limit})
    replay()
    client = openai.OpenAI()
    network.clear()

    def usage(limit):
        answer = client.chat.completions.create(**question() | {"max_completion_tokens": 101 + limit % 5})
        return answer.id

    with ThreadPoolExecutor(5) as pool:
        ids = list(pool.map(usage, range(50)))
    assert len(set(ids)) == 5 and ids == ids[:5] * 10, "each thread got the answer to its own request"
    assert network == []


def test_requests_in_five_threads_at_once(record, replay, folder, network):
    """vcrpy takes its patches off for a moment while it connects: no thread may slip through to the network then."""
    record()
    assert requests.get(COFFEE, timeout=9).status_code == 200
    replay()
    network.clear()
    with ThreadPoolExecutor(5) as pool:
        sizes = list(pool.map(lambda _: len(requests.get(COFFEE, timeout=9).content), range(40)))
    assert set(sizes) == {466_706} and network == []


def test_two_kernels_at_once_do_not_disturb_each_other(record, folder, monkeypatch):
    record()
    openai.OpenAI().chat.completions.create(**question())
    recording.stop()
    monkeypatch.delenv("COURSE_UPSTREAM")
    before = (folder / "lesson.json").read_bytes()
    source = (
        "from openai import OpenAI\nfrom course import recording\nfrom tests.conftest import question\n"
        "recording.start('lesson')\n"
        "for _ in range(20):\n    answer = OpenAI().chat.completions.create(**question())\nprint(answer.id)"
    )
    notebooks = [new_notebook(cells=[new_code_cell(source)]) for _ in range(2)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    async def both():
        clients = [NotebookClient(n, timeout=60) for n in notebooks]
        await asyncio.gather(*[client.async_execute(env=environment) for client in clients])

    asyncio.run(both())
    texts = [n.cells[0].outputs[0].text for n in notebooks]
    assert texts[0] == texts[1] != ""
    assert (folder / "lesson.json").read_bytes() == before


# --- which cell asks ---


class Service:
    """A thing that exists, is deleted and is gone; and a job that runs, runs and completes."""

    def __init__(self):
        self.exists, self.asked = True, 0

    async def thing(self, request):
        if not self.exists:
            return JSONResponse({"error": {"message": "gone"}}, 404)
        if request.method == "DELETE":
            self.exists = False
            return Response(status_code=204)
        return JSONResponse({"name": "thing"})

    async def job(self, request):
        self.asked += 1
        return JSONResponse({"state": "Completed" if self.asked >= 3 else "Running"})

    def routes(self):
        host = "/api.openai.com/v1"
        return [
            Route(f"{host}/thing", self.thing, methods=["GET", "DELETE"]),
            Route(f"{host}/job", self.job, methods=["GET"]),
        ]


THING, JOB = "https://api.openai.com/v1/thing", "https://api.openai.com/v1/job"


def poll():
    """Ask until the job is done; the states seen."""
    states = []
    while not states or states[-1] != "Completed":
        states.append(requests.get(JOB, timeout=9).json()["state"])
        assert len(states) < 9, "the poll never ends"
    return states


@pytest.fixture
def service(api):
    # `record` asks at api.url; a server reads its routes when it starts, so these need one of their own.
    with serve(routes=Service().routes()) as running:
        api.url = running.url
        yield running


def test_get_delete_get_in_three_cells_forwards_and_again(service, record, replay):
    cells = {
        "one": ("requests.get(THING)", lambda: requests.get(THING, timeout=9)),
        "two": ("requests.delete(THING)", lambda: requests.delete(THING, timeout=9)),
        "three": ("print(requests.get(THING).status_code)", lambda: requests.get(THING, timeout=9)),
    }
    tape = record()

    def run(name):
        tape.begin_cell(cells[name][0])
        return cells[name][1]().status_code

    assert [run(name) for name in cells] == [200, 204, 404]
    tape = replay()
    assert [run(name) for name in cells] == [200, 204, 404]
    assert [run(name) for name in cells] == [200, 204, 404], "the whole notebook again"
    assert [run(name) for name in ("three", "one", "one", "three", "two", "one")] == [404, 200, 200, 404, 204, 200]


def test_no_lesson_has_two_cells_of_the_same_source_that_ask():
    """They would share a digest, and so their interactions: a cell recorded later would replace an earlier one's."""
    for path in cassette.RECORDINGS.glob("*.json"):
        cells = nbformat.read(ROOT / "notebooks" / f"{path.stem}.ipynb", as_version=4).cells
        digests = Counter(cassette.cell_digest(cell.source) for cell in cells if cell.cell_type == "code")
        asking = {item.cell for item in cassette.load(path).interactions}
        assert [digest for digest in asking if digests[digest] > 1] == [], path.stem


def test_a_second_cell_of_the_same_source_is_answered_as_the_first(service, record, replay):
    tape = record()
    tape.begin_cell("poll()", "a")
    poll()
    tape = replay()
    for cell_id in ("a", "b", "a", None):
        tape.begin_cell("poll()", cell_id)
        assert poll() == ["Running", "Running", "Completed"]


def test_a_poll_plays_its_states_in_order_each_time(service, record, replay):
    tape = record()
    tape.begin_cell("poll()")
    assert poll() == ["Running", "Running", "Completed"]
    tape = replay()
    for _ in range(3):
        tape.begin_cell("poll()")
        assert poll() == ["Running", "Running", "Completed"]
    assert requests.get(JOB, timeout=9).json()["state"] == "Completed", "once more than recorded: the last state"


def test_a_learners_own_cell_goes_on_where_the_tape_stands(service, record, replay):
    tape = record()
    tape.begin_cell("poll()")
    poll()
    tape = replay()
    states = []
    for source in ("a new cell", "another", "a third", "a fourth"):
        tape.begin_cell(source)
        states.append(requests.get(JOB, timeout=9).json()["state"])
    assert states == ["Running", "Running", "Completed", "Completed"]


def test_an_edited_cell_keeps_its_place_in_jupyterlab(service, record, replay):
    tape = record()
    cells = [("first()", "a", requests.get), ("delete()", "b", requests.delete), ("second()", "c", requests.get)]
    for source, cell_id, call in cells:
        tape.begin_cell(source, cell_id)
        call(THING, timeout=9)
    tape = replay()
    for source, cell_id, call in cells:
        tape.begin_cell(source, cell_id)
        call(THING, timeout=9)
    tape.begin_cell("first()  # edited", "a")
    assert requests.get(THING, timeout=9).status_code == 200
    tape.begin_cell("second()  # edited", "c")
    assert requests.get(THING, timeout=9).status_code == 404


def test_a_cell_edited_before_it_ran_is_served_from_where_the_tape_stands(service, record, replay):
    tape = record()
    for source, call in (("first()", requests.get), ("delete()", requests.delete), ("second()", requests.get)):
        tape.begin_cell(source)
        call(THING, timeout=9)
    tape = replay()
    tape.begin_cell("delete()")
    requests.delete(THING, timeout=9)
    tape.begin_cell("second()  # edited")
    assert requests.get(THING, timeout=9).status_code == 404, "what was recorded after the DELETE"


def test_the_same_question_in_two_cells_is_answered_in_both(record, replay):
    tape = record()
    for source in ("first", "second"):
        tape.begin_cell(source)
        openai.OpenAI().chat.completions.create(**question())
    interactions = tape.recording.interactions
    interactions[1].response.json_["choices"][0]["message"]["content"] = "the second answer"
    tape.recording.save(ROOT / tape.path)
    tape = replay()
    texts = []
    for source in ("first", "second", "first", "second", "second"):
        tape.begin_cell(source)
        texts.append(openai.OpenAI().chat.completions.create(**question()).choices[0].message.content)
    assert [text == "the second answer" for text in texts] == [False, True, False, True, True]


def test_recording_a_cell_again_replaces_what_it_asked(record, folder):
    tape = record()
    for _ in range(2):
        tape.begin_cell("the cell", "id-1")
        openai.OpenAI().chat.completions.create(**question())
    assert len(stored(folder)) == 1


# --- what a recording holds ---


def test_pictures_are_references_never_base64(record, folder):
    record()
    client = openai.OpenAI()
    client.chat.completions.create(**question(picture=data_url()))
    requests.get(COFFEE, timeout=9)
    body = {"picture": data_url().split(",")[1], "odd": data_url(b"\xff\xd8\xff not one of ours", "image/jpeg")}
    requests.post("https://api.openai.com/v1/elsewhere", json=body, timeout=9)
    noise = bytes(range(256)) * 3
    requests.post("https://api.openai.com/v1/elsewhere", json=base64.b64encode(noise).decode(), timeout=9)
    assert stored(folder)[3]["request"]["body"]["base64"]["bytes"] == len(noise)
    ours = {"file": "asset/images/coffee.png", "sha256": stored(folder)[1]["response"]["file"]["sha256"]}
    part = stored(folder)[0]["request"]["body"]["messages"][0]["content"][1]
    assert part["image_url"] == {"url": {"data_url": "image/png", **ours}, "detail": "low"}
    assert stored(folder)[1]["response"]["file"] == ours
    assert stored(folder)[2]["request"]["body"]["picture"] == {"base64": ours}
    assert stored(folder)[2]["request"]["body"]["odd"]["bytes"] == 19
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert data_url()[30:60] not in text and len(text) < 6_000


def packed(image, kind="PNG", **options):
    """A data URL of an image in memory."""
    image.save(file := io.BytesIO(), kind, **options)
    return data_url(file.getvalue(), f"image/{kind.lower()}")


def test_a_picture_made_on_the_way_is_known_by_its_look(folder, record, replay, monkeypatch):
    """Another machine packs the same pixels into other bytes: it replays. Another look does not."""
    small = Image.open(COFFEE_FILE).convert("RGB").resize((300, 200))
    asked, other = packed(small, compress_level=9), packed(small, compress_level=1)
    assert asked != other
    monkeypatch.setattr("tests.api.server._fetch", lambda url, public: COFFEE_FILE.read_bytes())
    record()
    openai.OpenAI().chat.completions.create(**question(picture=asked))
    openai.OpenAI().chat.completions.create(**question(picture=packed(small, "JPEG", quality=90)))
    stored_text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"picture": "image/png, 300 x 200 pixels"' in stored_text and "sha256" not in stored_text
    replay()
    client = openai.OpenAI()
    for same in (asked, other, packed(small, "JPEG", quality=90), packed(small, "JPEG", quality=91)):
        assert client.chat.completions.create(**question(picture=same)).choices
    marked = small.copy()
    ImageDraw.Draw(marked).rectangle((100, 60, 200, 140), outline="red", width=3)
    others = {
        "a mark": packed(marked),
        "another size": packed(small.resize((301, 200))),
        "another format": packed(small, "WEBP", lossless=True),
        "darker": packed(small.point(lambda value: int(value * 0.95))),
        "mirrored": packed(ImageOps.mirror(small)),
    }
    for what, picture in others.items():
        with pytest.raises(recording.NotRecorded) as caught:
            client.chat.completions.create(**question(picture=picture))
        assert "picture: recorded" in str(caught.value) and "yours" in str(caught.value), what


def test_postscript_is_described_and_never_opened(monkeypatch):
    opened = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args: opened.append(args))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    assert describe_text(data_url(eps, "image/eps"))["bytes"] == len(eps)
    assert opened == []


def look(*fields):
    return base64.b64encode(bytes(fields) + bytes(2304 - len(fields))).decode()


@pytest.mark.parametrize("odd", ["00", 5, "--" * 1536, look()[:-4], None])
def test_a_look_that_is_none_is_compared_as_it_is(odd):
    body = {"look": odd}
    assert bodies_match(body, dict(body)) and not bodies_match(body, {"look": look()})
    assert not bodies_match({"look": look()}, body)
    assert bodies_match([{"look": look()}], [{"look": look(1, 0, 1)}])
    assert not bodies_match([{"look": look()}], [{"look": look(0, 2)}])


def test_another_word_on_a_page_is_another_picture():
    def page(total):
        image = Image.new("L", (1024, 768), 255)
        font = ImageFont.truetype(ROOT / "asset" / "fonts" / "NanumGothic-Regular.ttf", 24)
        ImageDraw.Draw(image).text((400, 600), f"Total: {total}", font=font, fill=0)
        return describe_text(packed(image)), describe_text(packed(image, "JPEG", quality=90))

    assert bodies_match(page("18.50")[0], page("18.50")[0])
    assert not bodies_match(page("18.50")[0], page("18.51")[0]), "of a PNG each pixel counts"
    assert bodies_match(page("18.50")[1], page("18.50")[1])
    assert not bodies_match(page("18.50")[1], page("93.20")[1]), "of a JPEG more than a digit"


def test_another_label_is_named_as_the_media_type(record, replay):
    record()
    openai.OpenAI().chat.completions.create(**question(picture=data_url()))
    replay()
    with pytest.raises(recording.NotRecorded, match='media type: recorded "image/png" - yours "image/jpeg"'):
        openai.OpenAI().chat.completions.create(**question(picture=data_url(kind="image/jpeg")))


def test_compressed_answers_are_stored_as_text(record, folder, network):
    record()
    answer = openai.OpenAI().chat.completions.with_raw_response.create(**question())
    assert answer.headers["content-encoding"] == "gzip", "the service did compress"
    response = stored(folder)[0]["response"]
    assert response["json"]["choices"][0]["message"]["content"].startswith("A small red-brown")
    assert response["headers"] == {"content-type": "application/json"}


async def _echo(request):
    """Everything that came, in the body and in headers."""
    body = (await request.body()).decode()
    said = {"headers": dict(request.headers), "body": body, "api_key": f"{CANARY}-response-field"}
    said["message"] = "Incorrect API key provided: sk-c*****f77. Organization org-" + CANARY.replace("-", "")
    headers = {
        "set-cookie": f"session={CANARY}-set-cookie",
        "openai-organization": f"{CANARY}-response-header",
        "operation-location": f"https://x.blob.core.windows.net/v?sv=2022&sig={CANARY}-location",
    }
    return JSONResponse(said, headers=headers)


def test_no_secret_reaches_a_recording(folder, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", f"{CANARY}-environment")
    sent = {name: f"{CANARY}-{name}" for name in ("api-key", "Cookie", "Ocp-Apim-Subscription-Key", "x-api-key",
                                                  "OpenAI-Organization", "OpenAI-Project")}  # fmt: skip
    sas = f"https://a.blob.core.windows.net/v/a.mp4?sp=r&st=2024&se=2025&sv=2022-11-02&sr=b&sig={CANARY}-body"
    body = {
        "videos": [{"documentUrl": sas}],
        "dataSources": [{"parameters": {"key": f"{CANARY}-field"}}],
        "note": f"Bearer {CANARY}xyz and sk-{CANARY} and {CANARY}-environment and {CANARY}-api-key",
    }
    with serve(routes=[Route("/{rest:path}", _echo, methods=["GET", "POST"])]) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", f"sk-{CANARY}-key")
        recording.start("lesson", mode="record")
        url = f"https://api.openai.com/v1/echo?api-key={CANARY}-query&sig={CANARY}-sig&top=3"
        headers = sent | {"Authorization": f"Bearer {CANARY}-authorization"}
        echoed = requests.post(url, headers=headers, json=body, timeout=9).text
        client = openai.OpenAI(organization=f"org-{CANARY}", project=f"proj_{CANARY}")
        client.post("/echo", body=body, cast_to=httpx2.Response)
    assert f"{CANARY}-authorization" in echoed and f"{CANARY}-body" in echoed, "the canaries did travel"
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert len(stored(folder)) == 2 and "top=3" in text
    assert [line for line in text.splitlines() if "canary" in line] == []


KEY = "CANARYkey0123456789abcdef"
PNG = base64.b64encode(COFFEE_FILE.read_bytes()).decode()
# What is said in a request's body (or its URL, where it begins with https), and what must not be left of it.
HIDDEN = {
    "query": f"https://a.example/v?apikey={KEY}&client_secret={KEY}&access_token={KEY}&password={KEY}",
    "SAS": f"https://a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig={KEY}%3D",
    "SAS in quotes": {"u": quote(f"https://a.example/v?sv=1&sig={KEY}", safe="")},
    "SAS in HTML": {"u": f"https://a.example/v?sv=1&amp;sig={KEY}"},
    "user in the URL": f"https://me:{KEY}@a.example/v",
    "field names": {"api_key": KEY, "primaryKey": KEY, "Ocp-Apim-Subscription-Key": KEY, "clientSecret": KEY},
    "fields that may be": {"key": KEY, "token": KEY, "organizationId": KEY, "project_id": KEY},
    "lists": {"api_key": [KEY], "more": [{"subscription-key": KEY}]},
    "JSON in a string": {"arguments": json.dumps({"api_key": KEY})},
    "a name": {f"sk-{KEY}": 1},
    "text": {"note": f"bearer {KEY} and BASIC {KEY} and sk-{KEY} and org-{KEY}"},
}
PICTURES = {
    "alone": f"data:image/png;base64,{PNG}",
    "capitals and space": f" DATA:IMAGE/PNG;BASE64,{PNG}",
    "in words": f"Look: ![x](data:image/png;base64,{PNG}) nice?",
    "in JSON in a string": json.dumps({"url": f"data:image/png;base64,{PNG}"}),
    "bare": PNG,
    "bare without padding": PNG.rstrip("="),
    "bare in lines": "\n".join(PNG[k : k + 76] for k in range(0, len(PNG), 76)),
    "quoted": f"data:image/png;base64,{quote(PNG, safe='')}",
    "URL-safe": PNG.translate({43: "-", 47: "_"}),
}


def kept(said):
    url, body = (said, None) if isinstance(said, str) and said.startswith("https") else (CHAT, said)
    body = None if body is None else json.dumps(body).encode()
    masking.forget_secrets()
    return readable.recorded_request("POST", url, {}, body, "m")


@pytest.mark.parametrize("name", HIDDEN)
def test_secrets_wherever_they_hide(name):
    assert "CANARY" not in kept(HIDDEN[name]).model_dump_json()


def test_of_a_sas_the_signature_is_the_secret():
    assert kept(HIDDEN["SAS"]).url == "https://a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig=***"


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_wherever_they_hide(name):
    text = kept({"v": PICTURES[name]}).model_dump_json()
    assert len(text) < 400 and "asset/images/coffee.png" in text


def answer_kept(body, kind="application/json", headers=None):
    response = {"status": {"code": 200}, "headers": {"content-type": [kind]}, "body": {"string": body.encode()}}
    masking.forget_secrets()
    return readable.recorded_response(response, headers or {})


def test_answers_hide_them_too_and_keep_their_types():
    url = f"data:image/png;base64,{PNG}"
    event = f'data: {json.dumps({"api_key": KEY, "u": url})}\n\n'
    for body, kind in ((event, "text/event-stream"), (f"<img src='{url}' alt='{KEY}'>", "text/html")):
        text = answer_kept(body, kind, {"api-key": KEY}).model_dump_json()
        assert "CANARY" not in text and len(text) < 400
    plain = answer_kept(json.dumps({"b64_json": PNG, "gene": "ATGC" * 20}))
    assert isinstance(plain.json_["b64_json"], str) and len(plain.json_["b64_json"]) < 200
    assert plain.json_["gene"] == "ATGC" * 20
    assert answer_kept("null").body() == b"null"


@pytest.mark.parametrize(
    "said",
    [
        "What does token mean? Bearer of bad news; the key to the picture. Bearer certificates and organisations.",
        "Is this a task-oriented sk-learn-contrib org-chart of proj_alpha?",
        "see https://x.example/a?code=1&page=2&key=name&sp=3&se=4",
        {"key": "C major", "cookie": "chocolate", "organization": "WWF", "secret": "none"},
        {"properties": {"key": {"type": "string"}, "api_key": {"type": "string"}}, "required": ["key"]},
        "Qk12 UklGRg== SUkqAA== data: base64",
    ],
)
def test_ordinary_words_stay(said):
    assert kept({"t": said}).body == {"t": said}


def test_an_ordinary_word_as_a_key_blanks_nothing(record, replay):
    record()
    client = openai.OpenAI()
    client.chat.completions.create(**question())
    replay()
    for name in ("espresso", "picture"):
        with pytest.raises(recording.NotRecorded):
            openai.OpenAI(api_key=name, project=name).models.list()
    assert openai.OpenAI().chat.completions.create(**question()).choices


def test_a_new_start_forgets_what_was_secret(replaying, replay):
    with pytest.raises(recording.NotRecorded):
        requests.get("https://a.example/", headers={"api-key": KEY}, timeout=9)
    assert 'yours "***"' in unknown(prompt=KEY)
    replay()
    assert f'yours "{KEY}"' in unknown(prompt=KEY)


def test_a_masked_request_still_matches(folder, replay, monkeypatch):
    with serve(routes=[Route("/{rest:path}", _echo, methods=["GET", "POST"])]) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        requests.get("https://api.openai.com/v1/x?sig=one", timeout=9)
    replay()
    assert requests.get("https://api.openai.com/v1/x?sig=another", timeout=9).status_code == 200


def test_a_binary_answer_that_is_no_file_of_ours_is_not_recorded(folder, monkeypatch):
    async def noise(request):
        return Response(b"\xff\xfe\x00", media_type="image/png")

    with serve(routes=[Route("/{rest:path}", noise)]) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        with pytest.raises(cassette.RecordingError, match=r"3 bytes.*asset/SOURCES\.csv"):
            requests.get("https://example.org/x.png", timeout=9)
    assert not (folder / "lesson.json").exists()


def test_a_recording_is_written_in_one_step(record, folder, monkeypatch):
    record()
    client = openai.OpenAI()
    client.chat.completions.create(**question())
    before = (folder / "lesson.json").read_bytes()
    monkeypatch.setattr(os, "replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.chat.completions.create(**question(stream=True))
    assert (folder / "lesson.json").read_bytes() == before


# --- where an answer came from ---


def test_origins(record, replay, folder, monkeypatch):
    record()
    answer = openai.OpenAI().chat.completions.create(**question())
    replay()
    assert recording.origin(answer.id) == recording.Origin("sample", "course-sample")
    assert recording.origin("something else") is None


def test_a_real_service_is_recorded_as_live_with_model_and_date(folder, monkeypatch):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        answer = openai.OpenAI().chat.completions.create(**question())
    item = stored(folder)[0]
    assert (item["source"], item["model"]) == ("live", "gpt-5.6-luna-2026-09-01")
    assert item["date"] == time.strftime("%Y-%m-%d")
    assert recording.origin(answer.id) == recording.Origin("live", item["model"], item["date"])


def test_a_streamed_answer_has_an_origin_too(record, replay):
    record()
    chunk = next(iter(openai.OpenAI().chat.completions.create(**question(stream=True))))
    assert recording.origin(chunk.id).source == "sample"


# --- damaged by hand ---

DAMAGES = {
    "a comma lost": (lambda t: t.replace('",', '"', 1), r"Invalid JSON: .+ at line \d+ column \d+"),
    "cut off": (lambda t: t[:200], r"Invalid JSON: .+ at line \d+ column \d+"),
    "empty": (lambda t: "", r"Invalid JSON: .+ at line 1 column 0"),
    "no request": (lambda t: t.replace('"request"', '"reqest"', 1), r"interactions\.0\.request: Field required"),
    "no source": (lambda t: t.replace('"source": "sample",', "", 1), r"interactions\.0\.source: Field required"),
    "unknown source": (lambda t: t.replace('"sample"', '"smaple"', 1), r"interactions\.0\.source: .*'sample', 'live'"),
    "response misspelt": (lambda t: t.replace('"response"', '"respnse"', 1), r"interactions\.0"),
    "no outcome": (
        lambda t: json.dumps({"lesson": "x", "interactions": [{**json.loads(t)["interactions"][0], "response": None}]}),
        r"interactions\.0: .*needs a response, or a fault",
    ),
    "status as text": (lambda t: t.replace("200", '"fine"', 1), r"interactions\.0\.response\.status"),
    "a list": (lambda t: "[]", r"does not fit at the top level"),
    "not UTF-8": (lambda t: t.encode().replace(b"sample", b"s\xff", 1), r"Invalid JSON: .*unicode.* at line \d+"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_recording_names_file_place_and_way_out(record, folder, damage):
    record()
    openai.OpenAI().chat.completions.create(**question())
    recording.stop()
    change, place = DAMAGES[damage]
    path = folder / "lesson.json"
    broken = change(path.read_text(encoding="utf-8"))
    path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(cassette.RecordingError, match=place) as caught:
        recording.start("lesson", mode="replay")
    assert "lesson.json" in str(caught.value) and "git checkout -- :/" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_lesson_lists_the_known_ones(folder):
    with pytest.raises(cassette.RecordingError, match=r"no recording nothing\.json; recorded lessons are: none"):
        recording.start("nothing")


@pytest.mark.parametrize("broken", ["changed", "missing"])
def test_a_changed_picture_is_noticed_when_it_is_played(record, replay, tmp_path, monkeypatch, broken):
    record()
    requests.get(COFFEE, timeout=9)
    (tmp_path / "asset" / "images").mkdir(parents=True)
    if broken == "changed":
        (tmp_path / "asset" / "images" / "coffee.png").write_bytes(COFFEE_FILE.read_bytes()[:-1])
    replay()
    monkeypatch.setattr(cassette, "ROOT", tmp_path)
    state = "has changed" if broken == "changed" else "is missing"
    with pytest.raises(cassette.RecordingError, match=f"coffee.png {state}.*git checkout -- :/asset/images/coffee.png"):
        requests.get(COFFEE, timeout=9)


# --- what was never recorded ---


@pytest.fixture
def replaying(record, replay):
    """A recording of three requests, in replay."""
    record()
    client = openai.OpenAI()
    client.chat.completions.create(**question())
    client.chat.completions.create(**question(picture=data_url()))
    requests.get(COFFEE, timeout=9)
    return replay()


def unknown(**changes):
    with pytest.raises(recording.NotRecorded) as caught:
        openai.OpenAI().chat.completions.create(**question(**changes))
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"prompt": "Is it full?"}, 'prompt: recorded "What is in this picture?" - yours "Is it full?"'),
        ({"detail": "high"}, 'detail: recorded "low" - yours "high"'),
        ({"model": "gpt-4o"}, 'model: recorded "gpt-5.6-luna" - yours "gpt-4o"'),
        ({"temperature": 1}, 'temperature: recorded "(nothing)" - yours "1"'),
        ({"max_completion_tokens": 50}, 'max_completion_tokens: recorded "300" - yours "50"'),
        ({"picture": data_url(b"\x89PNG mine")}, 'yours "9 '),
        ({"picture": COFFEE.replace("coffee", "chelsea")}, 'chelsea.png"'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_message_names_what_differs(replaying, changes, differs):
    message = unknown(**changes)
    assert differs in message
    assert message.count("recorded ") == message.count(" - yours ") + 3, "nothing else is said to differ"
    assert 'recording.start("lesson", mode="live")' in message
    assert "OPENAI_BASE_URL" in message and "VISION_MODEL" in message
    assert len(f"NotRecorded: {message}".splitlines()) <= 12
    assert all(len(line) < 140 for line in message.splitlines())


def test_the_message_finds_the_nearest_request(replaying):
    assert "recorded request 2 of 3" in unknown(picture=data_url(), prompt="Something else entirely")
    assert "recorded request 1 of 3" in unknown(prompt=QUESTION + "?")
    with pytest.raises(recording.NotRecorded, match=r"recorded request 3 of 3(.|\n)*url: recorded"):
        requests.get("https://example.org/picture.png", timeout=9)


def test_a_download_where_none_is_recorded_is_compared_with_nothing(record, replay):
    record()
    openai.OpenAI().chat.completions.create(**question())
    replay()
    with pytest.raises(recording.NotRecorded, match=r"Save it and give its path, or go live:\n") as caught:
        requests.get("https://example.org/mine.png", timeout=9)
    assert "Nearest" not in str(caught.value) and 'mode="live"' in str(caught.value)


def test_order_roles_and_types_are_named_too(replaying):
    parts = question()["messages"][0]["content"]
    ask = openai.OpenAI().chat.completions.create
    for messages, says in (
        ([{"role": "user", "content": parts[::-1]}], 'type: recorded "text" - yours "image_url"'),
        ([{"role": "developer", "content": parts}], 'role: recorded "user" - yours "developer"'),
    ):
        with pytest.raises(recording.NotRecorded, match=says):
            ask(**question() | {"messages": messages})
    assert 'tools: recorded "(nothing)" - yours "[]"' in unknown(tools=[])
    with pytest.raises(recording.NotRecorded, match='max_completion_tokens: recorded "300" - yours ""300""'):
        requests.post(CHAT, json=question() | {"max_completion_tokens": '"300"'}, timeout=9)


def shaped(**fields):
    schema = {"type": "object", "properties": fields, "required": [*fields]}
    return {"type": "json_schema", "json_schema": {"name": "Drink", "strict": True, "schema": schema}}


def test_another_shape_of_the_answer_is_named_by_its_fields(record, replay):
    record()
    text = {"type": "string"}
    with pytest.raises(openai.BadRequestError):  # other fields are not forbidden; the refusal is recorded as well
        openai.OpenAI().chat.completions.create(**question(), response_format=shaped(name=text, cup=text))
    replay()
    ask = openai.OpenAI().chat.completions.create
    with pytest.raises(recording.NotRecorded) as caught:
        ask(**question(), response_format=shaped(name=text, cup=text, size=text))
    said = str(caught.value).splitlines()
    assert '  shape: recorded "Drink, name, cup" - yours "Drink, name, cup, size"' in said
    assert sum(" - yours " in line for line in said) == 2, "the fields, and the place in the schema"
    described = {**text, "description": "null if it cannot be told"}
    with pytest.raises(recording.NotRecorded, match=r"schema: recorded .*description") as caught:
        ask(**question(), response_format=shaped(name=described, cup=text))
    assert "shape:" not in str(caught.value)
    for properties in (None, 3, "name", ["name"]):
        odd = shaped()
        odd["json_schema"]["schema"] = {"properties": properties, "sha256": {"type": "string"}, "look": 1}
        with pytest.raises(recording.NotRecorded, match=r"  shape: recorded"):
            ask(**question(), response_format=odd)
    with pytest.raises(recording.NotRecorded, match="Nearest"):
        ask(**question(), metadata={"look": "x", "sha256": {}, "filename": 3})


def test_a_request_that_differs_everywhere_is_still_twelve_lines(replaying):
    with pytest.raises(recording.NotRecorded, match=r"and \d+ more") as caught:
        requests.put("https://example.org/a", json={str(n): "x" * 500 for n in range(50)}, timeout=9)
    assert len(f"NotRecorded: {caught.value}".splitlines()) <= 12


def test_a_retired_service_is_not_to_be_asked_live(replaying):
    address = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras:queryByText"
    with pytest.raises(recording.NotRecorded, match=r"retired .* on 2025-06-30.* Undo the change\.$") as caught:
        requests.post(address, json={"queryText": "a dog"}, timeout=9)
    assert "live" not in str(caught.value)


def test_an_empty_recording_has_a_message_too(folder, replay):
    cassette.Recording(lesson="lesson").save(folder / "lesson.json")
    replay()
    assert "no answer to this request is recorded for lesson lesson" in unknown()


def test_a_model_named_by_a_cell_during_replay_changes_nothing(replaying, monkeypatch):
    monkeypatch.setenv("VISION_MODEL", "llava")
    assert openai.OpenAI().chat.completions.create(**question()).choices


def test_it_comes_at_once_from_every_client_and_is_not_retried(replaying, monkeypatch):
    asked = []
    choose = type(replaying)._choose
    monkeypatch.setattr(type(replaying), "_choose", lambda tape, request: asked.append(1) or choose(tape, request))
    client = openai.OpenAI(max_retries=5)
    calls = {
        "sync": lambda: client.chat.completions.create(**question("New?")),
        "stream": lambda: client.chat.completions.create(**question("New?", stream=True)),
        "async": lambda: asyncio.run(ask_async(prompt="New?")),
        "requests": lambda: requests.post(CHAT, json=question("New?"), timeout=9),
    }
    for name, call in calls.items():
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with pytest.raises(recording.NotRecorded):
                call()
            seconds.append(time.perf_counter() - began)
        # The best of three: the machine may be busy. A retry alone waits half a second.
        assert min(seconds) < 0.2, name
    assert len(asked) == 3 * len(calls)


# --- faults ---


def constructed(folder, fault, events=None):
    """A recording of one fault, written by hand."""
    body = json.dumps(question(stream=True)).encode()
    request = readable.recorded_request("POST", CHAT, {"content-type": "application/json"}, body, recording.model())
    response = None
    if fault in ("cut", "stalled"):
        chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "A red"}}]}
        response = cassette.RecordedResponse(
            status=200, headers={"content-type": "text/event-stream"}, events=[f"data: {json.dumps(chunk)}"]
        )
    item = cassette.Interaction(cell="", source="constructed", request=request, fault=fault, response=response)
    cassette.Recording(lesson="lesson", interactions=[item]).save(folder / "lesson.json")


FAULTS = {
    "timeout": (openai.APITimeoutError, requests.ReadTimeout, ""),
    "reset": (openai.APIConnectionError, requests.ConnectionError, ""),
    "cut": (openai.APIConnectionError, requests.exceptions.ChunkedEncodingError, "A red"),
    "stalled": (openai.APITimeoutError, requests.ConnectionError, "A red"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_librarys_own_exception(folder, replay, fault):
    constructed(folder, fault)
    replay()
    of_openai, of_requests, before = FAULTS[fault]
    read = []
    with pytest.raises(of_openai):
        for chunk in openai.OpenAI(max_retries=0).chat.completions.create(**question(stream=True)):
            read.append(chunk.choices[0].delta.content)
    assert "".join(read) == before

    async def listen():
        async with openai.AsyncOpenAI(max_retries=0) as client:
            async for chunk in await client.chat.completions.create(**question(stream=True)):
                read.append(chunk.choices[0].delta.content)

    with pytest.raises(of_openai):
        asyncio.run(listen())
    assert "".join(read) == before * 2

    raw = b""
    with pytest.raises(of_requests):
        for piece in requests.post(CHAT, json=question(stream=True), stream=True, timeout=9).iter_content(None):
            raw += piece
    assert before.encode() in raw


def test_a_fault_is_recorded_when_the_local_api_says_so(folder, replay, monkeypatch):
    async def cut(request):
        headers = {"x-course-source": "constructed", "x-course-fault": "cut"}
        return Response('data: {"id": 1}\n\n', media_type="text/event-stream", headers=headers)

    with serve(routes=[Route("/{rest:path}", cut, methods=["POST"])]) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.post(CHAT, json=question(stream=True), timeout=9)
    recording.stop()
    assert stored(folder)[0]["fault"] == "cut"
    replay()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(CHAT, json=question(stream=True), timeout=9)


def test_a_fault_and_then_an_answer_are_recorded_again_as_they_were(folder, monkeypatch):
    constructed(folder, "timeout")
    with serve() as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        with pytest.raises(requests.ReadTimeout):
            requests.post(CHAT, json=question(stream=True), timeout=9)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        assert requests.post(CHAT, json=question(stream=True), headers=headers, timeout=9).status_code == 200
    assert [i.get("fault") for i in stored(folder)] == ["timeout", None]


def test_a_real_service_can_not_pass_for_the_local_api(folder, api, monkeypatch):
    async def odd(request):
        headers = {"x-course-source": "sample", "x-course-fault": "reset"}
        return JSONResponse({"model": "m"}, headers=headers)

    with serve(routes=[Route("/{rest:path}", odd, methods=["POST"])]) as real:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{real.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        openai.OpenAI().chat.completions.create(**question())
    assert [(i["source"], i.get("fault")) for i in stored(folder)] == [("live", None)]


def test_a_fault_is_kept_when_the_lesson_is_recorded_again(folder, monkeypatch):
    constructed(folder, "timeout")
    with serve(acts_as="gpt-5.6-luna") as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        session._state.tape.begin_cell("the cell as it is now")
        with pytest.raises(requests.ReadTimeout):
            requests.post(CHAT, json=question(stream=True), timeout=9)
        openai.OpenAI().chat.completions.create(**question())
        assert api.requests == ["POST /api.openai.com/v1/chat/completions"]
    assert [(i["source"], i.get("fault")) for i in stored(folder)] == [("constructed", "timeout"), ("live", None)]
    assert {i["cell"] for i in stored(folder)} == {cassette.cell_digest("the cell as it is now")}


# --- live ---


def test_live_without_a_key_is_one_sentence_before_any_request(folder, network):
    with pytest.raises(recording.LiveModeError, match="OPENAI_API_KEY") as caught:
        recording.start("lesson", mode="live")
    assert "\n" not in str(caught.value) and network == []


def test_an_unknown_mode_lists_the_modes(folder, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "relpay")
    with pytest.raises(recording.LiveModeError, match=r"'relpay'.*replay, live, record"):
        recording.start("lesson")


def test_a_local_server_needs_no_key(folder, monkeypatch, capsys):
    with serve(keys={"local-server-needs-no-key"}) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        monkeypatch.setenv("VISION_MODEL", "llava")
        recording.start("lesson", mode="live")
        said = capsys.readouterr().out
        assert api.url.removeprefix("http://") in said and "model llava" in said
        assert openai.OpenAI().chat.completions.create(**question()).model == "course-sample"
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ


def test_live_says_what_a_lesson_costs(folder, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("01_url_input", mode="live")
    said = capsys.readouterr().out
    assert "api.openai.com, model gpt-5.6-luna" in said
    # The sum of the recorded usages at 0.20 and 1.20 US dollars per million tokens.
    items = stored(cassette.RECORDINGS, "01_url_input")
    usages = [i["response"]["json"]["usage"] for i in items if "usage" in i["response"].get("json", {})]
    cents = sum(u["prompt_tokens"] * 20 + u["completion_tokens"] * 120 for u in usages) / 1_000_000
    assert len(usages) == 6 and f"about {cents:.2f} US cents" in said


def test_live_after_replay_asks_the_service_and_replay_after_live_does_not(record, replay, api, monkeypatch):
    record()
    openai.OpenAI().chat.completions.create(**question())
    replay()
    asked = len(api.requests)
    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    os.environ["OPENAI_API_KEY"] = API_KEY
    recording.start("lesson", mode="live")
    answer = openai.OpenAI().chat.completions.create(**question())
    assert len(api.requests) == asked + 1 and recording.origin(answer.id) is None
    recording.start("lesson", mode="replay")
    openai.OpenAI().chat.completions.create(**question())
    assert len(api.requests) == asked + 1


def test_a_client_made_in_replay_is_told_so_in_live(record, replay, api, network, monkeypatch):
    record()
    openai.OpenAI().chat.completions.create(**question())
    replay()
    old = openai.OpenAI()
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="live")
    network.clear()
    with pytest.raises(recording.LiveModeError, match=r"made in replay.*client = OpenAI\(\)"):
        old.chat.completions.create(**question())
    assert network == []


def test_the_way_to_a_local_server_works_as_the_message_types_it(replaying, api, monkeypatch):
    with serve(keys={"local-server-needs-no-key"}) as local:
        os.environ["OPENAI_BASE_URL"] = f"{local.url}/v1"
        os.environ["VISION_MODEL"] = "its-model"
        recording.start("lesson", mode="live")
        assert recording.model() == "its-model"
        assert openai.OpenAI().chat.completions.create(**question()).choices
    recording.stop()
    del os.environ["OPENAI_BASE_URL"], os.environ["VISION_MODEL"]


def test_a_mistyped_key_is_asked_for_again(replaying, monkeypatch):
    typed = iter(["sk-a-mistyped-key", API_KEY, API_KEY])
    monkeypatch.setattr(environment, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    recording.start("lesson", mode="live")
    assert os.environ["OPENAI_API_KEY"] == "sk-a-mistyped-key"
    for _ in range(2):
        recording.start("lesson", mode="live")
    assert os.environ["OPENAI_API_KEY"] == API_KEY
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ


def test_recording_from_a_cell_leaves_the_other_cells_answers(record, folder):
    tape = record()
    for source in ("one", "two"):
        tape.begin_cell(source)
        openai.OpenAI().chat.completions.create(**question())
    tape = record()
    tape.begin_cell("two")
    openai.OpenAI().chat.completions.create(**question())
    assert [i["cell"] for i in stored(folder)] == [cassette.cell_digest(source) for source in ("one", "two")]
    record().begin_cell("one")
    assert [i["cell"] for i in stored(folder)] == [cassette.cell_digest("two")], "a cell that asks nothing now"


# --- in a real kernel ---


def execute(sources, **environment):
    """Run cells in a fresh kernel; errors stay in the outputs."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    arguments = redirect.KERNEL if environment.get("COURSE_UPSTREAM") else []
    client = NotebookClient(notebook, timeout=60, allow_errors=True, extra_arguments=arguments)
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    return nbformat.from_dict(notebook)


def test_errors_in_a_notebook(record, folder, monkeypatch):
    record()
    client = openai.OpenAI()
    client.chat.completions.create(**question())
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**question(detail="huge"))
    recording.stop()
    monkeypatch.delenv("COURSE_UPSTREAM")
    monkeypatch.delenv("OPENAI_API_KEY")
    notebook = execute(
        [
            "from openai import OpenAI\nfrom course import recording\nfrom tests.conftest import question\n"
            "recording.start('lesson')",
            "client = OpenAI()\nclient.chat.completions.create(**question('New?'))",
            "client.chat.completions.create(**question(detail='huge'))",
            "1 / 0",
            "from pydantic import BaseModel\nclass Cup(BaseModel):\n    full: float\nCup(full='half')",
            "recording.start('lesson', mode='live')",
            "client.chat.completions.create(**question()).choices[0].finish_reason",
        ]
    )
    start, unknown_prompt, bad, own, misfit, live, again = [cell.outputs for cell in notebook.cells]
    assert start == []
    assert unknown_prompt[0].ename == "NotRecorded"
    page = "\n".join(unknown_prompt[0].traceback)
    assert len(page.splitlines()) <= 12 and "Traceback" not in page and ".py" not in page
    assert bad[0].ename == "BadRequestError" and len("\n".join(bad[0].traceback).splitlines()) == 1
    assert "Invalid value: 'huge'" in bad[0].traceback[0]
    assert own[0].ename == "ZeroDivisionError" and "Traceback" in "\n".join(own[0].traceback)
    assert misfit[0].ename == "ValidationError"
    (said,) = misfit[0].traceback
    assert said.splitlines()[:2] == ["ValidationError: 1 validation error for Cup", "full"]
    assert len(said.splitlines()) == 3 and "http" not in said and ".py" not in said
    assert live[0].ename == "LiveModeError" and len("\n".join(live[0].traceback).splitlines()) == 1
    assert again[0].data["text/plain"] == "'stop'", "a failed start leaves replay as it was"


def test_the_cell_that_starts_may_ask_too(service, record, folder, monkeypatch):
    """And what a front end runs silently in between does not count as a cell."""
    first = (
        "import requests\nfrom course import recording\nfrom course.recording import session\n"
        "recording.start('lesson')\n"
        f"def state():\n    return requests.get('{JOB}', timeout=9).json()['state']\n"
        "print(state(), state(), session._state.tape.cell)"
    )
    second = "get_ipython().run_cell('1', silent=True)\nprint(state(), session._state.tape.cell)"
    tape = record()
    for source, times in ((first, 2), (second, 1)):
        tape.begin_cell(source)
        for _ in range(times):
            requests.get(JOB, timeout=9)
    recording.stop()
    monkeypatch.delenv("COURSE_UPSTREAM")
    notebook = execute([first, second])
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    assert texts[0] == f"Running Running {cassette.cell_digest(first)}\n"
    assert texts[1] == f"Completed {cassette.cell_digest(second)}\n"


def test_start_in_a_cell_asks_for_the_key_and_keeps_it_in_the_kernel(folder, api):
    folder.mkdir()
    notebook = execute(
        [
            "import openai\nfrom course import recording\nfrom course.recording import environment\n"
            "from tests.conftest import question\n"
            f"environment.getpass = lambda prompt: print(prompt) or '{API_KEY}'\n"
            "get_ipython().kernel._allow_stdin = True\n"
            "recording.start('lesson', mode='live')",
            "print(openai.OpenAI().chat.completions.create(**question()).model)",
        ],
        COURSE_UPSTREAM=api.url,
    )
    first, second = ("".join(o.get("text", "") for o in cell.outputs) for cell in notebook.cells)
    assert "OpenAI API key" in first and "api.openai.com" in first and API_KEY not in first
    assert second == "course-sample\n"
    assert list(folder.iterdir()) == [], "live writes nothing"
