"""Structured outputs, with the real SDK over a real socket: what is sent, what is refused, what comes back, and what
`parse` makes of it."""

import json
from enum import Enum
from typing import Any, Literal

import openai
import pytest
import requests
from openai import LengthFinishReasonError
from openai._exceptions import ContentFilterFinishReasonError  # its only place
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from course import recording
from tests.api import API_KEY, serve
from tests.api.answers import Answer, load_answers
from tests.api.schemas import misfit, schema_problem
from tests.api.test_responses import asking
from tests.conftest import COFFEE, question

PICTURES = ["asset/images/coffee.png"]


class Drink(Enum):
    COFFEE = "coffee"
    TEA = "tea"


class Place(BaseModel):
    """Where something is."""

    x_min: float = Field(ge=0, le=1, description="left edge")
    x_max: float = Field(ge=0, le=1)


class Thing(BaseModel):
    label: str = Field(min_length=1, max_length=40, pattern="^[a-z ]+$")
    kind: Drink = Field(description="what is in it")
    other_kind: Drink
    size: Literal["small", "large"]
    only: Literal["cup"]
    place: Place
    seen_before: Place | None
    note: str | None = None


class Scene(BaseModel):
    things: list[Thing] = Field(min_length=1, max_length=5)
    best: Thing | None = Field(description="the best of them")
    count: int = 1


class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str
    kind: Drink
    places: list[Literal["left", "right"]]
    note: str | None


PLACE = {"x_min": 0.1, "x_max": 0.9}
THING = {"label": "a cup", "kind": "coffee", "other_kind": "tea", "size": "small", "only": "cup", "place": PLACE,
         "seen_before": None, "note": None}  # fmt: skip
SCENE = json.dumps({"things": [THING], "best": THING | {"seen_before": PLACE}, "count": 1})


def answers(**texts):
    """An entry for each question; a text may be a tuple of the text and more of the entry."""
    entries = []
    for asked, text in texts.items():
        text, more = text if isinstance(text, tuple) else (text, {})
        entries.append(Answer(PICTURES, [asked.replace("_", " ")], text, **more))
    return {entry.key(): entry for entry in entries}


ENTRIES = answers(
    scene=SCENE,
    forbidding='{"label": "a cup", "kind": "coffee", "places": ["left"], "note": null}',
    any_json='{"whatever": [1, 2]}',
    prose="A cup of coffee.",
    another_shape='{"things": []}',
    misfit=('{"x_min": 0.1, "x_max": "wide"}', {"misfit": True}),
    misfit_prose=("A cup of coffee.", {"misfit": True}),
    no_misfit=('{"x_min": 0.1, "x_max": 0.9}', {"misfit": True}),
    place='{"x_min": 0.1, "x_max": 0.9}',
    refusal=("I can't help with that.", {"fault": "refusal"}),
    filtered=('{"x_min": 0.1, "x_max": 0.9}', {"fault": "filtered"}),
    after_a_fault=("A cup of coffee.", {"fault": "server_error", "times": 1}),
    cut=SCENE,
) | {entry.key(): entry for entry in [Answer(PICTURES, ["Answer in JSON.", "prose"], "A cup of coffee.")]}


@pytest.fixture(scope="module")
def api():
    with serve(answers=ENTRIES) as running:
        yield running


def parse(client, asked, model, **more):
    return client.chat.completions.parse(**question(asked) | more, response_format=model)


def strict(schema, name="thing", strict=True):
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}}


def closed(**properties):
    """An object as strict mode wants it."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


TEXT = {"type": "string"}


# What passes


def test_parse_gives_a_model_with_everything_a_lesson_needs(client):
    answer = parse(client, "scene", Scene)
    scene = answer.choices[0].message.parsed
    assert isinstance(scene, Scene) and scene == Scene.model_validate_json(SCENE)
    assert scene.things[0].kind is Drink.COFFEE and scene.best.seen_before == Place(**PLACE)
    assert answer.choices[0].message.content == SCENE and answer.model == "course-sample"


def test_a_schema_of_pydantics_passes_by_hand_where_it_forbids_what_is_extra(client):
    schema = Forbidding.model_json_schema()
    answer = client.chat.completions.create(**question("forbidding", response_format=strict(schema, "Forbidding")))
    assert Forbidding.model_validate_json(answer.choices[0].message.content).places == ["left"]


def test_chat_can_do_without_a_schema(client):
    chosen = {"type": "json_schema", "json_schema": {"name": "thing", "strict": True}}
    answer = client.chat.completions.create(**question("any json", response_format=chosen))
    assert json.loads(answer.choices[0].message.content) == {"whatever": [1, 2]}


def test_what_parse_gives_is_replayed_as_it_was_recorded(record, replay):
    def ask():
        client = openai.OpenAI()
        scene = parse(client, "scene", Scene).choices[0].message.parsed
        with pytest.raises(ValidationError) as caught:
            parse(client, "misfit", Place)
        with pytest.raises(LengthFinishReasonError):
            parse(client, "cut", Scene, max_completion_tokens=5)
        return scene, str(caught.value)

    record()
    recorded = ask()
    assert recording.origin(parse(openai.OpenAI(), "scene", Scene).id).source == "sample"
    tape = replay()
    assert ask() == recorded
    assert [item.wrong_on_purpose for item in tape.recording.interactions].count(True) == 1


def test_responses_parse_passes_too(client):
    response = client.responses.parse(**asking("scene"), text_format=Scene)
    assert response.output_parsed == Scene.model_validate_json(SCENE)


def test_a_stream_is_parsed_at_its_end(client):
    with client.chat.completions.stream(**question("place"), response_format=Place) as stream:
        kinds = {event.type for event in stream}
        assert "content.delta" in kinds and "content.done" in kinds
        assert stream.get_final_completion().choices[0].message.parsed == Place(**PLACE)


PASSES = {
    "limits of numbers, texts and lists": closed(
        a={"type": "number", "minimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.1},
        b={"type": "string", "pattern": "^a", "minLength": 1, "format": "date"},
        c={"type": "array", "items": TEXT, "minItems": 1, "maxItems": 4},
    ),
    "or null": closed(a={"type": ["string", "null"]}, b={"anyOf": [TEXT, {"type": "null"}]}),
    "references": closed(a={"$ref": "#/$defs/place"}) | {"$defs": {"place": closed(x={"type": "number"})}},
    "itself": closed(name=TEXT, within={"type": "array", "items": {"$ref": "#"}}),
    "a property with a keyword's name": closed(oneOf=TEXT, default=TEXT, **{"not": TEXT}),
    "words about it": closed(a=TEXT | {"title": "A", "description": "a", "default": "x"}) | {"title": "Thing"},
    "nothing in it": {"type": "object", "additionalProperties": False},
}


@pytest.mark.parametrize("name", PASSES)
def test_what_strict_mode_takes(name):
    assert schema_problem("thing", PASSES[name], strict=True) is None


# What is refused


class Open(BaseModel):
    counts: dict[str, int]


class Untyped(BaseModel):
    anything: Any


class Pair(BaseModel):
    box: tuple[float, float, float, float]


class Things(RootModel[list[Thing]]):
    pass


class Described(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Drink = Field(description="what is in it")


def nested(levels):
    return closed(within=nested(levels - 1)) if levels > 1 else closed(a=TEXT)


MISSING = "'required' is required to be supplied and to be an array including every key in properties."
# schema, what the message says after "Invalid schema for response_format 'thing'"
REFUSED = {
    "open": (closed(a=TEXT) | {"additionalProperties": True},
             ": In context=(), 'additionalProperties' is required to be supplied and to be false."),
    "as pydantic makes it": (Place.model_json_schema(),
                             ": In context=(), 'additionalProperties' is required to be supplied and to be false."),
    "open within": (closed(a=closed(b={"type": "object", "properties": {}})),
                    ": In context=('properties', 'a', 'properties', 'b'), 'additionalProperties' is required to be "
                    "supplied and to be false."),
    "not required": (closed(a=TEXT, b=TEXT) | {"required": ["a"]}, f": In context=(), {MISSING} Missing 'b'."),
    "without required": ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
                         f": In context=(), {MISSING} Missing 'a'."),
    "not required in a list": (closed(a={"type": "array", "items": closed(b=TEXT) | {"required": []}}),
                               f": In context=('properties', 'a', 'items'), {MISSING} Missing 'b'."),
    "not required in a definition": (closed(a=TEXT) | {"$defs": {"b": closed(c=TEXT) | {"required": []}}},
                                     f": In context=('$defs', 'b'), {MISSING} Missing 'c'."),
    "required too much": (closed(a=TEXT) | {"required": ["a", "b"]},
                          f": In context=(), {MISSING} Extra required key 'b' supplied."),
    "a list as root": ({"type": "array", "items": TEXT},
                       ": schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    "a union as root": ({"anyOf": [closed(a=TEXT), closed(b=TEXT)]},
                        ": schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    "an object and a union as root": (closed() | {"anyOf": [closed(a=TEXT), closed(b=TEXT)]},
                                      ": schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/"
                                      "'not' at the top level."),
    "oneOf": (closed(a={"oneOf": [TEXT, {"type": "null"}]}), ": In context=('properties', 'a'), 'oneOf' is not "
              "permitted."),
    "allOf in a union": (closed(a={"anyOf": [TEXT, {"allOf": [TEXT]}]}),
                         ": In context=('properties', 'a', 'anyOf', '1'), 'allOf' is not permitted."),
    "uniqueItems": (closed(a={"type": "array", "items": TEXT, "uniqueItems": True}),
                    ": In context=('properties', 'a'), 'uniqueItems' is not permitted."),
    "no type": (closed(a={"description": "anything"}), ": In context=('properties', 'a'), schema must have a 'type' "
                "key."),
    "a format": (closed(a={"type": "string", "format": "uri"}),
                 ": In context=('properties', 'a'), 'uri' is not a valid format."),
    "a list of anything": (closed(a={"type": "array"}),
                           ": In context=('properties', 'a'), array schema missing items."),
    "words beside a reference": (Described.model_json_schema(),
                                 ": context=('properties', 'kind'), $ref cannot have keywords {'description'}."),
    "too deep": (nested(11), ": 11 levels of nesting exceeds limit of 10."),
    "too wide": (closed(**{f"p{n}": TEXT for n in range(5001)}), ": 5001 parameters exceeds limit of 5000."),
    "too many values": (closed(**{f"p{n}": {"type": "string", "enum": [str(v) for v in range(501)]} for n in range(2)}),
                        ": Expected at most 1000 enum values in total within a single schema when using structured "
                        "outputs, but received 1002. Consider reducing the number of enums, or use 'strict: false' to "
                        "opt out of structured outputs."),
    "no schema": ({"type": "objekt"}, ". Please ensure it is a valid JSON Schema."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_is_refused_as_the_service_does_it(client, name):
    schema, says = REFUSED[name]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**question("scene", response_format=strict(schema)))
    error = caught.value
    assert error.body["message"] == f"Invalid schema for response_format 'thing'{says}"
    assert (error.body["type"], error.param, error.code) == ("invalid_request_error", "response_format", None)


@pytest.mark.parametrize("name", REFUSED)
def test_responses_says_the_same_of_text_format(client, name):
    schema, says = REFUSED[name]
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(
            **asking("scene", text={"format": {"type": "json_schema", **strict(schema)["json_schema"]}})
        )
    assert caught.value.body["message"] == f"Invalid schema for response_format 'thing'{says}"
    assert (caught.value.param, caught.value.code) == ("text.format.schema", "invalid_json_schema")


@pytest.mark.parametrize("name", ["open", "not required", "a list as root", "oneOf", "too deep"])
def test_without_strict_a_schema_is_only_a_wish(name):
    assert schema_problem("thing", REFUSED[name][0], strict=False) is None
    assert schema_problem("thing", nested(10), strict=True) is None


# What parse sends of a model that strict mode does not take
@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Open, f"In context=(), {MISSING} Extra required key 'counts' supplied."),
        (Untyped, "In context=('properties', 'anything'), schema must have a 'type' key."),
        (Pair, "In context=('properties', 'box'), array schema missing items."),
        (Things, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    ],
)
def test_parse_sends_what_the_service_refuses(client, model, says):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.parse(**question("scene"), response_format=model)
    assert caught.value.body["message"] == f"Invalid schema for response_format '{model.__name__}': {says}"


NAMES = {
    "a cup": ("string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
              "invalid_value"),
    "컵": ("string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
          "invalid_value"),
    "": ("string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
         "invalid_value"),
    "a" * 65: ("string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
               "string_above_max_length"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_strict", [True, False])
def test_a_name_is_letters_digits_and_dashes(client, name, is_strict):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**question("scene", response_format=strict(closed(a=TEXT), name, is_strict)))
    where = "response_format.json_schema.name"
    assert caught.value.body["message"] == f"Invalid '{where}': {NAMES[name][0]}"
    assert (caught.value.param, caught.value.code) == (where, NAMES[name][1])


# response_format, message, param, code
WRONG_FORMATS = {
    "no such type": ({"type": "json"}, "Invalid value: 'json'. Supported values are: 'json_object', 'json_schema', and "
                     "'text'.", "response_format.type", "invalid_value"),
    "a text": ("json_object", "Invalid type for 'response_format': expected an object, but got a string instead.",
               "response_format", "invalid_type"),
    "as Responses has it": ({"type": "json_schema", "name": "thing", "schema": closed(a=TEXT), "strict": True},
                            "Missing required parameter: 'response_format.json_schema'.",
                            "response_format.json_schema", "missing_required_parameter"),
    "no name": ({"type": "json_schema", "json_schema": {"schema": closed(a=TEXT)}},
                "Missing required parameter: 'response_format.json_schema.name'.",
                "response_format.json_schema.name", "missing_required_parameter"),
    "no word of JSON": ({"type": "json_object"}, "'messages' must contain the word 'json' in some form, to use "
                        "'response_format' of type 'json_object'.", "messages", None),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_FORMATS)
def test_a_format_is_refused(api, name):
    chosen, says, param, code = WRONG_FORMATS[name]
    headers = {"Authorization": f"Bearer {API_KEY}"}
    body = question("scene", response_format=chosen)
    response = requests.post(f"{api.url}/v1/chat/completions", headers=headers, json=body, timeout=9)
    error = response.json()["error"]
    assert (response.status_code, error["message"]) == (400, says)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_json_mode_wants_the_word_in_a_message(client):
    chosen = {"type": "json_object"}
    asked = question("any json", response_format=chosen)
    answer = client.chat.completions.create(**asked)
    assert json.loads(answer.choices[0].message.content) == {"whatever": [1, 2]}
    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        address = f"{COFFEE}?json"
        client.chat.completions.create(**question("scene", picture=address, response_format=chosen))
    text = {"format": chosen}
    assert client.responses.create(**asking("any json", text=text)).output_text == '{"whatever": [1, 2]}'
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**asking("scene", text=text, instructions="Answer in JSON."))
    assert "input messages must contain the word 'json'" in str(caught.value) and caught.value.param == "text.format"


# What comes back


def test_parse_raises_when_the_limit_cuts_the_answer_and_keeps_it(client):
    with pytest.raises(LengthFinishReasonError) as caught:
        parse(client, "cut", Scene, max_completion_tokens=5)
    assert not isinstance(caught.value, openai.APIError) and isinstance(caught.value, openai.OpenAIError)
    [choice] = caught.value.completion.choices
    assert choice.finish_reason == "length" and choice.message.content == SCENE[:20]


def test_parse_raises_when_a_filter_cuts_the_answer(client):
    with pytest.raises(ContentFilterFinishReasonError) as caught:
        parse(client, "filtered", Place)
    assert not isinstance(caught.value, openai.APIError) and isinstance(caught.value, openai.OpenAIError)


def test_a_refusal_raises_nothing_and_has_nothing_parsed(client):
    message = parse(client, "refusal", Place).choices[0].message
    assert (message.parsed, message.content, message.refusal) == (None, None, "I can't help with that.")


@pytest.mark.parametrize(("asked", "says"), [("misfit", "x_max"), ("misfit prose", "Invalid JSON")])
def test_parse_raises_pydantics_own_error_for_a_misfit(client, api, asked, says):
    before = len(api.unanswered)
    with pytest.raises(ValidationError, match=says) as caught:
        parse(client, asked, Place)
    assert not isinstance(caught.value, openai.OpenAIError)
    raw = client.chat.completions.with_raw_response.create(**question(asked))
    assert raw.headers["x-course-source"] == "sample wrong-on-purpose"
    assert api.unanswered[before:] == [], "a misfit on purpose is no hole"


# Answers that are our mistake


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("prose", "that does not fit: it is no JSON: Expecting value"),
        ("another shape", "that does not fit: at $: "),
        ("no misfit", "that fits, though it says that it is a misfit"),
        ("after a fault", "that does not fit: it is no JSON"),
    ],
)
@pytest.mark.parametrize("way", ["chat", "responses"])
def test_an_answer_that_does_not_fit_is_a_hole(client, api, asked, says, way):
    before = len(api.unanswered)
    with pytest.raises(openai.InternalServerError, match=r"answers\.toml has an answer to"):
        if way == "chat":
            parse(client, asked, Place)
        else:
            client.responses.parse(**asking(asked), text_format=Place)
    [noted] = api.unanswered[before:]
    assert says in noted and asked in noted


def test_json_mode_is_checked_as_well_and_text_never(client, api):
    before = len(api.unanswered)
    asked = question("prose", response_format={"type": "json_object"})
    asked["messages"].insert(0, {"role": "system", "content": "Answer in JSON."})
    with pytest.raises(openai.InternalServerError, match="that does not fit: it is no JSON"):
        client.chat.completions.create(**asked)
    for chosen in (None, {"type": "text"}):
        more = {"response_format": chosen} if chosen else {}
        assert client.chat.completions.create(**question("prose", **more)).choices[0].message.content
    assert len(api.unanswered) == before + 1


def test_misfits_are_wrong_on_purpose(tmp_path):
    file = tmp_path / "answers.toml"
    entry = '[[answer]]\npictures = ["asset/images/coffee.png"]\nasked = ["a"]\ntext = "b"\nmisfit = true\n'
    file.write_text(entry, encoding="utf-8")
    [answer] = load_answers(file).values()
    assert answer.wrong_on_purpose


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": "x"}', None),
        ('{"a": 1}', "at $.a: 1 is not of type 'string'"),
        ("{}", "at $: 'a' is a required property"),
        ('{"a": "x", "b": 1}', "at $: Additional properties are not allowed ('b' was unexpected)"),
        ("```json\n{}\n```", "it is no JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_why_an_answer_does_not_fit(text, says):
    assert misfit(text, closed(a=TEXT)) == says


# What parse sends: changes here are changes of the SDK that the lesson speaks of


def test_what_parse_sends_of_a_model(client, monkeypatch):
    sent = []
    monkeypatch.setattr(client.chat.completions, "_post", lambda path, **options: sent.append(options["body"]))
    parse(client, "scene", Scene)
    chosen = sent[0]["response_format"]["json_schema"]
    schema, pydantics = chosen["schema"], Scene.model_json_schema()
    assert (sent[0]["response_format"]["type"], chosen["name"], chosen["strict"]) == ("json_schema", "Scene", True)
    thing = schema["$defs"]["Thing"]
    assert schema["additionalProperties"] is thing["additionalProperties"] is False
    assert "note" in thing["required"] and "note" not in pydantics["$defs"]["Thing"]["required"], "all are required"
    assert "default" not in thing["properties"]["note"] and schema["properties"]["count"]["default"] == 1, (
        "only null goes"
    )
    assert schema["$defs"]["Place"]["properties"]["x_min"] == pydantics["$defs"]["Place"]["properties"]["x_min"]
    assert schema["$defs"]["Place"]["properties"]["x_min"]["minimum"] == 0
    assert thing["properties"]["other_kind"] == {"$ref": "#/$defs/Drink"}, "a reference that stands alone is kept"
    assert thing["properties"]["kind"]["enum"] == ["coffee", "tea"], "one with a description beside it is written out"
    assert schema["properties"]["things"]["items"] == {"$ref": "#/$defs/Thing"}
