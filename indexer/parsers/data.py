"""Data that is text: JSON, JSON lines, notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder
from indexer.parsers.markup.html import add_html
from indexer.parsers.markup.markdown import add_markdown
from indexer.parsers.reading import Reading
from indexer.parsers.text import parse_plain
from indexer.records import ParsedFile

# A record whose values are longer in all is written a field a paragraph, not on one line.
_RECORD_CHARACTERS = 400
# An output of a notebook is written in parts of about so many characters.
_PART_CHARACTERS = 4_000
# Colours of a terminal.
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def parse_json(data: bytes, name: str) -> ParsedFile:
    """JSON as "key: value" lines, a record a block. Broken JSON is read as plain text."""
    text = decode(data)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        plain = parse_plain(data, name)
        problem = "is not valid JSON and was read as plain text"
        return ParsedFile(name, plain.pages, "json", (problem,))
    builder = PageBuilder()
    _write(builder, value, "")
    return ParsedFile(name, builder.sections(), "json")


def parse_jsonl(data: bytes, name: str) -> ParsedFile:
    """JSON lines: one record a line; a broken line is read as text and reported."""
    builder = PageBuilder()
    broken = []
    for number, line in enumerate(decode(data).splitlines(), 1):
        if not line.strip():
            continue
        try:
            _write(builder, json.loads(line), "")
        except (ValueError, RecursionError):
            broken.append(number)
            builder.paragraph(line)
    if not builder.length:
        raise EmptyFileError("holds nothing but white space")
    places = ", ".join(map(str, broken[:5]))
    problems = (f"{len(broken)} lines are not valid JSON (first: {places})",) if broken else ()
    return ParsedFile(name, builder.sections(), "jsonl", problems)


def parse_notebook(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A Jupyter notebook: its text, its code, and the outputs that are text."""
    text = decode(data)
    try:
        notebook = json.loads(text)
        cells = notebook["cells"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return parse_json(data, name)
    builder = reading.builder()
    title = ""
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        source = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            title = add_markdown(builder, source) or title
            continue
        builder.code(source)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                _write_output(builder, output)
    return ParsedFile(title or name, builder.sections(), "ipynb")


def _write_output(builder: PageBuilder, output: dict[str, Any]) -> None:
    """What a notebook shows below a cell: HTML and Markdown as a browser draws them, else text.

    A long output is a log, written in parts.
    """
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    if output.get("output_type") == "error":
        trace = _joined([f"{line}\n" for line in output.get("traceback") or ()])
        said = f"{output.get('ename', '')}: {output.get('evalue', '')}"
        shown = _ANSI.sub("", trace).strip()
        builder.code(shown if said in shown else f"{shown}\n{said}")
    elif "text/html" in data:
        add_html(builder, _joined(data["text/html"]))
    elif "text/markdown" in data:
        add_markdown(builder, _joined(data["text/markdown"]))
    else:
        written = output.get("text") or data.get("text/plain") or data.get("text/latex")
        text = _lasting(_ANSI.sub("", _joined(written)))
        for part in _parts(text):
            builder.code(part)


def _lasting(text: str) -> str:
    """Lines as they stand in the end: a progress bar writes over itself after each return."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines)


def _parts(text: str) -> Iterator[str]:
    """A text in parts of whole lines, short enough for a page each."""
    part: list[str] = []
    size = 0
    for line in text.split("\n"):
        part.append(line)
        size += len(line)
        if size > _PART_CHARACTERS:
            yield "\n".join(part)
            part, size = [], 0
    yield "\n".join(part)


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _write(builder: PageBuilder, value: Any, path: str) -> None:
    """Write a value as "path: value" pairs, a record on one line where it is short."""
    if isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        for entry in value:
            _write(builder, entry, path)
        return
    pairs = [f"{key}: {leaf}" if key else leaf for key, leaf in _leaves(value, path)]
    if sum(map(len, pairs)) <= _RECORD_CHARACTERS:
        builder.paragraph("; ".join(pairs))
    elif isinstance(value, dict):
        for key, entry in value.items():
            _write(builder, entry, f"{path}.{key}" if path else str(key))
    else:
        for pair in pairs:
            builder.paragraph(pair)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if all(not isinstance(entry, dict | list) for entry in value):
            yield path, ", ".join(_scalar(entry) for entry in value)
        else:
            for entry in value:
                yield from _leaves(entry, path)
    else:
        yield path, _scalar(value)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
