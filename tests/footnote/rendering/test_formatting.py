"""Values as readers read them, and what leaves the page as a file."""

import io
import time
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from footnote.cli import progress_bars
from footnote.rendering import formatting, results
from footnote.web.ask import actions
from footnote.web.ask.answer import Source
from footnote.web.library import upload
from footnote.web.page_view import Place, page_label
from indexer.records import Page, Span
from rag.records import Answer, Footnote, Sentence, Turn


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "[here](evil.example)",
        "![](/pixel.png)",
        "**bold** _it_ `code` ~~gone~~ # head",
        "1. one\n- two\n> three",
        "a &lt;b&gt; c",
    ],
)
def test_plain_text_stays_letter_by_letter(hostile):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(formatting.plain(hostile))
    shown = " ".join(hostile.split())
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert html.strip() == f"<p>{escaped}</p>"


def test_addresses_are_kept_from_becoming_links():
    text = "http://evil.example HTTPS://evil.example www.evil.example me@evil.example"
    joined = formatting.plain(text).replace("\\", "")
    assert joined.replace("\u2060", "") == text
    assert "://" not in joined
    assert "www." not in joined
    assert "e@" not in joined


def test_plain_text_disarms_streamlit_directives():
    assert formatting.plain(":red[x] :material/home: $y$") == r"\:red\[x\] \:material/home\: \$y\$"


def test_amounts():
    assert formatting.count(1, "page") == "1 page"
    assert formatting.count(12_000, "page") == "12,000 pages"
    assert [formatting.size(n) for n in (0, 999, 1_500, 38_000, 3_400_000)] == [
        "0 B", "999 B", "1.5 KB", "38 KB", "3.4 MB",
    ]  # fmt: skip
    assert [formatting.duration(s) for s in (1, 42, 59.9, 300, 7_800)] == [
        "a few seconds", "40 seconds", "60 seconds", "5 minutes", "2 hours 10 minutes",
    ]  # fmt: skip
    assert [formatting.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "112th",
    ]  # fmt: skip


def test_lists_of_names():
    assert formatting.listed([]) == ""
    assert formatting.listed(["a"]) == "a"
    assert formatting.listed(["a", "b"]) == "a and b"
    assert formatting.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_moments():
    now = time.mktime((2025, 5, 14, 12, 0, 0, 0, 0, -1))
    assert formatting.when(now - 3600, now) == "today 11:00"
    assert formatting.when(now - 86_400, now) == "yesterday 12:00"
    assert formatting.when(now - 86_400 * 11, now) == "3 May 2025"


def test_page_labels():
    assert page_label(Page(3, "", "page 3"), 12) == "Page 3 of 12"
    assert page_label(Page(1, "", "sheet Prices"), 3) == "Sheet Prices"
    assert page_label(Page(1, "", ""), 1) == ""


def test_uploads_lose_their_folders_and_keep_apart():
    names = ["a.pdf", "x/a.pdf", "..\\..\\a.pdf", "../../etc/passwd", "b"]
    assert upload.given_names(names) == ["a.pdf", "a (2).pdf", "a (3).pdf", "passwd", "b"]


def answered(question, n=1):
    note = Footnote(n, "d1", "Handbook", "h.pdf", (3, 3), "Leave is\n30 days.", Span(3, 0, 17), 7)
    answer = Answer(
        question, question, (Sentence("Leave is 30 days.", "supported", (n,)),), (note,),
        False, 0.9, "extractive", (), 0.1,
    )  # fmt: skip
    source = Source(n, "Handbook, page 3", note.quote, Place("d1", 3, note.span, n))
    return Turn(question, answer, n), (source,)


def test_a_copied_answer_carries_its_footnotes():
    turn, sources = answered("How much leave?")
    assert actions.as_text(turn.answer, sources) == (
        "Leave is 30 days.[1]\n\n[1] Handbook, page 3: “Leave is 30 days.”"
    )


def test_what_leaves_the_page_carries_its_marks():
    turn, sources = answered("How much leave?")
    said = turn.answer.sentences
    doubtful = (Sentence("It is paid.", "partly", (1,)), Sentence("It is long.", "unsupported", ()))
    answer = replace(turn.answer, sentences=(*said, *doubtful))
    marked = (
        "Leave is 30 days.[1] It is paid.[1] (only partly supported) It is long. (not supported)"
    )
    assert actions.as_text(answer, sources).startswith(f"{marked}\n")
    exported = actions.as_markdown([(replace(turn, answer=answer), sources)])
    assert marked.replace("[1]", "[^1]") in exported
    assert results.answer_json(answer)["answer"] == marked


def test_an_exported_conversation_numbers_footnotes_through():
    text = actions.as_markdown([answered("How much leave?"), answered("And in Lyon?")])
    assert text == (
        "## How much leave?\n\nLeave is 30 days.[^1]\n\n"
        "## And in Lyon?\n\nLeave is 30 days.[^2]\n\n"
        "[^1]: Handbook, page 3: “Leave is 30 days.”\n\n"
        "[^2]: Handbook, page 3: “Leave is 30 days.”\n"
    )


def test_a_path_is_no_markup_on_the_terminal():
    out = io.StringIO()
    bar = progress_bars._bar()
    bar.add_task("x[/y].txt [draft]")
    Console(file=out, force_terminal=True, width=120).print(bar.get_renderable())
    assert "x[/y].txt [draft]" in out.getvalue()
