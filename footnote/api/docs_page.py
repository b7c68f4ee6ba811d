"""The description of the API as a page to read: plain HTML, made here, that loads nothing."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --mark: #1f6f78; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { font-family: Georgia, serif; } h2 { margin-top: 2.5rem; text-transform: capitalize; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; }
summary { padding: .5rem .8rem; cursor: pointer; } details > div { padding: 0 .8rem .8rem; }
.method { display: inline-block; width: 4.2rem; font-weight: 700; color: var(--mark); }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .3rem .5rem; text-align: left;
  vertical-align: top; } th { font-weight: 600; }
.said { color: GrayText; }
"""


def page(description: Mapping[str, Any]) -> str:
    """The page of an OpenAPI description."""
    info = description["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{_text(info['title'])} API</title><style>{_STYLE}</style>",
        f"<h1>{_text(info['title'])} API</h1><p>{_marked(info['description'])}</p>",
        "<p>For programs: <a href=/api/openapi.json>openapi.json</a>. Language models come in by"
        " <code>/mcp</code> (Model Context Protocol).</p>",
    ]
    shapes = description.get("components", {}).get("schemas", {})
    tag = ""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if (now := operation.get("tags", [""])[0]) != tag:
                tag = now
                parts.append(f"<h2>{_text(tag)}</h2>")
            parts.append(_operation(path, method, operation, shapes))
    return "".join(parts) + "</html>"


def _operation(
    path: str, method: str, operation: Mapping[str, Any], shapes: Mapping[str, Any]
) -> str:
    parts = [
        f"<details><summary><span class=method>{method.upper()}</span> <code>{_text(path)}</code>"
        f"</summary><div><p>{_marked(operation.get('description', ''))}</p>"
    ]
    rows = [
        (one["name"], one["schema"], one.get("description", ""), one["in"])
        for one in operation.get("parameters", ())
    ]
    if rows:
        parts.append(_table(rows))
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Send <code>{_text(kind)}</code>:</p>")
        parts.append(_shape(_resolved(body["schema"], shapes), shapes))
    answer = operation["responses"].get("200") or operation["responses"].get("202", {})
    said = answer.get("description", "").replace("Successful Response", "")
    parts.append(f"<p>Comes back: {_marked(said)}</p>")
    for kind, body in answer.get("content", {}).items():
        parts.append(f"<p><code>{_text(kind)}</code></p>")
        if schema := _resolved(body.get("schema", {}), shapes):
            parts.append(_shape(schema, shapes))
    return "".join(parts) + "</div></details>"


def _shape(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """An object's fields as a table, and an object in it as JSON of its own."""
    needed = schema.get("required", ())
    rows = [
        (name, field, field.get("description", ""), "required" if name in needed else "")
        for name, field in schema.get("properties", {}).items()
    ]
    said = f"<p class=said>{_marked(schema.get('description', ''))}</p>"
    inner = [
        f"<p><code>{_text(name)}</code>:</p><pre>{_text(_example(field, shapes))}</pre>"
        for name, field in schema.get("properties", {}).items()
        if "$ref" in json.dumps(field)
    ]
    return said + _table(rows) + "".join(inner)


def _table(rows: list[tuple[str, Mapping[str, Any], str, str]]) -> str:
    lines = "".join(
        f"<tr><td><code>{_text(name)}</code></td><td>{_text(_kind(schema))}</td>"
        f"<td class=said>{_text(note)}</td><td>{_marked(said)}</td></tr>"
        for name, schema, said, note in rows
    )
    return f"<table>{lines}</table>" if lines else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_kind, schema["anyOf"])))
    if "enum" in schema or "const" in schema:
        return " | ".join(map(json.dumps, schema.get("enum", [schema.get("const")])))
    said = schema.get("type", "any")
    if said == "array":
        said = "list of " + _kind((schema.get("prefixItems") or [schema.get("items", {})])[0])
    if "default" in schema:
        said += f" = {json.dumps(schema['default'], ensure_ascii=False)}"
    return said


def _example(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    return json.dumps(_sample(schema, shapes, 0), indent=1, ensure_ascii=False)


def _sample(schema: Mapping[str, Any], shapes: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(schema, shapes)
    if "anyOf" in schema:
        schema = _resolved(schema["anyOf"][0], shapes)
    if "properties" in schema and depth < 4:
        return {
            name: _sample(field, shapes, depth + 1) for name, field in schema["properties"].items()
        }
    if schema.get("type") == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return [_sample(one, shapes, depth + 1) for one in items]
    return _kind(schema)


def _resolved(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return shapes.get(name, schema)


def _marked(text: str) -> str:
    """Text with what stands between back-quotes as code."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    for place, piece in enumerate(text.split("`")):
        yield f"<code>{_text(piece)}</code>" if place % 2 else _text(piece)


def _text(text: str) -> str:
    return html.escape(str(text))
