"""Documents as attackers write them, through the doors that documents take."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from file_writers import docx, epub, paragraph, pdf, text_at, xlsx, zipped

from footnote.home import Home
from footnote.settings import Settings, SettingsError
from indexer.ingest.pipeline import Workers
from indexer.ingest.sources import find
from indexer.parsers import (
    ParseError,
    ParserMemoryError,
    ParserTimeoutError,
    ReadingLimits,
    TooLargeError,
    UnsupportedError,
)
from indexer.parsers.time_limit import TooSlowError, processor_seconds
from indexer.sandbox.pool import ParserPool

# What a file is called says nothing of what it is.

HTML = "<!DOCTYPE html><html><body><script>alert(1)</script><p>Read me.</p></body></html>"
MISNAMED = {
    "report.txt": (pdf([text_at(72, 700, "Read me.")]), "pdf"),
    "notes.md": (HTML, "html"),
    "table.csv": (HTML, "html"),
    "picture.png": (docx(paragraph("Read me.")), "docx"),
    "letter.pdf": (docx(paragraph("Read me.")), "docx"),
    "letter.doc": (r"{\rtf1\ansi Read me.\par}", "rtf"),
    "book.docx": (epub(["<p>Read me.</p>"], "T"), "epub"),
    "plain.pdf": ("Read me.", "txt"),
    "nothing": (xlsx({"S": [["Read me.", "b"]]}), "sheet"),
}


@pytest.mark.parametrize("name", MISNAMED)
def test_a_file_is_what_its_content_says(read, name):
    data, kind = MISNAMED[name]
    parsed = read(name, data)
    assert parsed.kind == kind
    assert "Read me." in parsed.pages[0].text
    assert "alert" not in parsed.pages[0].text


PROGRAMS = {
    "windows": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(range(256)) * 8,
    "linux": b"\x7fELF\2\1\1\0" + bytes(range(256)) * 8,
    "java": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(range(256)) * 8,
    "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93." + bytes(64),
}


@pytest.mark.parametrize("suffix", ["pdf", "docx", "txt", "png", "zip", ""])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_by_any_name_is_refused_and_says_what_to_do(read, program, suffix):
    with pytest.raises(UnsupportedError, match="save it as PDF"):
        read(f"invoice.{suffix}", PROGRAMS[program])


# Limits: each says which it is, and each is an operator's to set.


def nested(depth: int) -> bytes:
    data = zipped({"deep.txt": "Deep."})
    for level in range(depth):
        data = zipped({f"level{level}.zip": data})
    return data


def mail_in_mail(depth: int) -> str:
    mail = "From: a@x\nSubject: Innermost\n\nDeep."
    for level in range(depth):
        mail = (
            f'From: a@x\nSubject: Level {level}\nContent-Type: multipart/mixed; boundary="b{level}"'
            f"\n\n--b{level}\nContent-Type: text/plain\n\nHere.\n--b{level}\n"
            "Content-Type: application/octet-stream\nContent-Disposition: attachment; "
            f'filename="inner.eml"\n\n{mail}\n--b{level}--\n'
        )
    return mail


def shelf(count: int) -> bytes:
    """An archive of bombs that each keep below the ratio, with their unpacked size in all."""
    inner = zipped({"zeros.txt": b"0" * (1 << 20)})
    return zipped({f"{number}.zip": inner for number in range(count)})


LIMITED = {
    "pages": ("a.pdf", pdf([text_at(72, 700, "One.")] * 3), {"pages": 2}, "3 pages; at most 2"),
    "members": (
        "a.zip", zipped({f"{n}.txt": "One." for n in range(3)}), {"pages": 2}, "at most 2",
    ),
    "unpacked": ("a.docx", docx(paragraph("x" * 5000)), {"unpacked_bytes": 4000}, "zip bomb"),
    "text": (
        "a.pdf", pdf([text_at(72, 700, "The same text.")] * 40), {"unpacked_bytes": 300},
        "more than is read of a file of its size",
    ),
    "size": ("a.txt", "x" * (1 << 20) + "y", {"file_bytes": 1 << 20}, "larger than 1 MB"),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITED)
def test_a_limit_is_named_where_it_is_passed_and_can_be_set_higher(read, limit):
    name, data, limits, message = LIMITED[limit]
    with pytest.raises(ParseError) as caught:
        read(name, data, **limits)
    assert isinstance(caught.value, TooLargeError)
    assert message in str(caught.value)
    assert read(name, data).pages


def test_the_ratio_of_unpacked_to_packed_is_a_limit_beyond_some_megabytes(read):
    bomb = zipped({"a.txt": b"0123456789" * (3 << 19)})
    with pytest.raises(TooLargeError, match="zip bomb"):
        read("a.zip", bomb)
    assert read("a.zip", bomb, ratio=2000).pages


def test_nesting_ends_where_it_is_told_to_end(read):
    with pytest.raises(UnsupportedError, match="more than 2 archives deep; unpack it"):
        read("a.zip", nested(2))
    assert read("a.zip", nested(2), nesting=3).pages[0].text == "Deep."
    assert any("archives deep" in problem for problem in read("a.eml", mail_in_mail(4)).problems)


def test_archives_in_an_archive_draw_on_one_account(read):
    """42.zip keeps every single layer harmless."""
    parsed = read("a.zip", shelf(14))
    bombs = [problem for problem in parsed.problems if "zip bomb" in problem]
    assert len(parsed.pages) < 14
    assert bombs


def test_time_and_memory_are_limits_with_their_messages(home, papers):
    (papers / "slow.pdf").write_bytes(pdf([text_at(72, 700, "Slow.")]))
    with ParserPool(memory_bytes=300 << 20) as pool:
        (papers / "large.json").write_text(json.dumps(["x" * 50] * 3_000_000))
        with pytest.raises(ParserMemoryError, match=r"memory.*split it"):
            pool.parse(papers / "large.json").result(timeout=120)
    with ParserPool(seconds=0.0001) as pool, pytest.raises(ParserTimeoutError, match="took more"):
        pool.parse(papers / "slow.pdf").result(timeout=60)


def test_every_limit_is_a_setting(home):
    (home.path / "settings.toml").write_text(
        "file_mb = 3\nfile_pages = 7\nunpack_mb = 5\nunpack_ratio = 9\nnesting = 1\n"
        'hidden_text = "keep"\nparse_seconds = 11\nparse_mb = 700\n'
    )
    opened = Home.open(home.path)
    assert opened.reading == ReadingLimits(3 << 20, 5 << 20, 9, 1, 7, keep_hidden=True)
    assert opened._ingest(None, 2).workers == Workers(2, 11, 700 << 20)
    (home.path / "settings.toml").write_text('hidden_text = "yes"')
    with pytest.raises(SettingsError, match="leave out, keep"):
        _ = Home.open(home.path).reading


def test_a_setting_reaches_the_parsers(home, papers, monkeypatch):
    (papers / "long.pdf").write_bytes(pdf([text_at(72, 700, "One.")] * 3))
    monkeypatch.setenv("FOOTNOTE_FILE_PAGES", "2")
    report = Home.open(home.path).index(find([papers]), "c")
    assert ["at most 2 are read" in failed.error for failed in report.failed] == [True]


def test_a_setting_keeps_its_place_in_the_list(home):
    """The settings that guard against documents can be seen, with where each comes from."""
    names = {setting.name for setting in Settings.resolve(home.path)}
    assert {"file_mb", "file_pages", "unpack_mb", "unpack_ratio", "nesting", "hidden_text"} <= names


@pytest.mark.parametrize("unit", ["*a ", "|a ", ".. _a:\n\n"])
def test_rst_that_would_take_minutes_is_read_as_plain_text(read, unit, monkeypatch):
    """60 KB of it took 24 seconds."""
    monkeypatch.setattr("indexer.parsers.markup.rst._SECONDS", 0.2)
    monkeypatch.setattr("indexer.parsers.markup.rst._SECONDS_A_MEGABYTE", 0.0)
    parsed = read("a.rst", unit * 15_000)
    assert parsed.problems == ("takes too long as reStructuredText and was read as plain text",)
    assert "a" in parsed.pages[0].text
    assert read("a.rst", "Title\n=====\n\nWords.").problems == ()


def test_a_limit_that_is_not_heard_rings_again():
    """The interpreter drops what is raised in a garbage collector's callback."""

    def spin() -> None:
        while True:
            pass

    def unheard() -> None:
        with suppress(TooSlowError):
            spin()
        spin()

    with pytest.raises(TooSlowError), processor_seconds(0.01):
        unheard()


def test_a_style_sheet_that_would_take_minutes_hides_too_much_rather_than_too_little(
    read, monkeypatch
):
    """9 KB of it took 23 seconds."""
    rules = "i div div div p { display: none }\n" * 50
    page = f"<style>{rules}</style><body><p>Hidden.</p><p>Too.</p><h1>Shown.</h1></body>"
    assert "Hidden" in read("a.html", page).pages[0].text
    monkeypatch.setattr("indexer.parsers.markup.css._SECONDS", -1.0)
    text = read("a.html", page).pages[0].text
    assert "Hidden" not in text
    assert "Shown" in text
