"""Kinds of text with a form of their own: subtitles, LaTeX, AsciiDoc, Org, calendars, code."""

from __future__ import annotations

import pytest

from indexer.parsers import EmptyFileError

KINDS = {
    "a.srt": (
        "1\n00:00:01,000 --> 00:00:04,000\nThe anchor weighs\n\n2\n00:00:04,000 --> 00:00:06,000\n"
        "<i>forty kilos.</i>\n\n3\n00:01:00,000 --> 00:01:02,000\n- Who is there?\n",
        "00:00:01 The anchor weighs forty kilos.\n\n00:01:00 - Who is there?",
    ),
    "a.vtt": (
        "WEBVTT\n\nNOTE unseen\n\nSTYLE\n::cue {}\n\nid\n00:01.000 --> 00:04.000 align:start\n"
        "<v Ann>The pilot <c.x>light</c> is lit.\n\n01:00:05.000 --> 01:00:06.000\n<v "
        "Bob>A &amp; B.",
        "00:01 Ann: The pilot light is lit.\n\n01:00:05 Bob: A & B.",
    ),
    "a.tex": (
        "\\documentclass{article}\\title{On \\\"Ole}\n% unseen\n\\begin{document}\\maketitle\n"
        "\\section{Result}\nYield is 41\\,\\% of \\textbf{all}\\footnote{Dry.}~--- see \\ref{a}.\n"
        "\\begin{enumerate}\\item one\\item two\\end{enumerate}\n"
        "\\begin{tabular}{lll}\\hline A & B & C \\\\ \\multicolumn{2}{c}{x} & y \\\\ 1 "
        "& 2 & 3\\end{tabular}\n"
        "$\\frac{a}{b}$ and 10^6\n\\begin{verbatim}\n x % y\n\\end{verbatim}\\end{document} gone",
        "On Öle\n\nResult\n\nYield is 41 % of all (Dry.) — see a.\n\n1. one\n2. two\n\n"
        "A | B | C\nx | x | y\n1 | 2 | 3\n\na/b and 10^6\n\n x % y",
    ),
    "a.adoc": (
        "= Guide\n:toc:\n\nThe *hatch* opens\ninwards. See link:a.html[the plan].\n\n== Steps\n\n"
        ". one\n. two\n* bullet\n\n.Parts\n[cols=\"1,1\"]\n|===\n|A |B\n\n|1\n|2\n|===\n\n"
        "----\ncode  here\n----\n\n// unseen\nNOTE: Beware.",
        "Guide\n\nThe hatch opens inwards. See the plan.\n\nSteps\n\n1. one\n2. two\n- bullet\n\n"
        "Parts\n\nA | B\n1 | 2\n\ncode  here\n\nNOTE: Beware.",
    ),
    "a.org": (
        "#+TITLE: Notes\n* TODO Pump :tag:\n:PROPERTIES:\n:ID: 7\n:END:\nSee "
        "[[http://x][the plan]].\n"
        "# unseen\n| A | B |\n|---+---|\n| 1 | 2 |\n#+begin_src sh\nls  -l\n#+end_src\n- item",
        "Notes\n\nPump\n\nSee the plan.\n\nA | B\n1 | 2\n\nls  -l\n\n- item",
    ),
    "a.ics": (
        "BEGIN:VCALENDAR\nX-WR-CALNAME:Club\nBEGIN:VTIMEZONE\nTZID:E\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "END:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART:20250304T091500Z\nDTEND;VALUE=DATE:20250305\n"
        "SUMMARY:A long na\n me\\, here\nATTENDEE;CN=\"Bee; "
        "Ann\":mailto:a@x\nDESCRIPTION:one\\ntwo\n"
        "BEGIN:VALARM\nDESCRIPTION:unseen\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n",
        "Calendar: Club\n\nSummary: A long name, here; Start: 2025-03-04 09:15 UTC; "
        "End: 2025-03-05; "
        "Attendee: Bee; Ann <a@x>; Description: one two",
    ),
    "a.vcf": (
        "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Gr=C3=BCn\n"
        "item1.TEL;TYPE=CELL:555\nADR:;;Long St 1;Bonn;;;\nEND:VCARD\n",
        "Name: Grün; Telephone: 555; Address: Long St 1, Bonn",
    ),
    "a.py": (
        '#!/usr/bin/env python\n"""Counts geese.\n\nOn one field.\n"""\nLIMIT = 40  # at most\n\n'
        "# The flock is counted\n# at dusk only.\ndef count(a):\n    return a\n",
        "#!/usr/bin/env python\n\nCounts geese.\n\nOn one field.\n\nLIMIT = 40  # at most\n\n"
        "The flock is counted at dusk only.\n\ndef count(a):\n    return a",
    ),
    "a.js": (
        "/**\n * Opens the hatch.\n */\nfunction open() {\n  // closes by itself then\n  x();\n}\n",
        "Opens the hatch.\n\nfunction open() {\n\ncloses by itself then\n\n  x();\n}",
    ),
    "a.sql": ("-- all the open bills\nSELECT 1;\n", "all the open bills\n\nSELECT 1;"),
    "a.ini": ("; how long to wait\nseconds = 5\n", "how long to wait\n\nseconds = 5"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_reads_as_it_is_shown(read, name):
    source, shown = KINDS[name]
    assert "\n\n".join(page.text for page in read(name, source).pages) == shown


@pytest.mark.parametrize(
    "name", ["a.srt", "a.vtt", "a.tex", "a.adoc", "a.org", "a.ics", "a.py", "a.mbox"]
)
def test_an_empty_file_of_a_kind_is_named(read, name):
    with pytest.raises(EmptyFileError):
        read(name, " \n\n")


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("a.c", ["text", "code"]), ("a.rs", ["text", "code"]), ("a.sh", ["text", "code"])],
)
def test_code_is_code_and_comments_are_text(read, name, kinds):
    mark = "#" if name.endswith("sh") else "//"
    (page,) = read(name, f"{mark} Waits for the pump.\nrun 1;\n").pages
    assert [block.kind for block in page.blocks] == kinds
    assert page.text.startswith("Waits for the pump.")


def test_hidden_comments_of_a_source_are_told(read):
    for name, source in (
        ("a.adoc", "Seen.\n\n////\npay nobody\n////\n"),
        ("a.org", "Seen.\n# pay nobody\n"),
    ):
        (page,) = read(name, source).pages
        assert page.text == "Seen."
        assert page.hidden[0].excerpt == "pay nobody"


def test_names_of_a_list_stand_above_what_explains_them(read):
    text = (
        "SOUND: What sound hardware does this emulator emulate at present?\n"
        "    The box emulates several devices:\n"
        "    - Internal speaker\n"
        "      This emulation includes the tone generator and several forms of digital\n"
        "      output.\n"
        "    - Blaster 16 / Blaster Pro I & II / Blaster I & II\n"
        "      By default the box provides sixteen bits, and the version can be selected in\n"
        "      the options.\n"
        "    - a wrapped item that goes on for so long that no word of the line below would fit\n"
        "      Here\n"
    )
    (page,) = read("a.txt", text).pages
    said = [(block.kind, page.text[block.start : block.end]) for block in page.blocks]
    assert [text for _, text in said][:2] == [
        "SOUND: What sound hardware does this emulator emulate at present?",
        "The box emulates several devices:",
    ]
    assert [text for kind, text in said if kind == "list"] == [
        "- Internal speaker",
        "- Blaster 16 / Blaster Pro I & II / Blaster I & II",
        "- a wrapped item that goes on for so long that no word of the line below would fit Here",
    ]
