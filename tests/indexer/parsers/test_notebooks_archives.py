"""Notebooks with all that they show; archives with the names that their packers meant."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from indexer.parsers import CorruptedError, TooLargeError, UnsupportedError


def notebook(*outputs: dict) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": "run()", "outputs": list(outputs)}]}
    )


def text(parsed) -> str:
    return "\n\n".join(page.text for page in parsed.pages)


OUTPUTS = {
    "a table": (
        {
            "output_type": "display_data",
            "data": {"text/html": "<table><tr><th>T<th>R<tr><td>W<td>8</table>"},
        },
        "T | R\nW | 8",
    ),
    "an error": (
        {
            "output_type": "error",
            "ename": "KeyError",
            "evalue": "'a'",
            "traceback": ["\x1b[0;31mline 3\x1b[0m"],
        },
        "line 3\nKeyError: 'a'",
    ),
    "a progress bar": ({"output_type": "stream", "text": "10%\r50%\r100%\ndone\n"}, "100%\ndone"),
    "Markdown": ({"output_type": "display_data", "data": {"text/markdown": ["**so**\n"]}}, "so"),
    "colours": ({"output_type": "stream", "text": ["\x1b[1mbold\x1b[0m"]}, "bold"),
    "nothing": ({"output_type": "execute_result", "data": None}, ""),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(read, name):
    output, shown = OUTPUTS[name]
    assert text(read("a.ipynb", notebook(output))) == f"run()\n\n{shown}".strip()


def test_the_end_of_a_long_output_is_read(read):
    log = "".join(f"epoch {n} loss 0.1\n" for n in range(2000)) + "final accuracy 0.8731\n"
    parsed = read("a.ipynb", notebook({"output_type": "stream", "text": log}))
    assert "final accuracy 0.8731" in parsed.pages[-1].text
    assert max(len(page.text) for page in parsed.pages) < 20_000


def packed(*names: bytes, flag: int = 0) -> bytes:
    """A ZIP whose members have these bytes as names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, name in enumerate(names):
            info = zipfile.ZipInfo(name.decode("cp437"))
            info.flag_bits = flag
            archive.writestr(info, f"Text number {number}.")
    data = stream.getvalue()
    # zipfile sets the flag of UTF-8 and writes so; put the bytes themselves in place.
    for name in names:
        encoded = name.decode("cp437").encode()
        assert len(encoded) >= len(name)
    return _renamed(data, names)


def _renamed(data: bytes, names: tuple[bytes, ...]) -> bytes:
    import struct

    out, offsets, at = b"", [], 0
    for name in names:
        head = bytearray(data[at : at + 30])
        size, extra = struct.unpack_from("<HH", head, 26)
        content = struct.unpack_from("<I", head, 18)[0]
        struct.pack_into("<H", head, 6, 0)
        struct.pack_into("<HH", head, 26, len(name), 0)
        offsets.append(len(out))
        out += bytes(head) + name + data[at + 30 + size + extra :][:content]
        at += 30 + size + extra + content
    start = len(out)
    for name, offset in zip(names, offsets, strict=True):
        head = bytearray(data[at : at + 46])
        size, extra, comment = struct.unpack_from("<HHH", head, 28)
        struct.pack_into("<H", head, 8, 0)
        struct.pack_into("<HHH", head, 28, len(name), 0, 0)
        struct.pack_into("<I", head, 42, offset)
        out += bytes(head) + name
        at += 46 + size + extra + comment
    return out + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, len(names), len(names), len(out) - start, start, 0
    )


NAMES = [
    ("見積書.txt", "cp932"),
    ("合同文本.txt", "gb18030"),
    ("견적서.txt", "euc_kr"),
    ("смета.txt", "cp866"),
    ("Größe.txt", "cp437"),
    ("Ünï.txt", "utf-8"),
]


@pytest.mark.parametrize(("name", "encoding"), NAMES)
def test_names_of_members_in_old_encodings(read, name, encoding):
    (page,) = read("a.zip", packed(name.encode(encoding))).pages
    assert page.label == name


def test_resource_forks_are_no_documents(read):
    parsed = read("a.zip", packed(b"a.txt", b"__MACOSX/._a.txt", b"b/._c.txt"))
    assert [page.label for page in parsed.pages] == ["a.txt"]


def test_a_compressed_file_is_read_as_what_is_in_it(read):
    assert text(read("old.log.gz", gzip.compress(b"pump failed at noon"))) == "pump failed at noon"
    two = gzip.compress(b"A | B\n") + gzip.compress(b"more\n")
    assert "more" in text(read("two.txt.gz", two))
    assert read("t.csv.gz", gzip.compress(b"a,b\n1,2\n")).kind == "csv"


def test_compressed_files_that_are_bombs_archives_or_damaged(read):
    with pytest.raises(TooLargeError, match="bomb"):
        read("a.txt.gz", gzip.compress(b"a" * (64 << 20)))
    with pytest.raises(UnsupportedError, match="tar"):
        read("a.tar.gz", gzip.compress(b"x" * 600))
    with pytest.raises(CorruptedError):
        read("a.txt.gz", b"\x1f\x8b\x08" + b"\xff" * 40)
