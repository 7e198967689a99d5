"""Structured outputs: what is wrong with a strict schema, and whether an answer fits one.

The rules are those that lesson 08 tells of, by OpenAI's guide "Structured model outputs" (developers.openai.com, a copy
of 2026). What is not named here passes.
"""

import json
from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

# The guide, under "Some type-specific keywords are not yet supported"; openai/openai-node, src/lib/transform.ts (2026).
_NOT_PERMITTED = {
    "allOf", "contains", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf", "propertyNames", "then",
    "uniqueItems",
}  # fmt: skip


def asked_schema(body: dict) -> dict:
    """Name, schema and strictness that a request of either API asks for; nothing where any text will do."""
    chosen = body.get("response_format") or (body.get("text") or {}).get("format") or {"type": "text"}
    if chosen["type"] == "json_object":
        raise NotImplementedError("JSON mode")
    return chosen.get("json_schema", chosen) if chosen["type"] == "json_schema" else {}  # Chat has one more level


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


def strict_problems(body: dict) -> Iterator[str]:
    """What strict mode has against the schema that a request asks for; without `strict` only that it is none."""
    asked = asked_schema(body)
    Draft202012Validator.check_schema(schema := asked.get("schema", {}))
    if asked.get("strict"):
        if schema.get("type") != "object":
            yield "the schema is no object"
        yield from _problems("the schema", schema)


def _problems(where: str, node: dict) -> Iterator[str]:
    types, properties = node.get("type", ()), node.get("properties", {})
    wrong = {
        "has a keyword that is not permitted": _NOT_PERMITTED & node.keys(),
        "has no type": not {"type", "anyOf", "$ref", "enum", "const"} & node.keys(),
        "is an array without items": "array" in types and "items" not in node,
        "takes other keys": "object" in types and node.get("additionalProperties") is not False,
        "does not require every key": "object" in types and properties.keys() - {*node.get("required", ())},
    }
    yield from (f"{where} {what}" for what, is_so in wrong.items() if is_so)
    for key, inner in {**properties, **node.get("$defs", {}), **dict(enumerate(node.get("anyOf", ())))}.items():
        yield from _problems(f"{where}/{key}", inner)
    if "items" in node:
        yield from _problems(f"{where}/items", node["items"])
