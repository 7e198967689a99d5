"""Azure OpenAI: the local API is as strict as the service; a resource of one's own is asked, recorded and hidden."""

import asyncio
import json
import os

import openai
import pytest
import requests
from openai import AzureOpenAI, OpenAI
from starlette.responses import JSONResponse
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.exercises import lesson_09
from course.recording import environment, masking, readable
from course.recording import shape as cassette
from course.recording.readable import NO_RESOURCE, NO_TOKEN
from tests.api import serve
from tests.api.azure import Resource
from tests.conftest import COFFEE, question
from tests.tools import record_lessons

LESSON = "09_azure_openai"
KEY, VERSION = "a-key-of-this-resource-07", "2024-10-21"
CLASSIC, V1 = "/openai/deployments/my-vision/chat/completions", "/openai/v1/chat/completions"
DATED = {"api-version": VERSION}
FOUND = {"hate", "self_harm", "sexual", "violence"}


@pytest.fixture(scope="module")
def azure():
    """The local API with a resource that knows one key and one token."""
    with serve(resource=Resource(keys={KEY}, tokens={"a-token"})) as running:
        yield running


def address(api, path="", host="contoso-5.openai.azure.com"):
    return f"{api.url}/{host}{path}"


def asked(**more):
    return question(**{"model": "my-vision", **more})


def post(api, path=CLASSIC, params=DATED, headers=(("api-key", KEY),), without="", **body):
    body = {name: value for name, value in asked(**body).items() if name != without}
    return requests.post(address(api, path), params=params, headers=dict(headers), json=body, timeout=9)


def clients(endpoint, **auth):
    """The SDK's two clients, with a key or a token."""
    how = {"timeout": 9, "max_retries": 0}
    key = auth.get("api_key") or auth["azure_ad_token_provider"]
    return [
        AzureOpenAI(azure_endpoint=endpoint, api_version=VERSION, **auth, **how),
        OpenAI(base_url=f"{endpoint}/openai/v1/", api_key=key, **how),
    ]


# --- the local API ---


@pytest.mark.parametrize("auth", [{"api_key": KEY}, {"azure_ad_token_provider": lambda: "a-token"}])
def test_both_clients_are_answered_with_a_key_and_with_a_token(azure, auth):
    for client in clients(address(azure), **auth):
        answer = client.chat.completions.create(**asked())
        assert answer.model == "course-sample" and answer.choices[0].message.content.startswith("A small red-brown")
        assert answer.prompt_filter_results[0]["content_filter_results"].keys() == FOUND
        assert answer.choices[0].content_filter_results.keys() == FOUND
        first, *rest = client.chat.completions.create(**asked(stream=True))
        assert first.choices == [] and first.prompt_filter_results[0]["content_filter_results"].keys() == FOUND
        assert "".join(chunk.choices[0].delta.content or "" for chunk in rest) == answer.choices[0].message.content


def test_on_the_classic_path_the_body_needs_no_model(azure):
    said = post(azure, without="model")
    assert said.status_code == 200 and said.headers["x-course-source"] == "sample staged"
    refused = post(azure, path=V1, params={}, without="model")
    assert refused.json()["error"]["code"] == "missing_required_parameter"


# what is wrong: how it is asked; status, code (None where there is no such field), and what the message says
WRONG_KEY, NO_ACCESS = {"api-key": "another"}, "Access token is missing, invalid, audience is incorrect"
BEARER = {"Authorization": f"Bearer {KEY}"}
REFUSED = {
    "a wrong key": ({"headers": WRONG_KEY}, 401, "401", "Access denied due to invalid subscription key"),
    "a wrong key today": ({"path": V1, "headers": WRONG_KEY}, 401, "401", "Access denied due to invalid"),
    "no key": ({"headers": {}}, 401, None, NO_ACCESS),
    "a key as a token": ({"headers": BEARER}, 401, None, NO_ACCESS),
    "a wrong token": ({"path": V1, "params": {}, "headers": {"Authorization": "Bearer x"}}, 401, None, NO_ACCESS),
    "no version": ({"params": {}}, 404, "404", "Resource not found"),
    "an unknown version": ({"params": {"api-version": "2024-13-01"}}, 404, "404", "Resource not found"),
    "a version where there is none": ({"path": V1}, 400, "BadRequest", "not allowed when using /v1 path"),
    "an old version": ({"params": {"api-version": "2024-02-15-preview"}}, 400, None,
                       "Unrecognized request argument supplied: max_completion_tokens"),
    "an unknown deployment": ({"path": CLASSIC.replace("my-vision", "gpt-4")}, 404, "DeploymentNotFound",
                              "The API deployment for this resource does not exist"),
    "an unknown deployment today": ({"path": V1, "params": {}, "model": "gpt-4"}, 404, "DeploymentNotFound",
                                    "The API deployment for this resource does not exist"),
    "a path that is none": ({"path": f"/openai/v1{CLASSIC}"}, 404, "404", "Resource not found"),
    "a wrong body": ({"temperature": "hot"}, 400, "invalid_type", "Invalid type for 'temperature'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_in_the_services_own_words(azure, name):
    how, status, code, says = REFUSED[name]
    response = post(azure, **how)
    error = response.json().get("error", response.json())
    assert (response.status_code, error.get("code")) == (status, code) and says in error["message"]
    assert response.headers["x-course-source"] == "constructed staged", "nobody with a key of OpenAI gets it"


def test_a_limit_by_its_old_name_will_do_for_an_old_version(azure):
    said = post(azure, params={"api-version": "2024-02-15-preview"}, without="max_completion_tokens", max_tokens=5)
    assert said.json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(("path", "params"), [(CLASSIC, DATED), (V1, {})])
def test_fifty_pictures_and_no_more(azure, path, params):
    part = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
    for count, says in ((50, "answers.toml has no answer"), (51, "Exceeded maximum number of images (50) allowed in")):
        said = post(azure, path, params, messages=[{"role": "user", "content": [part] * count}])
        assert said.json()["error"]["message"].startswith(says)


# --- what the clients send ---


@pytest.mark.parametrize("letter", lesson_09.SENT)
def test_the_exercise_knows_what_the_sdk_sends(letter):
    """09.1, over a real socket."""

    async def say_where(request):
        return JSONResponse({"where": request.url.path, "query": request.url.query})

    with serve(answers={}, routes=[Route("/{rest:path}", say_where, methods=["POST"])]) as api:
        endpoint = api.url + ("/openai/v1" if letter == "c" else "")
        client = clients(endpoint, api_key="k")[1 if letter == "a" else 0]
        raw = client.chat.completions.with_raw_response.create(model="photos", messages=[])
    said = raw.http_response.json()
    assert "?".join(filter(None, said.values())) == lesson_09.SENT[letter]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_redirected_to_the_local_api_a_client_keeps_its_key_and_its_address(azure, folder, monkeypatch, kind):
    monkeypatch.setenv("COURSE_UPSTREAM", azure.url)
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    recording.start("lesson", mode="live")
    how = {"azure_endpoint": "https://contoso-5.openai.azure.com", "api_key": KEY, "api_version": VERSION}
    if kind == "sync":
        raw = AzureOpenAI(**how, max_retries=0).chat.completions.with_raw_response.create(**asked())
    else:
        client = openai.AsyncAzureOpenAI(**how, max_retries=0)
        raw = asyncio.run(client.chat.completions.with_raw_response.create(**asked()))
    assert str(raw.http_request.url) == f"https://contoso-5.openai.azure.com{CLASSIC}?api-version={VERSION}"
    assert raw.http_request.headers["api-key"] == KEY


# --- the key, and where it is missed ---


@pytest.fixture
def env(folder, monkeypatch):
    """Call it to set variables of a reader; none is set at first."""
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)

    def set_all(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


ENDPOINT = "https://contoso-5.openai.azure.com/"
MINE = {"AZURE_OPENAI_ENDPOINT": ENDPOINT, "AZURE_OPENAI_API_KEY": KEY}


def test_live_needs_a_resource_and_sets_aside_what_names_another_server(env, capsys):
    env(
        **MINE, AZURE_OPENAI_DEPLOYMENT="prod-vision", OPENAI_BASE_URL=f"{ENDPOINT}openai/v1/", VISION_MODEL="my-vision"
    )
    recording.start(LESSON, mode="live")
    said = capsys.readouterr().out
    assert said == "Live: requests go to contoso-5.openai.azure.com, deployment prod-vision.\n"
    assert not {"OPENAI_API_KEY", "OPENAI_BASE_URL"} & {*os.environ} and os.environ["AZURE_OPENAI_API_KEY"] == KEY
    assert recording.model() == "gpt-5.6-luna"
    recording.stop()
    assert os.environ["AZURE_OPENAI_API_KEY"] == KEY and os.environ["VISION_MODEL"] == "my-vision", "they were there"
    assert os.environ["OPENAI_BASE_URL"] == f"{ENDPOINT}openai/v1/"


NO_ADDRESS = r"AZURE_OPENAI_ENDPOINT is no address.*https://my-resource"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"AZURE_OPENAI_API_KEY": KEY}, "set AZURE_OPENAI_ENDPOINT to the address of your resource"),
        ({"AZURE_OPENAI_ENDPOINT": ENDPOINT}, "^Live answers need a key: set AZURE_OPENAI_API_KEY before"),
        (MINE | {"AZURE_OPENAI_ENDPOINT": "contoso-5.openai.azure.com"}, NO_ADDRESS),
        (MINE | {"AZURE_OPENAI_ENDPOINT": "https://[your-resource].openai.azure.com"}, NO_ADDRESS),
        (MINE | {"AZURE_OPENAI_ENDPOINT": "https://"}, NO_ADDRESS),
    ],
)
def test_live_says_what_to_set_and_changes_nothing(env, variables, says):
    env(OPENAI_API_KEY="a-key-of-openai-0123", **variables)
    with pytest.raises(recording.LiveModeError, match=says):
        recording.start(LESSON, mode="live")
    assert masking.mask("a meadow") == "a meadow", "masking goes on"


def test_live_asks_for_the_key_of_the_resource_and_forgets_it(env, monkeypatch):
    env(AZURE_OPENAI_ENDPOINT=ENDPOINT)
    prompts = []
    monkeypatch.setattr(environment.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(environment, "getpass", lambda prompt: prompts.append(prompt) or f" {KEY} ")
    recording.start(LESSON, mode="live")
    assert prompts == ["Azure OpenAI API key (used by this kernel only, never stored): "]
    assert os.environ["AZURE_OPENAI_API_KEY"] == KEY
    recording.stop()
    assert "AZURE_OPENAI_API_KEY" not in os.environ


def test_replay_needs_nothing_and_sets_the_readers_own_aside(env, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    env(**MINE, OPENAI_API_VERSION="2023-05-15", AZURE_OPENAI_AD_TOKEN="mine")
    recording.start(LESSON, mode="replay")
    left = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_OPENAI_", "OPENAI_"))}
    assert left == dict.fromkeys(("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "replay-needs-no-key")
    made = AzureOpenAI(azure_endpoint="https://contoso-5.openai.azure.com", api_version=VERSION)
    recording.stop()
    assert {name: os.environ[name] for name in MINE} == MINE and os.environ["OPENAI_API_VERSION"] == "2023-05-15"
    monkeypatch.delenv("AZURE_OPENAI_AD_TOKEN")
    recording.start(LESSON, mode="live")
    with pytest.raises(recording.LiveModeError, match="were made in replay"):
        made.chat.completions.create(**asked())


def test_what_was_never_recorded_says_how_to_ask_a_resource(env, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start(LESSON, mode="replay")
    with pytest.raises(recording.NotRecorded) as caught:
        OpenAI(base_url=f"https://{NO_RESOURCE}/openai/v1/").chat.completions.create(**asked(prompt="Who is this?"))
    message = str(caught.value)
    assert "set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT" in message and f'"{LESSON}", mode="live"' in message
    assert "OPENAI_BASE_URL" not in message and len(message.splitlines()) <= 11


# --- recording ---

DEPLOYED = "/openai/deployments/prod-vision/chat/completions?api-version=2024-10-21"


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("", "contoso-5.openai.azure.com"),
        ("", "contoso-5.cognitiveservices.azure.com"),
        ("", "contoso-5.services.ai.azure.com"),
        ("", "swedencentral.api.cognitive.microsoft.com"),
        # No names that this course could know, however they were typed.
        ("https://Gateway.Contoso.example/Azure/", "gateway.contoso.example/Azure"),
        ("https://gateway.contoso.example:443/azure", "gateway.contoso.example/azure"),
        ("https://LOCALHOST:8080", "localhost:8080"),
        (" https://bücher.example ", "xn--bcher-kva.example"),
    ],
)
def test_whose_resource_it_was_is_not_recorded(monkeypatch, typed, host):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", typed)
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "prod-vision")
    body = json.dumps({"model": "prod-vision", "messages": []}).encode()

    def recorded(url, model):
        return readable.recorded_request("POST", url, {"content-type": "application/json"}, body, model)

    stored = recorded(f"https://{host}{DEPLOYED}", "prod-vision")
    assert (stored.url, stored.body["model"]) == (f"{CLASSIC}?api-version=2024-10-21", "my-vision")
    on_openai = recorded("https://api.openai.com/v1/chat/completions", "prod-vision")
    assert on_openai.body["model"] == "$VISION_MODEL"


@pytest.mark.parametrize(
    ("endpoint", "text", "masked"),
    [
        (ENDPOINT, "host='contoso-5.openai.azure.com', port=443", "host='***', port=443"),
        (f"https://{NO_RESOURCE}", f"host='{NO_RESOURCE}'", f"host='{NO_RESOURCE}'"),
        ("http://gateway/azure", "a gateway to a meadow", "a gateway to a meadow"),
    ],
)
def test_the_name_of_a_resource_is_masked_in_what_it_says(monkeypatch, endpoint, text, masked):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
    masking.forget_secrets()
    assert masking.mask(text) == masked, "the course's own placeholder, and a plain word, stay"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the lesson and its recording that a test may overwrite."""
    for folder, kind in (("notebooks", "ipynb"), ("recordings", "json")):
        source = (ROOT if folder == "notebooks" else ROOT / "asset") / folder / f"{LESSON}.{kind}"
        (tmp_path / folder).mkdir()
        (tmp_path / folder / source.name).write_bytes(source.read_bytes())
        monkeypatch.setattr(record_lessons, folder.upper(), tmp_path / folder)
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    for name in [name for name in os.environ if name.startswith(("AZURE_OPENAI_", "COURSE_"))]:
        monkeypatch.delenv(name)
    return tmp_path


def test_with_a_resource_of_ones_own_its_answers_are_recorded_and_its_names_are_not(course, env, capsys):
    """`make record` without a key of OpenAI, with a key of Azure alone, and with another version than the lesson's."""
    own = Resource(keys={KEY}, tokens=set(), deployments={"prod-vision"})
    env(**MINE, AZURE_OPENAI_DEPLOYMENT="prod-vision", OPENAI_API_VERSION="2025-04-01-preview")
    with serve(acts_as="gpt-4o-2024-11-20", resource=own) as api:
        env(COURSE_UPSTREAM=api.url)
        assert record_lessons.main(["record", LESSON]) == 0
    assert f"{LESSON}: 1 constructed, 10 live, 1 sample\n  kept, no live service" in capsys.readouterr().out
    made = cassette.load(course / "recordings" / f"{LESSON}.json").interactions
    before = cassette.load(cassette.RECORDINGS / f"{LESSON}.json").interactions
    assert [item.request for item in made] == [item.request for item in before], "the same requests, for everybody"
    kept = [item for item in made if item.source != "live"]
    # A host that is none, and the request whose token opens nothing.
    assert [item.source for item in kept] == ["sample", "constructed"]
    assert all(item in before for item in kept) and kept[1].fault == "unreachable"
    assert {item.response.status for item in made if item.source == "live"} == {200, 400, 401, 404}
    assert {item.model for item in made if item.source == "live"} == {"gpt-4o-2024-11-20", None}
    text = "".join(path.read_text("utf-8") for path in course.glob(f"*/{LESSON}.*"))
    assert "answered by: gpt-4o-2024-11-20" in text
    for private in ("contoso", "prod-vision", KEY, "127.0.0.1"):
        assert private not in text
    assert not [path for path in api.requests if NO_RESOURCE in path or ".invalid" in path]


def test_without_a_resource_all_is_kept_and_nobody_is_asked(course):
    before = cassette.load(course / "recordings" / f"{LESSON}.json").interactions
    with serve(acts_as="gpt-5.6-luna", keys={"sk-the-users-own-key"}) as api:
        settings = {"COURSE_UPSTREAM": api.url, "OPENAI_API_KEY": "sk-the-users-own-key", "OPENAI_BASE_URL": None}
        after = record_lessons.record(LESSON, settings, None).interactions
    assert after == before and api.requests == []


def test_a_real_token_is_sent_and_not_recorded(record, folder, monkeypatch):
    token = "eyJhbGciOiJub25lIn0.a-token-of-entra-9.x"
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", token)
    with serve(acts_as="gpt-4o-2024-11-20", resource=Resource(tokens={token})) as own:
        tape = record()
        monkeypatch.setenv("COURSE_UPSTREAM", own.url)
        for client in clients("https://contoso-5.openai.azure.com", azure_ad_token_provider=lambda: token):
            client.chat.completions.create(**asked())
    assert [item.source for item in tape.recording.interactions] == ["live", "live"]
    assert token not in (folder / "lesson.json").read_text("utf-8")


def test_the_lesson_asks_with_what_nobody_has():
    """Its placeholders are those that the recorder knows, or a recording with a key would send them somewhere."""
    lesson = (ROOT / "notebooks" / f"{LESSON}.ipynb").read_text("utf-8")
    assert f'or \\"https://{NO_RESOURCE}\\"' in lesson and f'or \\"{NO_TOKEN}\\"' in lesson
    assert f'or \\"{readable.DEFAULT_DEPLOYMENT}\\"' in lesson


def test_the_other_lessons_ask_a_deployment_by_base_url_and_model(azure, env, monkeypatch):
    """As the README says: OPENAI_BASE_URL, OPENAI_API_KEY and VISION_MODEL are enough for them."""
    env(OPENAI_BASE_URL=address(azure, "/openai/v1"), OPENAI_API_KEY=KEY, VISION_MODEL="my-vision")
    recording.start("00_start_here", mode="live")
    answer = OpenAI(max_retries=0).chat.completions.create(**question())
    assert answer.choices[0].content_filter_results and recording.model() == "my-vision"
