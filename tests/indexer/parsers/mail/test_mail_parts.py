"""Every part of a mail that a person sees, and what mail programs wrap it in."""

from __future__ import annotations

import base64
import struct
from binascii import b2a_uu

import pytest
from file_writers import ole

from indexer.records import ParsedFile

HEAD = "From: a@x\nTo: b@x\nSubject: S\nMIME-Version: 1.0\n"


def text(parsed: ParsedFile) -> str:
    return "\n\n".join(page.text for page in parsed.pages)


def multipart(kind: str, *parts: str, head: str = HEAD, boundary: str = "B") -> str:
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'{head}Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{body}--{boundary}--\n'


def part(kind: str, body: str, headers: str = "") -> str:
    return f"Content-Type: {kind}\n{headers}\n{body}"


PLAIN = part("text/plain", "Plain words of the mail.")
HTML = part("text/html", "<p>Plain words of the <b>mail</b>.</p>")
FILE = part("text/plain", "The deposit.", 'Content-Disposition: attachment; filename="t.txt"\n')
INNER = "From: c@x\nSubject: Inner\n\nThe crane moves.\n"

SEEN = {
    "two texts around a picture": (
        multipart("mixed", PLAIN, part("image/png", "x", "Content-Disposition: inline\n"),
                  part("text/plain", "Second half.")),
        ["Plain words", "Second half."],
    ),
    "text and HTML one after the other": (
        multipart("mixed", PLAIN, part("text/html", "<p>Footer of the list.</p>")),
        ["Plain words", "Footer of the list."],
    ),
    "an empty text beside HTML": (
        multipart("alternative", part("text/plain", " "), HTML), ["Plain words of the mail."],
    ),
    "a stub beside HTML": (
        multipart("alternative", part("text/plain", "Your program cannot show this."),
                  part("text/html", f"<p>{'The terms of the lease. ' * 9}</p>")),
        ["The terms of the lease."],
    ),
    "a file inside an alternative": (
        multipart("alternative", PLAIN,
                  multipart("mixed", HTML, FILE, head="", boundary="C")),
        ["Plain words", "The deposit."],
    ),
    "a file without a name": (
        multipart("mixed", PLAIN, part("text/csv", "a,b\n1,2", ("Content-Disposition: "
            "attachment\n"))),
        ["a | b\n1 | 2"],
    ),
    "a mail in the "
    "mail": (multipart("mixed", PLAIN, part("message/rfc822", INNER)), ["crane moves"]),
    "a mail in Base64": (
        multipart("mixed", PLAIN, part("message/rfc822", base64.b64encode(INNER.encode()).decode(),
                                       "Content-Transfer-Encoding: base64\n")),
        ["crane moves"],
    ),
    "a digest": (
        multipart("digest", f"\n{INNER}", "\nSubject: Two\n\nHats in store.\n"),
        ["crane moves", "Hats in store."],
    ),
    "mails five deep": (
        multipart("mixed", part("message/rfc822", multipart("mixed", part("message/rfc822",
            multipart("mixed", part("message/rfc822", multipart("mixed", FILE, boundary="F")),
                      boundary="E")), boundary="D"))),
        ["The deposit."],
    ),
    "an invitation": (
        multipart("alternative", HTML, part("text/calendar",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Audit\nDTSTART;TZID=Europe/Berlin:20250304T091500\n"
            "LOCATION:Hall\\, north\nEND:VEVENT\nEND:VCALENDAR")),
        ["Plain words", ("Summary: Audit; Start: 2025-03-04 09:15 (Europe/Berlin); "
            "Location: Hall, north")],
    ),
    "a report of delivery": (
        multipart("report", PLAIN, part("message/delivery-status",
            "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; b@x\nStatus: 5.1.1\n")),
        ["Status: 5.1.1"],
    ),
    "a signed mail": (
        multipart("signed", PLAIN, part("application/pgp-signature", "xyz")), ["Plain words"],
    ),
    "letters for a file": (
        HEAD + "\nSee the file.\n\nbegin 644 t.csv\n" + b2a_uu(b"a,b\n1,2\n").decode() + "`\nend\n",
        ["a | b\n1 | 2"],
    ),
    "rich text of old": (HEAD + ("Content-Type: text/enriched\n\n<bold>Sails</bold> at "
        "ten.\n"), ["Sails at ten."]),
    "text that flows": (
        HEAD + ("Content-Type: text/plain; format=flowed; delsp=yes\n\n契約 "
            "\n期間は\n"), ["契約期間は"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
def test_parts_that_a_person_sees(read, name):
    source, expected = SEEN[name]
    shown = text(read("a.eml", source))
    for words in expected:
        assert shown.count(words) >= 1, shown
    assert shown.count("Plain words") <= 1


CHARSETS = [
    ("iso-8859-8-i", "החוזה נחתם ביום שני", "iso8859-8"),
    ("x-sjis", "会議は三時に始まります", "cp932"),
    ("cp-850", "Schuhe in Größe 42", "cp850"),
    ("x-windows-949", "회의는 세 시에 시작합니다", "cp949"),
    ("win-1251", "Квартира сдана", "cp1251"),
    ("ISO-8859-1", "Квартира на третьем этаже сдана до осени", "cp1251"),
    ("us-ascii", "Größe und Maß", "utf-8"),
    ("iso-8859-1", "“Größe” – 5 €", "cp1252"),
    ("gb2312", "合同簽署之後開始", "gb18030"),
    ("iso-2022-jp", "会議は三時", "iso2022_jp"),
    ("x-unknown", "Größe und Maß in Übersicht", "utf-8"),
]


@pytest.mark.parametrize(("label", "said", "encoding"), CHARSETS)
def test_encodings_under_any_label(read, label, said, encoding):
    head = f"{HEAD}Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit\n\n"
    assert said in text(read("a.eml", head.encode() + said.encode(encoding)))
    html = f"<html><head><meta charset='{label}'></head><body>".encode()
    assert said in text(read("a.html", html + said.encode(encoding)))


def test_headers_in_raw_bytes_and_under_odd_names(read):
    subject = "=?x-sjis?B?" + base64.b64encode("会議".encode("cp932")).decode() + "?="
    assert read("a.eml", f"From: a@x\nSubject: {subject}\n\nText.").title == "会議"
    raw = b"From: a@x\nSubject: Gr\xc3\xb6\xc3\x9fe\n\nText."
    assert read("a.eml", raw).title == "Größe"


def test_a_mailbox_is_a_document_of_its_mails(read):
    box = (
        "From a@x Tue Mar  4 09:12:00 2025\nSubject: Keys\n\nUnder the mat.\n>From here on.\n\n"
        "From c@x Tue Mar  4 10:12:00 2025\n" + multipart("mixed", FILE)
    )
    parsed = read("a.mbox", box)
    assert [page.label for page in parsed.pages] == ["Keys", "S", "S, t.txt"]
    assert "Under the mat." in parsed.pages[0].text
    assert "From here on." in parsed.pages[0].text


# TNEF: level, attribute, type, length, data, checksum.
def attribute(number: int, data: bytes, kind: int = 6, level: int = 2) -> bytes:
    checksum = sum(data) & 0xFFFF
    return struct.pack("<BHHI", level, number, kind, len(data)) + data + struct.pack("<H", checksum)


def mapi(*properties: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(properties))
    for name, kind, value in properties:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def tnef(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def rtf(said: str) -> bytes:
    """A body in "compressed" RTF that is not compressed."""
    body = b"{\\rtf1\\ansi " + said.encode() + b"\\par}"
    return struct.pack("<IIII", len(body) + 12, len(body), 0x414C454D, 0) + body


def in_mail(data: bytes) -> str:
    encoded = base64.encodebytes(data).decode()
    headers = (
        "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; "
        'filename="winmail.dat"\n'
    )
    return multipart("mixed", part("application/ms-tnef", encoded, headers))


FILE_IN_TNEF = (
    attribute(0x9002, bytes(14))
    + attribute(0x8010, b"T.TXT\0", 1)
    + attribute(0x800F, b"Slate: 14.")
)


def test_files_and_text_in_winmail_dat(read):
    long = attribute(0x9005, mapi((0x3707, 0x1F, "prices of slate.txt\0".encode("utf-16-le"))))
    body = attribute(0x9003, mapi((0x1009, 0x0102, rtf("The roof is slate."))), level=1)
    parsed = read("a.eml", in_mail(tnef(body, FILE_IN_TNEF, long)))
    assert "The roof is slate." in text(parsed)
    assert parsed.pages[-1].label == "prices of slate.txt"
    assert parsed.pages[-1].text == "Slate: 14."
    assert "Slate: 14." in text(read("winmail.dat", tnef(FILE_IN_TNEF)))


def test_a_damaged_winmail_dat_is_named(read):
    parsed = read("a.eml", multipart("mixed", PLAIN, part("application/ms-tnef", "xyz")))
    assert any("TNEF" in problem for problem in parsed.problems)


def wide(said: str) -> bytes:
    return said.encode("utf-16-le")


def numbers(**values: int) -> bytes:
    rows = {"page": 0x3FFD, "sent": 0x0039}
    out = bytes(32)
    for name, value in values.items():
        out += struct.pack("<HHIQ", 3, rows[name], 0, value)
    return out.ljust(4096, b"\0")


def test_an_outlook_mail_with_a_body_in_rtf_alone(read):
    parsed = read("a.msg", ole({
        "__properties_version1.0": numbers(sent=133856718000000000),
        "__substg1.0_0037001F": wide("Timetable"),
        "__substg1.0_10090102": rtf("The last ferry leaves at 22:40.").ljust(4096, b"\0"),
    }))  # fmt: skip
    assert "The last ferry leaves at 22:40." in text(parsed)
    assert "Date: 2025-03-05 18:10 UTC" in text(parsed)


def test_an_outlook_mail_with_html_inside_its_rtf(read):
    source = (
        b"{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 {\\*\\htmltag64 <table>}{\\*\\htmltag <tr><th>}A"
        b"{\\*\\htmltag </th><th>}B{\\*\\htmltag </th></tr><tr><td>}\\htmlrtf \\b not "
        b"seen\\htmlrtf0 "
        b"Gr\\'f6\\'dfe{\\*\\htmltag </td><td>}2 \\u8364?{\\*\\htmltag </td></tr></table>}}"
    )
    body = struct.pack("<IIII", len(source) + 12, len(source), 0x414C454D, 0) + source
    parsed = read("a.msg", ole({
        "__properties_version1.0": b"x", "__substg1.0_0037001F": wide("T"),
        "__substg1.0_10090102": body.ljust(4096, b"\0"),
    }))  # fmt: skip
    assert "A | B\nGröße | 2 €" in text(parsed)


def test_an_outlook_mail_in_its_own_code_page(read):
    parsed = read("a.msg", ole({
        "__properties_version1.0": numbers(page=1251),
        "__substg1.0_0037001E": "Квартира".encode("cp1251"),
        "__substg1.0_1000001E": "Квартира сдана.".encode("cp1251"),
    }))  # fmt: skip
    assert parsed.title == "Квартира"
    assert "Квартира сдана." in text(parsed)


def test_an_outlook_mail_with_html_and_another_mail_in_it(read):
    inner = "__attach_version1.0_#00000000/__substg1.0_3701000D"
    parsed = read("a.msg", ole({
        "__properties_version1.0": b"x", "__substg1.0_0037001F": wide("Outer"),
        "__substg1.0_1000001F": wide("See below."),
        "__substg1.0_10130102": b"<p>See <b>below</b>, 5 m<sup>2</sup>.</p>".ljust(4096),
        f"{inner}/__properties_version1.0": b"x",
        f"{inner}/__substg1.0_0037001F": wide("Inner"),
        f"{inner}/__substg1.0_1000001F": wide("The gate code is 5521."),
    }))  # fmt: skip
    assert "See below, 5 m^2." in parsed.pages[0].text
    assert parsed.pages[1].label == "Inner"
    assert "The gate code is 5521." in parsed.pages[1].text


def test_compressed_rtf_is_unpacked():
    """The example of [MS-OXRTFCP], section 4.1.1."""
    from indexer.parsers.mail.rtf_body import decompress

    data = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af3206865"
        "6c090020627705b06c647d0a800fa0"
    )
    assert decompress(data, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
