"""E-mail: what is said, by whom, and what is attached."""

from __future__ import annotations

from file_writers import ole

from indexer.records import ParsedFile


def text_of(parsed: ParsedFile) -> str:
    return "\n".join(page.text for page in parsed.pages)


def test_mail_with_an_attachment(read):
    mail = (
        "From: Ann <a@x.example>\nTo: b@x.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n"
        "--B\nContent-Type: text/plain\n\nSee the file.\n"
        '--B\nContent-Type: text/csv\nContent-Disposition: attachment; filename="t.csv"\n\n'
        "a,b\n1,2\n"
        '--B\nContent-Type: application/x\nContent-Disposition: attachment; filename="t.bin"\n\n'
        "xyz\n--B--\n"
    )
    parsed = read("mail.eml", mail)
    assert parsed.title == "Grüße"
    assert "See the file." in parsed.pages[0].text
    assert "From: Ann <a@x.example>" in parsed.pages[0].text
    assert (parsed.pages[1].label, parsed.pages[1].text) == ("t.csv", "a | b\n1 | 2")
    assert "t.bin is a kind of file that is not read" in parsed.problems[0]


def test_mail_in_html_and_in_an_unknown_encoding(read):
    mail = (
        "From: a@x\nSubject: S\nContent-Type: text/html; charset=x-none\n\n<p>Hello <b>you</b></p>"
    )
    assert "Hello you" in text_of(read("mail.eml", mail))


def test_outlook_message(read):
    def wide(text):
        return text.encode("utf-16-le")

    data = ole(
        {
            "__properties_version1.0": b"x",
            "__substg1.0_0037001F": wide("Budget"),
            "__substg1.0_0C1A001F": wide("Ann"),
            "__substg1.0_1000001F": wide("The plan holds."),
            "__attach_version1.0_#00000000/__substg1.0_3707001F": wide("a.txt"),
            "__attach_version1.0_#00000000/__substg1.0_37010102": b"Attached words.".ljust(4096),
        }
    )
    parsed = read("mail.msg", data)
    assert parsed.title == "Budget"
    assert [page.text for page in parsed.pages] == [
        "Budget\n\n- From: Ann\n\nThe plan holds.",
        "Attached words.",
    ]
