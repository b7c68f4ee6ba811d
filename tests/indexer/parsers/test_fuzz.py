"""A small slice of `python -m benchmarks.fuzz`: the same mutations, over files made here."""

import gzip
import struct

import pytest
from file_writers import docx, epub, odt, ole, paragraph, pdf, text_at, xlsx, zipped

from benchmarks.fuzz import fuzz_answers, fuzz_files, fuzz_pictures, fuzz_queries
from indexer.parsers import CorruptedError, parse
from indexer.parsers.markup.xml import parse_xml
from indexer.parsers.office.sheets import find_delimiter

MADE = {
    "a.docx": docx(paragraph("Words of the document.") * 5),
    "a.pdf": pdf([text_at(72, 700, "Words of the document.")]),
    "a.odt": odt("<text:p>Words</text:p>"),
    "a.epub": epub(["<p>Words</p>"], "T"),
    "a.doc": ole({"WordDocument": bytes(2000), "0Table": bytes(100)}),
    "a.msg": ole({"__properties_version1.0": b"x", "__substg1.0_0037001F": b"a\0b\0"}),
    "a.xlsx": xlsx({"S": [["a", "b"], [1, 2]]}),
    "a.rtf": rb"{\rtf1\ansi Words {\b of} \'e9 it\par}",
    "a.zip": zipped({"a.txt": "One.", "b.md": "# Two"}),
    "a.rst": b"Title\n=====\n\nWords *of* it.\n\n* one\n* two\n",
    "a.md": b"# Title\n\nWords of it.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "a.html": b"<p style='color:#fff'>Words</p><table><tr><td>a<td>b</table>",
    "a.json": b'{"a": [1, 2, {"b": "words"}]}',
    "a.csv": b"a,b\n1,2\n",
    "a.eml": b"From: a@x\nSubject: Words\nTo: b@x\n\nText of it.\n",
    "a.xml": b"<a><b>Words</b><c>of it</c></a>",
    "a.yaml": b"a: words\nb:\n  - of\n  - it\n",
    "a.tex": rb"\section{Words} of \emph{it} \begin{tabular}{l}a & b\\1 & 2\end{tabular}",
    "a.adoc": b"= Words\n\n. of\n. it\n\n|===\n|a |b\n|1 |2\n|===\n",
    "a.org": b"* Words\n| a | b |\n|---+---|\n| 1 | 2 |\n#+begin_src\nx\n#+end_src\n",
    "a.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Words of it.\n",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nWords of it.\n",
    "a.ics": b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Words\nDTSTART:20250304T091500\nEND:VEVENT\n",
    "a.mbox": b"From a@x Tue Mar  4 09:12:00 2025\nSubject: Words\n\nText of it.\n",
    "a.log": b"2025-03-04 09:10:03 INFO words\n" * 4,
    "a.py": b'"""Words of it."""\n# more of it here\nx = 1\n',
    "a.log.gz": gzip.compress(b"Words of it.\n"),
    "winmail.dat": b"\x78\x9f\x3e\x22\x01\x00\x01\x0c\x80\x02\x00\x05\x00\x00\x00Words\x00\x00",
}


@pytest.fixture
def seeds(tmp_path):
    for name, data in MADE.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_mutated_files_are_read_or_refused_with_a_reason(seeds):
    found = fuzz_files(seeds, 300, seed=7)
    assert dict(found.faults) == {}, found.examples
    assert found.outcomes.total() == 300
    assert len(found.outcomes) >= 4


def test_pages_of_mutated_files_are_drawn_or_refused_with_a_reason(seeds):
    found = fuzz_pictures(seeds, 60, seed=7)
    assert dict(found.faults) == {}, found.examples
    assert found.outcomes["drawn"] > 20


def test_odd_questions_are_searched_or_refused_with_a_reason():
    found = fuzz_queries(150, seed=7)
    assert dict(found.faults) == {}, found.examples
    assert found.outcomes["fused: hits"] > 50


def test_malformed_replies_become_answers_or_a_notice():
    found = fuzz_answers(100, seed=7)
    assert dict(found.faults) == {}, found.examples
    assert len(found.outcomes) >= 3


# What the long runs have found, each as small as it gets.


def test_references_to_half_a_character_are_no_text():
    assert parse_xml(b"<a>x &#xD800; &#57343; y</a>", "a").pages[0].text == "x \ufffd \ufffd y"
    assert parse_xml(b"<a>x \xed\xa0\x80 y</a>", "a").pages[0].text.startswith("x \ufffd")
    assert parse_xml("<a>x é</a>".encode("utf-16"), "a").pages[0].text == "x é"


def test_a_table_without_a_row_has_some_delimiter():
    assert find_delimiter("\n\n\n")


def test_a_mail_whose_header_is_nested_too_deep_is_read_without_it(tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(b"From: a@x\nDate: " + b"(" * 3000 + b"\nSubject: S\n\nText of it.\n")
    assert "Text of it." in parse(path).pages[0].text


def test_what_is_nested_too_deep_for_a_library_is_the_files_failure(tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(b"From: a@x\nContent-Type: " + b"(" * 5000 + b"\n\nText of it.\n")
    with pytest.raises(CorruptedError, match="nested deeper"):
        parse(path)


def cut_off_directory() -> bytes:
    """A workbook's container that ends with its directory, in the middle of it."""
    data = bytearray(ole({"Workbook": bytes(5000)}))
    last = len(data) // 512 - 2
    fat = data[-512:]
    struct.pack_into("<II", fat, 4 * (last - 1), 0xFFFFFFFD, 0xFFFFFFFE)
    data[-1024:] = fat + data[-1024:-512]
    struct.pack_into("<I", data, 48, last)
    struct.pack_into("<I", data, 76, last - 1)
    return bytes(data[:-90])


def test_a_panic_of_the_workbook_reader_is_the_files_failure(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(cut_off_directory())
    with pytest.raises(CorruptedError, match="cannot be read as a workbook"):
        parse(path)
