"""Structured outputs, with the real SDK over a real socket: what is sent and refused, and what `parse` makes of it."""

import json
from enum import Enum
from typing import Any, Literal

import openai
import pytest
from openai import LengthFinishReasonError
from openai._exceptions import ContentFilterFinishReasonError  # its only place
from pydantic import BaseModel, Field, RootModel, ValidationError

from course import recording
from tests.api import schemas, serve
from tests.api.answers import Answer
from tests.api.schemas import misfit, schema_problem
from tests.api.test_refused import asking
from tests.conftest import question


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
    only: Literal["cup"]
    seen_before: Place | None
    note: str | None = None


class Scene(BaseModel):
    things: list[Thing] = Field(min_length=1, max_length=5)
    count: int = 1


PLACE = '{"x_min": 0.1, "x_max": 0.9}'
THING = {"label": "a cup", "kind": "coffee", "other_kind": "tea", "only": "cup", "seen_before": json.loads(PLACE)}
SCENE = json.dumps({"things": [THING | {"note": None}], "count": 1})
PROSE, FAULTY = "A cup of coffee.", {"fault": "server_error", "times": 1}
ENTRIES = [
    Answer(["asset/images/coffee.png"], [*asked.split(" + ")], text, **more)
    for asked, text, more in (
        ("scene", SCENE, {}), ("any json", '{"whatever": [1, 2]}', {}), ("place", PLACE, {}), ("prose", PROSE, {}),
        ("Answer in JSON. + prose", PROSE, {}), ("another shape", '{"things": []}', {}),
        ("after a fault", PROSE, FAULTY),
        ("misfit", '{"x_min": 0.1, "x_max": "wide"}', {"misfit": True}), ("misfit prose", PROSE, {"misfit": True}),
        ("no misfit", PLACE, {"misfit": True}), ("refusal", "I can't help with that.", {"fault": "refusal"}),
        ("filtered", PLACE, {"fault": "filtered"}),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def api():
    with serve(answers={entry.key(): entry for entry in ENTRIES}) as running:
        yield running


def parse(client, asked, model, **more):
    return client.chat.completions.parse(**question(asked, **more), response_format=model)


def strict(schema, name="thing", strict=True):
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}}


def closed(**properties):
    """An object as strict mode wants it."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def nested(levels):
    return closed(within=nested(levels - 1)) if levels > 1 else closed(a=TEXT)


# --- what is refused ---

IN_A, OPEN = "In context=('properties', 'a'", "'additionalProperties' is required to be supplied and to be false."
EVERY = "'required' is required to be supplied and to be an array including every key in properties."
ENUM = [str(n) for n in range(501)]
NO_SCHEMA = "Please ensure it is a valid JSON Schema."
# schema, what the message says
REFUSED = [
    (closed(a=TEXT) | {"additionalProperties": True}, f"In context=(), {OPEN}"),
    (Place.model_json_schema(), f"In context=(), {OPEN}"),
    (closed(a=closed(b={"type": "object", "properties": {}})), f"{IN_A}, 'properties', 'b'), {OPEN}"),
    (closed(a=TEXT, b=TEXT) | {"required": ["a"]}, f"In context=(), {EVERY} Missing 'b'."),
    ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
     f"In context=(), {EVERY} Missing 'a'."),
    (closed(a={"type": "array", "items": closed(b=TEXT) | {"required": []}}),
     f"{IN_A}, 'items'), {EVERY} Missing 'b'."),
    (closed(a=TEXT) | {"$defs": {"b": closed(c=TEXT) | {"required": []}}},
     f"In context=('$defs', 'b'), {EVERY} Missing 'c'."),
    (closed(a=TEXT) | {"required": ["a", "b"]}, f"In context=(), {EVERY} Extra required key 'b' supplied."),
    ({"type": "array", "items": TEXT}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    ({"anyOf": [closed(a=TEXT)]}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    (closed() | {"anyOf": [closed(a=TEXT)]}, "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/"
     "'enum'/'not' at the top level."),
    *((closed(a={"type": "array", "items": TEXT, keyword: True}), f"{IN_A}), '{keyword}' is not permitted.")
      for keyword in ("uniqueItems", "unevaluatedItems")),
    (closed(a={"oneOf": [TEXT]}), f"{IN_A}), 'oneOf' is not permitted."),
    (closed(a={"anyOf": [TEXT, {"allOf": [TEXT]}]}), f"{IN_A}, 'anyOf', '1'), 'allOf' is not permitted."),
    (closed(a={"description": "anything"}), f"{IN_A}), schema must have a 'type' key."),
    (closed(a=TEXT | {"format": "uri"}), f"{IN_A}), 'uri' is not a valid format."),
    (closed(a={"type": "array"}), f"{IN_A}), array schema missing items."),
    (closed(a={"$ref": "#/$defs/b", "title": "A", "description": ""}) | {"$defs": {"b": TEXT}},
     "context=('properties', 'a'), $ref cannot have keywords {'description', 'title'}."),
    (nested(11), "11 levels of nesting exceeds limit of 10."),
    (closed(a=TEXT | {"enum": ENUM}, b=TEXT | {"enum": ENUM}), "Expected at most 1000 enum values in total within a "
     "single schema when using structured outputs, but received 1002. Consider reducing the number of enums, or use "
     "'strict: false' to opt out of structured outputs."),
    ({"type": "objekt"}, NO_SCHEMA),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "says"), REFUSED)
def test_both_apis_refuse_a_schema_as_the_service_does(client, schema, says):
    says = f"Invalid schema for response_format 'thing'{'.' if says == NO_SCHEMA else ':'} {says}"
    text = {"format": {"type": "json_schema", **strict(schema)["json_schema"]}}
    for call, more, param, code in (
        (client.chat.completions.create, question("scene", response_format=strict(schema)), "response_format", None),
        (client.responses.create, asking("scene", text=text), "text.format.schema", "invalid_json_schema"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            call(**more)
        assert caught.value.body == {"message": says, "type": "invalid_request_error", "param": param, "code": code}


def test_a_schema_is_not_too_wide(monkeypatch):
    assert schemas._PROPERTIES == 5_000, "jsonschema takes seconds over so many"
    monkeypatch.setattr(schemas, "_PROPERTIES", 5)
    assert schema_problem("a", closed(**dict.fromkeys("abcde", TEXT)), True) is None
    assert schema_problem("a", closed(a=nested(4)), True) is None
    assert "6 parameters exceeds limit of 5." in schema_problem(
        "a", closed(b=closed(**dict.fromkeys("abcde", TEXT))), True
    )


PASSES = [
    closed(a=NUMBER | {"minimum": 0, "multipleOf": 0.1}, b=TEXT | {"pattern": "^a", "minLength": 1, "format": "date"}),
    closed(a={"type": "array", "items": TEXT, "minItems": 1}, b={"type": ["string", "null"]}, c={"anyOf": [TEXT]}),
    closed(a={"$ref": "#/$defs/place"}) | {"$defs": {"place": closed(x=NUMBER)}},
    closed(name=TEXT, within={"type": "array", "items": {"$ref": "#"}}),
    closed(oneOf=TEXT, default=TEXT, **{"not": TEXT}),
    closed(a=TEXT | {"title": "A", "description": "a", "default": "x"}) | {"title": "Thing"},
    {"type": "object", "additionalProperties": False},
    closed(a={"const": 1}, b={"enum": ["x"]}),
    nested(10),
]


@pytest.mark.parametrize("schema", PASSES)
def test_what_strict_mode_takes(schema):
    assert schema_problem("thing", schema, strict=True) is None


def test_without_strict_a_schema_is_only_a_wish():
    passed = [schema_problem("thing", schema, strict=False) is None for schema, _ in REFUSED]
    assert passed == [says != NO_SCHEMA for _, says in REFUSED]


class Open(BaseModel):
    counts: dict[str, int]


class Untyped(BaseModel):
    anything: Any


class Pair(BaseModel):
    box: tuple[float, float]


class Things(RootModel[list[Thing]]):
    pass


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Open, f"In context=(), {EVERY} Extra required key 'counts' supplied."),
        (Untyped, "In context=('properties', 'anything'), schema must have a 'type' key."),
        (Pair, "In context=('properties', 'box'), array schema missing items."),
        (Things, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    ],
)
def test_parse_sends_what_the_service_refuses(client, model, says):
    with pytest.raises(openai.BadRequestError) as caught:
        parse(client, "scene", model)
    assert caught.value.body["message"].endswith(f"': {says}")


PATTERN = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
LONG = "string too long. Expected a string with maximum length 64, but got a string with length 65 instead."


@pytest.mark.parametrize("name", ["a cup", "컵", "", "a\n", "a" * 65])
def test_a_name_is_letters_digits_and_dashes(client, name):
    says, code = (LONG, "string_above_max_length") if len(name) > 64 else (PATTERN, "invalid_value")
    where = "response_format.json_schema.name"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**question("scene", response_format=strict(closed(), name, False)))
    assert (caught.value.body["message"], caught.value.param, caught.value.code) == (
        f"Invalid '{where}': {says}",
        where,
        code,
    )


# --- what comes back ---


def test_parse_gives_a_model_by_either_api_and_of_a_stream(client):
    whole = Scene.model_validate_json(SCENE)
    assert parse(client, "scene", Scene).choices[0].message.parsed == whole
    assert client.responses.parse(**asking("scene"), text_format=Scene).output_parsed == whole
    with client.chat.completions.stream(**question("place"), response_format=Place) as stream:
        assert {"content.delta", "content.done"} <= {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.parsed == Place.model_validate_json(PLACE)


@pytest.mark.parametrize("chosen", [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "a"}}])
def test_json_alone_may_be_any_object(client, chosen):
    answer = client.chat.completions.create(**question("any json", response_format=chosen))
    assert json.loads(answer.choices[0].message.content) == {"whatever": [1, 2]}
    text = {"format": {"type": "json_object"}}
    assert client.responses.create(**asking("any json", text=text)).output_text == '{"whatever": [1, 2]}'


def test_parse_raises_when_an_answer_is_cut_off_and_keeps_it(client):
    with pytest.raises(LengthFinishReasonError) as caught:
        parse(client, "scene", Scene, max_completion_tokens=5)
    assert not isinstance(caught.value, openai.APIError) and isinstance(caught.value, openai.OpenAIError)
    [choice] = caught.value.completion.choices
    assert choice.finish_reason == "length" and choice.message.content == SCENE[:20]
    with pytest.raises(ContentFilterFinishReasonError) as caught:
        parse(client, "filtered", Place)
    assert not isinstance(caught.value, openai.APIError) and isinstance(caught.value, openai.OpenAIError)


def test_a_refusal_raises_nothing_and_has_nothing_parsed(client):
    message = parse(client, "refusal", Place).choices[0].message
    assert (message.parsed, message.content, message.refusal) == (None, None, "I can't help with that.")


@pytest.mark.parametrize(("asked", "says"), [("misfit", "x_max"), ("misfit prose", "Invalid JSON")])
def test_parse_raises_pydantics_own_error_for_a_misfit_on_purpose(client, api, asked, says):
    before = len(api.unanswered)
    with pytest.raises(ValidationError, match=says):
        parse(client, asked, Place)
    raw = client.chat.completions.with_raw_response.create(**question(asked))
    assert raw.headers["x-course-source"] == "sample wrong-on-purpose" and api.unanswered[before:] == []


def test_what_parse_gives_is_replayed_as_it_was_recorded(record, replay):
    def ask():
        scene = parse(openai.OpenAI(), "scene", Scene)
        with pytest.raises(ValidationError) as caught:
            parse(openai.OpenAI(), "misfit", Place)
        with pytest.raises(LengthFinishReasonError):
            parse(openai.OpenAI(), "scene", Scene, max_completion_tokens=5)
        assert recording.origin(scene.id).source == "sample"
        return scene.choices[0].message.parsed, str(caught.value)

    record()
    recorded = ask()
    tape = replay()
    assert ask() == recorded
    assert [item.wrong_on_purpose for item in tape.recording.interactions].count(True) == 1


# --- answers that are our mistake ---


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("prose", "that does not fit: it is no JSON: Expecting value"),
        ("another shape", "that does not fit: at $: "),
        ("no misfit", "that fits, though it says that it is a misfit"),
        ("after a fault", "that does not fit: it is no JSON"),
    ],
)
def test_an_answer_that_does_not_fit_is_a_hole(client, api, asked, says):
    before = len(api.unanswered)
    for call in (
        lambda: parse(client, asked, Place),
        lambda: client.responses.parse(**asking(asked), text_format=Place),
    ):
        with pytest.raises(openai.InternalServerError, match=r"answers\.toml has an answer to"):
            call()
    assert [says in noted and asked in noted for noted in api.unanswered[before:]] == [True, True]


def test_json_mode_is_checked_as_well_and_text_never(client):
    asked = question("prose", response_format={"type": "json_object"})
    asked["messages"].insert(0, {"role": "system", "content": "Answer in JSON."})
    with pytest.raises(openai.InternalServerError, match="that does not fit: it is no JSON"):
        client.chat.completions.create(**asked)
    for chosen in ({}, {"response_format": {"type": "text"}}):
        assert client.chat.completions.create(**question("prose", **chosen)).choices[0].message.content == PROSE


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


def test_what_parse_sends_of_a_model(client, monkeypatch):
    """Changes here are changes of the SDK that the lesson speaks of."""
    sent = []
    monkeypatch.setattr(client.chat.completions, "_post", lambda path, **options: sent.append(options["body"]))
    parse(client, "scene", Scene)
    chosen = sent[0]["response_format"]["json_schema"]
    schema, thing = chosen["schema"], chosen["schema"]["$defs"]["Thing"]
    assert (sent[0]["response_format"]["type"], chosen["name"], chosen["strict"]) == ("json_schema", "Scene", True)
    assert schema["additionalProperties"] is thing["additionalProperties"] is False
    assert "note" in thing["required"], "all are required"
    assert "default" not in thing["properties"]["note"] and schema["properties"]["count"]["default"] == 1, (
        "only null goes"
    )
    place = Scene.model_json_schema()["$defs"]["Place"]["properties"]["x_min"]
    assert schema["$defs"]["Place"]["properties"]["x_min"] == place and place["minimum"] == 0
    assert thing["properties"]["other_kind"] == {"$ref": "#/$defs/Drink"}, "a reference that stands alone is kept"
    assert thing["properties"]["kind"]["enum"] == ["coffee", "tea"], "one with a description beside it is written out"
    assert schema["properties"]["things"]["items"] == {"$ref": "#/$defs/Thing"}
