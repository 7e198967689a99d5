"""Structured outputs: what the service has against a strict schema, in its own words, and whether an answer fits one.

The rules are those that lesson 08 tells of, by OpenAI's guide "Structured model outputs" (developers.openai.com, a copy
of 2026); where users of the service quote its words is said beside each. What is not named here passes.
"""

import json
from collections.abc import Iterator

from jsonschema import Draft202012Validator  # in the lock of the course, where nbformat brings it
from jsonschema.exceptions import SchemaError, best_match

# The guide, under "Some type-specific keywords are not yet supported"; openai/openai-node, src/lib/transform.ts (2026).
_NOT_PERMITTED = {
    "allOf", "contains", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf", "propertyNames", "then",
    "uniqueItems",
}  # fmt: skip


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
    begin = f"Invalid schema for response_format '{name}'"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return f"{begin}. Please ensure it is a valid JSON Schema."  # tldraw/ai-template issue 2 (2025-07)
    if strict and schema.get("type") != "object":
        # openai/openai-node issue 1597 (2025-07); Python's None stands there for a type that is missing.
        return f"{begin}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    return next((f"{begin}: {why}" for why in _problems((), schema)), None) if strict else None


def _problems(path: tuple[str, ...], node: dict) -> Iterator[str]:
    here, types, properties = f"In context={path}, ", node.get("type"), node.get("properties", {})
    yield from (f"{here}'{keyword}' is not permitted." for keyword in sorted(_NOT_PERMITTED & node.keys()))
    if not {"type", "anyOf", "$ref", "enum", "const"} & node.keys():
        yield f"{here}schema must have a 'type' key."  # can1357/oh-my-pi issue 211 (2026-02)
    if "array" in (types or ()) and "items" not in node:
        yield f"{here}array schema missing items."  # modelscope/ms-agent pull request 610 (2025-01)
    if "object" in (types or ()):
        if node.get("additionalProperties") is not False:
            # moeru-ai/xsai issue 202 (2025-07), google/adk-python pull request 4039 (2025-12)
            yield f"{here}'additionalProperties' is required to be supplied and to be false."
        if missing := sorted(properties.keys() - node.get("required", [])):
            every = "'required' is required to be supplied and to be an array including every key in properties."
            yield f"{here}{every} Missing '{missing[0]}'."  # vercel/ai issue 6484 (2025-05)
    named = [
        (keyword, key, schema) for keyword in ("properties", "$defs") for key, schema in node.get(keyword, {}).items()
    ]
    named += [("anyOf", str(n), schema) for n, schema in enumerate(node.get("anyOf", ()))]
    for *more, schema in [*named, *([("items", node["items"])] if "items" in node else [])]:
        yield from _problems((*path, *more), schema)
