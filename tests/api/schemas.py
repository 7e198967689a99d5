"""Structured outputs: what the service has against a strict schema, in its own words, and whether an answer fits one.

The rules are those of OpenAI's guide "Structured model outputs" (developers.openai.com, a copy of 2026) and of
openai/openai-node, src/lib/transform.ts (2026); where users of the service quote its words is said beside each.

Where sources disagree, or none has a rule, a schema passes: minimum, pattern, minLength, patternProperties, a default.
Left out are limits on the number of properties and enum values; unverified is which of several faults comes first.
"""

import json
from collections.abc import Iterator

from jsonschema import Draft202012Validator  # in the lock of the course, where nbformat brings it
from jsonschema.exceptions import SchemaError, best_match

_NOT_PERMITTED = {
    # The guide, under "Some type-specific keywords are not yet supported".
    "allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else",
    # openai/openai-agents-js issue 1138, mastra-ai/mastra issues 23321 and 19273, vercel/ai issue 9601 (2025 to 2026)
    "oneOf", "uniqueItems", "propertyNames",
    # openai/openai-node, src/lib/transform.ts (2026). prefixItems stands there, too: see "array" below.
    "contains", "contentSchema", "dependencies", "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
# The guide, "Supported string properties". can1357/oh-my-pi issue 206 (2026-02).
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_DEEPEST = 10  # the guide, "Objects have limitations on nesting depth and size"
_EVERY = "'required' is required to be supplied and to be an array including every key in properties."


def asked_schema(body: dict) -> dict | None:
    """Name, schema and strictness that a request of either API asks for; None where any text will do."""
    chosen = body.get("response_format") or (body.get("text") or {}).get("format") or {"type": "text"}
    if chosen["type"] == "json_object":
        raise NotImplementedError("JSON mode")
    return chosen.get("json_schema", chosen) if chosen["type"] == "json_schema" else None  # Chat has one more level


def misfit(text: str, schema: dict) -> str | None:
    """Why a text is no answer that fits the schema."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        return f"it is no JSON: {error}"
    error = best_match(Draft202012Validator(schema).iter_errors(answer))
    return error and f"at {error.json_path}: {error.message}"


def tool_calls(calls: list[dict], tools: list[dict]) -> list[dict]:
    """The calls of an entry as an answer has them. Raises KeyError or ValueError for what no tool on offer takes."""
    offered, made = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}, []
    for number, call in enumerate(calls, 1):
        arguments = json.dumps(call["arguments"])
        if why := misfit(arguments, offered[call["name"]]):
            raise ValueError(f"{call['name']} with arguments that do not fit: {why}")
        function = {"name": call["name"], "arguments": arguments}
        made.append({"id": f"call_sample_{number}", "type": "function", "function": function})
    return made


def schema_problem(name: str, schema: dict, strict: bool) -> str | None:
    """What the service has against a schema; without `strict` only that it is none."""
    begin, nodes = f"Invalid schema for response_format '{name}'", [((), schema, 0)]
    for path, node, level in nodes:  # grows while it is read: no depth is too much
        nodes += [((*path, *more), within, level + (more[0] == "properties")) for more, within in _within(node)]
    # How the service counts levels is unverified; this counts the fewest, and follows no $ref.
    if strict and (levels := max(level for _, _, level in nodes)) > _DEEPEST:
        return (
            f"{begin}: {levels} levels of nesting exceeds limit of {_DEEPEST}."  # tidyverse/ellmer issue 671 (2025-07)
        )
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return f"{begin}. Please ensure it is a valid JSON Schema."  # tldraw/ai-template issue 2 (2025-07)
    problems = [*_problems_of_root(schema), *(why for path, node, _ in nodes for why in _problems(path, node))]
    return f"{begin}: {problems[0]}" if strict and problems else None


def _within(node: dict) -> Iterator[tuple[tuple[str, ...], dict]]:
    """The schemas in a schema, each with the path to it as the service writes it."""
    named = {keyword: node.get(keyword) for keyword in ("properties", "$defs", "definitions", "anyOf")}
    for keyword, schemas in named.items():
        schemas = dict(enumerate(schemas)) if isinstance(schemas, list) else schemas
        for key, schema in schemas.items() if isinstance(schemas, dict) else ():
            if isinstance(schema, dict):  # true and false are schemas, too
                yield (keyword, str(key)), schema
    if isinstance(node.get("items"), dict):
        yield ("items",), node["items"]


def _problems_of_root(schema: dict) -> Iterator[str]:
    if schema.get("type") != "object":
        # openai/openai-node issue 1597 (2025-07); Python's None stands there for a type that is missing.
        yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if {"anyOf", "oneOf", "allOf", "enum", "not"} & {*schema}:
        # chatanywhere/GPT_API_free issue 403 (2025-06), about a function.
        yield "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."


def _problems(path: tuple[str, ...], node: dict) -> Iterator[str]:
    here, types = f"In context={path}, ", node.get("type")
    types = types if isinstance(types, list) else [types]
    yield from (f"{here}'{keyword}' is not permitted." for keyword in node if keyword in _NOT_PERMITTED)
    if not {"type", "anyOf", "$ref", "enum", "const"} & {*node}:
        yield f"{here}schema must have a 'type' key."  # can1357/oh-my-pi issue 211 (2026-02)
    if node.get("format", "date") not in _FORMATS:
        yield f"{here}'{node['format']}' is not a valid format."
    if "$ref" in node and (others := sorted({*node} - {"$ref", "$defs", "definitions"})):
        # camel-ai/camel issue 3001 (2025-08), defog-ai/defog pull request 244 (2026-03)
        yield f"context={path}, $ref cannot have keywords {{{', '.join(map(repr, others))}}}."
    if "array" in types and "items" not in node:
        # modelscope/ms-agent pull request 610 (2025-01). A tuple of pydantic's has prefixItems instead, which is passed
        # over: pydantic/pydantic-ai pull request 7333 (2026-08).
        yield f"{here}array schema missing items."
    if "object" in types:
        if node.get("additionalProperties") is not False:
            # moeru-ai/xsai issue 202 (2025-07), google/adk-python pull request 4039 (2025-12)
            yield f"{here}'additionalProperties' is required to be supplied and to be false."
        # An object that names no properties (a dict of pydantic's) is as good as not there: agno-agi/agno pull request
        # 3395 (2025-05). The words: vercel/ai issue 6484 (2025-05).
        properties, required = node.get("properties", {}).items(), node.get("required", [])
        there = [key for key, value in properties if not _is_open(value)]
        yield from (f"{here}{_EVERY} Missing '{key}'." for key in there if key not in required)
        yield from (f"{here}{_EVERY} Extra required key '{key}' supplied." for key in required if key not in there)


def _is_open(schema: dict | bool) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "object" and "properties" not in schema
