"""Structured outputs: what the service has against a strict schema, in its own words, and whether an answer fits one.

The rules are those of OpenAI's guide "Structured model outputs" (developers.openai.com, a copy of 2026 with gpt-5.5 in
its examples; docs.rs/apcore read the same list on 2026-08-03) and of openai/openai-node, src/lib/transform.ts (2026).
The words are those that users of the service quote, and where is said beside each.

Where sources disagree, the more permissive holds: what passes here may still be refused by the service. So these pass:
minimum, maximum, multipleOf, pattern, minItems and maxItems (on the guide's list since 2024); minLength and maxLength
(pydantic/pydantic-ai pull request 7400, 2026-08); patternProperties (by the guide fine-tuned models alone lack them); a
default (both SDKs send it); and every keyword that no source names. Unverified, and so left out: the words about more
than 120,000 characters of names, and 15,000 of one enum; and which of several faults comes first (here the outermost).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

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
# The guide, "Objects have limitations on nesting depth and size" and "Limitations on enum size".
_DEEPEST, _PROPERTIES, _ENUM_VALUES = 10, 5_000, 1_000
_NAME, _LONGEST_NAME = "^[a-zA-Z0-9_-]+$", 64  # the SDK's types say so of `name`


def name_problem(name: str) -> tuple[str, str] | None:
    """What the service has against the name of a schema, and the code of that error."""
    if len(name) > _LONGEST_NAME:  # home-assistant/core issue 121325 (2024-07), about the name of a tool
        most = f"Expected a string with maximum length {_LONGEST_NAME}, but got a string with length {len(name)}"
        return f"string too long. {most} instead.", "string_above_max_length"
    if not re.fullmatch(_NAME, name):  # Vortiago/mcp-azure-devops pull request 30 (2025-06), about the name of a tool
        wanted = f"Expected a string that matches the pattern '{_NAME}'."
        return f"string does not match pattern. {wanted}", "invalid_value"
    return None


def schema_problem(name: str, schema: dict, strict: bool) -> str | None:
    """What the service has against a schema; without `strict` only that it is none."""
    begin = f"Invalid schema for response_format '{name}'"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return f"{begin}. Please ensure it is a valid JSON Schema."  # tldraw/ai-template issue 2 (2025-07)
    why = next(_problems(schema), None) if strict else None
    return why and f"{begin}: {why}"


def asked_schema(chosen: dict | None) -> dict | None:
    """The schema that an answer has to fit by a format of either API; None where any text will do."""
    match (chosen or {}).get("type"):
        case "json_object":
            return {"type": "object"}
        case "json_schema":  # Chat has one more level than Responses
            return chosen.get("json_schema", chosen).get("schema", {"type": "object"})
    return None


def misfit(text: str, schema: dict) -> str | None:
    """Why a text is no answer that fits the schema."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        return f"it is no JSON: {error}"
    error = best_match(Draft202012Validator(schema).iter_errors(answer))
    return error and f"at {error.json_path}: {error.message}"


def _problems(schema: dict) -> Iterator[str]:
    if schema.get("type") != "object":
        # openai/openai-node issue 1597 (2025-07); Python's None stands there for a type that is missing.
        yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if {"anyOf", "oneOf", "allOf", "enum", "not"} & {*schema}:
        # chatanywhere/GPT_API_free issue 403 (2025-06), about a function.
        yield "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
    nodes = [*_nodes(schema)]
    for path, node, _ in nodes:
        yield from (f"In context={path}, {why}" for why in _node_problems(node))
        if "$ref" in node and (others := sorted({*node} - {"$ref", "$defs", "definitions"})):
            # camel-ai/camel issue 3001 (2025-08), defog-ai/defog pull request 244 (2026-03)
            yield f"context={path}, $ref cannot have keywords {{{', '.join(map(repr, others))}}}."
    # How the service counts levels is unverified; this counts the fewest, and follows no $ref.
    if (levels := max(level for _, _, level in nodes)) > _DEEPEST:
        yield f"{levels} levels of nesting exceeds limit of {_DEEPEST}."  # tidyverse/ellmer issue 671 (2025-07)
    if (properties := sum(len(node.get("properties", {})) for _, node, _ in nodes)) > _PROPERTIES:
        yield f"{properties} parameters exceeds limit of {_PROPERTIES}."  # xavierzheng/pxgpt, a test (2026)
    if (values := sum(len(node.get("enum", ())) for _, node, _ in nodes)) > _ENUM_VALUES:
        # community.openai.com 974416 (2024-10), when the limit was 500
        most = f"Expected at most {_ENUM_VALUES} enum values in total within a single schema"
        way_out = "Consider reducing the number of enums, or use 'strict: false' to opt out of structured outputs."
        yield f"{most} when using structured outputs, but received {values}. {way_out}"


def _nodes(node: dict, path: tuple[str, ...] = (), level: int = 0) -> Iterator[tuple[tuple[str, ...], dict, int]]:
    """A schema and those within it, the outermost first, with the path as the service writes it and its level."""
    level += "properties" in node
    yield path, node, level
    places = [((keyword, key), node[keyword][key])
              for keyword in ("properties", "$defs", "definitions") for key in node.get(keyword, ())]  # fmt: skip
    places += [(("items",), node.get("items"))]
    places += [(("anyOf", str(n)), value) for n, value in enumerate(node.get("anyOf", ()))]
    for more, within in places:
        if isinstance(within, dict):  # true and false are schemas, too
            yield from _nodes(within, (*path, *more), level)


def _node_problems(node: dict) -> Iterator[str]:
    yield from (f"'{keyword}' is not permitted." for keyword in node if keyword in _NOT_PERMITTED)
    if not {"type", "anyOf", "$ref", "enum", "const"} & {*node}:
        yield "schema must have a 'type' key."  # can1357/oh-my-pi issue 211 (2026-02)
    if "format" in node and node["format"] not in _FORMATS:
        yield f"'{node['format']}' is not a valid format."
    types = node.get("type")
    types = types if isinstance(types, list) else [types]
    if "array" in types and "items" not in node:
        # modelscope/ms-agent pull request 610 (2025-01). A tuple of pydantic's has prefixItems instead, which is passed
        # over: pydantic/pydantic-ai pull request 7333 (2026-08).
        yield "array schema missing items."
    if "object" not in types:
        return
    if node.get("additionalProperties") is not False:
        # moeru-ai/xsai issue 202 (2025-07), google/adk-python pull request 4039 (2025-12)
        yield "'additionalProperties' is required to be supplied and to be false."
    every = "'required' is required to be supplied and to be an array including every key in properties."
    # An object that names no properties (a dict of pydantic's) is as good as not there: agno-agi/agno pull request 3395
    # (2025-05).
    there = [key for key, value in node.get("properties", {}).items() if not _is_open(value)]
    required = node.get("required", [])
    # vercel/ai issue 6484 (2025-05)
    yield from (f"{every} Missing '{key}'." for key in there if key not in required)
    yield from (f"{every} Extra required key '{key}' supplied." for key in required if key not in there)


def _is_open(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "object" and "properties" not in schema
