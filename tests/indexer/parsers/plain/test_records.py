"""Logs, chats and transcripts: a record is a block; prose stays prose."""

from __future__ import annotations

import pytest

LONG = "that is said here at such length that a line of prose would be joined with the next one"
RECORDS = {
    "a log": [f"2025-03-04 09:1{n}:03 INFO pump {n} {LONG}" for n in range(4)],
    "ISO 8601": [f"2025-03-04T09:1{n}:03.123Z pump {n} {LONG}" for n in range(4)],
    "syslog": [f"Mar  4 09:1{n}:03 host sshd[7]: user {n} {LONG}" for n in range(4)],
    "syslog with priority": [f"<34>1 2025-03-04T09:1{n}:03Z host {n} {LONG}" for n in range(4)],
    "a web server": [
        f'10.0.0.{n} - - [04/Mar/2025:09:12:03 +0000] "GET /{n}" 200 {LONG}' for n in range(4)
    ],
    "levels": [f"ERROR: pump {n} {LONG}" for n in range(4)],
    "glog": [f"E0304 09:14:0{n}.123 7 a.cc:12] pump {n} {LONG}" for n in range(4)],
    "seconds": [f"174100000{n}.5 pump {n} {LONG}" for n in range(4)],
    "WhatsApp": [f"[04.03.25, 09:1{n}:02] Rosalind Meer: {n} {LONG}" for n in range(4)],
    "WhatsApp on Android": [f"04/03/2025, 09:1{n} - Ann: {n} {LONG}" for n in range(4)],
    "American": [f"3/4/25, 9:1{n} PM - Ann: {n} {LONG}" for n in range(4)],
    "IRC": [f"[09:1{n}] <ann> {n} {LONG}" for n in range(4)],
    "a transcript": [f"{'Ann' if n % 2 else 'Bob'}: {n} {LONG}" for n in range(6)],
    "names in brackets": [f"<{'ann' if n % 2 else 'bob'}> {n} {LONG}" for n in range(6)],
}


@pytest.mark.parametrize("name", RECORDS)
def test_each_record_is_a_block_of_its_own(read, name):
    lines = RECORDS[name]
    (page,) = read("a.log", "\n".join(lines)).pages
    assert [page.text[block.start : block.end] for block in page.blocks] == [
        " ".join(line.split()) for line in lines
    ]


def test_a_message_of_several_lines_stays_together(read):
    chat = "\n".join(f"[04.03.25, 09:1{n}:02] Ann: one {LONG}\nand two" for n in range(3))
    (page,) = read("chat.txt", chat).pages
    assert len(page.blocks) == 3
    assert page.text.count("one with the next one and two" if False else "and two") == 3


def test_a_name_and_time_above_what_is_said(read):
    chat = "\n".join(f"Ann Bee  9:1{n} AM\nI bring the ladder {n}" for n in range(3))
    (page,) = read("slack.txt", chat).pages
    assert page.text.split("\n\n")[1] == "Ann Bee 9:11 AM I bring the ladder 1"


def test_a_trace_keeps_its_lines(read):
    trace = "Traceback:\n  File a.py\n    run()\n  File b.py"
    log = (
        f"2025-03-04 09:10:03 ERROR x\n{trace[11:]}\n2025-03-04 09:11:03 INFO "
        f"y\n2025-03-04 09:12:03 INFO z"
    )
    (page,) = read("a.log", log).pages
    assert [block.kind for block in page.blocks] == ["text", "code", "text", "text"]


PROSE = {
    "a letter": "Dear Ann,\n\nOn Monday at 9:15 we met. " + f"{LONG} " * 3 + "\n\nYours: Bob",
    "a form": "Name: Ann\nAge: 4\nCity: Bonn\nStreet: Long",
    "a list of addresses": "http: yes\nhttps: no\nftp: no",
    "one date": f"2025-03-04\n\n{LONG}\n{LONG}\n{LONG}",
    "prices": (
        "12.50 euros is a price\n13.50 euros is another\n14.20 euros is the third of them all"
    ),
}


@pytest.mark.parametrize("name", PROSE)
def test_prose_is_read_as_before(read, name):
    from indexer.parsers.plain.records import record_starts

    assert not record_starts(PROSE[name].split("\n"))
    assert read("a.txt", PROSE[name]).pages[0].text


def test_a_table_whose_first_line_names_its_delimiter(read):
    assert (
        read("a.csv", "sep=;\r\nName;Role\r\nAnn;Cook\r\n").pages[0].text
        == "Name | Role\nAnn | Cook"
    )
    assert read("a.csv", "sep=\t\nA\tB\n1\t2\n").pages[0].text == "A | B\n1 | 2"
    assert read("a.csv", '"sep=|"\nA|B\n1|2\n').pages[0].text == "A | B\n1 | 2"
    wide = "sep=;\nA;B\n1;2\n".encode("utf-16")
    assert read("a.csv", wide).pages[0].text == "A | B\n1 | 2"
    cells = 'A;B\r\n"x\r\ny; z";980,00\r\nv;1.234,50\r\n'.encode("utf-16")
    assert read("a.csv", cells).pages[0].text == "A | B\nx y; z | 980,00\nv | 1.234,50"
