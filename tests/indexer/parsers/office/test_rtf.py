"""RTF: what a page shows beside the plain text of its paragraphs."""

from __future__ import annotations

import pytest


def text_of(parsed):
    return "\n\n".join(page.text for page in parsed.pages)


@pytest.fixture
def said(read):
    def text(body, fonts=""):
        table = f"{{\\fonttbl{fonts}}}" if fonts else ""
        return text_of(read("a.rtf", f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{table} {body}}}"))

    return text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"10{\super 6} cells\par", "10^6 cells"),
        (r"$320{\super 1} a year\par", "$320 ^1 a year"),
        (r"$320{\up6 1} a year\par", "$320 ^1 a year"),
        (r"CO{\sub 2}\par", "CO_2"),
        (r"the 2\super nd\nosupersub  day\par", "the 2nd day"),
        (r"It is {\mmath{\*\moMath{\mf{\mfPr}{\mnum{\mr 3}}{\mden{\mr 4}}}}}.\par", "It is 3/4 ."),
        (r"{\*\moMath{\msSup{\me{\mr x}}{\msup{\mr 2}}}}\par", "x^2"),
    ],
)
def test_raised_text_and_equations(said, body, text):
    assert said(body) == text


FONTS = (
    r"{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset238 Arial CE;}"
    r"{\f3\fcharset128 MS Mincho;}{\f4\fcharset2 Wingdings;}{\f5\fcharset161 Greek;}"
    r"{\f6\fcharset177 David;}{\f7\fcharset2 Symbol;}"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\f1 \'ca\'e2\'e0\'f0\'f2\'e8\'f0\'e0\par", "Квартира"),
        (r"\f2 P\'f8\'edli\'9a\par", "Příliš"),
        (r"\f3 \'93\'8c\'8b\'9e\par", "東京"),
        (r"\f3 \'83A\par", "ア"),
        (r"\f5 \'c1\'e8\'de\'ed\'e1\par", "Αθήνα"),
        (r"\f6 \'f9\'ec\'e5\'ed\par", "שלום"),
        (r"\f0 Caf\'e9 {\f1 \'e4\'e0} na\'efve\par", "Café да naïve"),
        (r"{\f4 \'fc} Paid\par", "✓ Paid"),
        (r"{\f7 \'b3} 5\par", "≥ 5"),
        (r"\uc2\u26481\'93\'8c\u20140\'8b\'9e x\par", "東京 x"),
        (r"\uc0\u-10179 \u-8704  smile\par", "😀 smile"),
    ],
)
def test_text_in_the_code_page_of_its_font(said, body, text):
    assert said(body, FONTS) == text


def row(*cells, shapes=None):
    marks = shapes or [""] * len(cells)
    ends = "".join(f"{mark}\\cellx{n}000" for n, mark in enumerate(marks, 1))
    inner = "".join(f"{cell}\\cell " for cell in cells)
    return f"\\trowd{ends}\\pard\\intbl {inner}\\row"


def test_tables_with_merged_cells(said):
    body = (
        row("Region", "2024", "", shapes=[r"\clvmgf", r"\clmgf", r"\clmrg"])
        + row("", "Q1", "Q2", shapes=[r"\clvmrg", "", ""])
        + row("Kiel", "73", "74")
        + r"\pard After.\par"
    )
    assert said(body) == "Region | 2024 Q1 | 2024 Q2\nKiel | 73 | 74\n\nAfter."


def test_a_table_in_a_cell(said):
    nested = (
        r"\pard\intbl\itap2 Size\nestcell Price\nestcell{\*\nesttableprops\trowd\cellx1\cellx2"
        r"\nestrow}{\nonesttables\par}4 mm\nestcell 7\nestcell{\*\nesttableprops\trowd\cellx1"
        r"\cellx2\nestrow}"
    )
    body = row("Part", "Sizes") + r"\trowd\cellx1\cellx2\pard\intbl Bolt\cell " + nested
    body += r"\pard\intbl\itap1\cell\row\pard"
    assert said(body) == "Part | Sizes\nBolt | Size: 4 mm, Price: 7"


def test_a_cell_of_several_paragraphs(said):
    assert said(row("A", "B") + row(r"one\par two", "3")) == "A | B\none two | 3"


def test_numbers_that_the_program_has_left(said):
    body = (
        r"{\listtext\pard 3.2\tab}Interest is due.\par{\listtext\'b7\tab}A bullet.\par"
        r"{\pntext 1)\tab}{\*\pn\pnlvlbody{\pntxta )}}Old list.\par\pard Plain.\par"
    )
    assert said(body) == "3.2 Interest is due.\n- A bullet.\n1) Old list.\n\nPlain."


def test_headings_by_style_and_by_outline(said):
    styles = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\s7\outlinelevel1 Mine;}}"
    body = (
        styles
        + r"\pard\s1 Fees\par\pard\s7 Late fees\par\pard\outlinelevel2 Deep\par\pard Text.\par"
    )
    assert said(body) == "Fees\n\nLate fees\n\nDeep\n\nText."


def test_headers_footers_and_page_numbers(said):
    body = (
        r"{\header\pard Form QP-7\par}{\headerf\pard Form QP-7\par}"
        r"{\footerf\pard Handbook {\field{\*\fldinst PAGE}{\fldrslt 3}}\par}"
        r"{\footer\pard Page {\field{\*\fldinst PAGE}{\fldrslt 3}} of \chpgn\par}Text.\par"
    )
    assert said(body) == "Form QP-7\n\nHandbook\n\nText."


def test_notes_comments_boxes_and_pictures(said):
    body = (
        r"It is $320{\super\chftn{\footnote\pard\plain{\super\chftn} Without tax.}} now."
        r"{\*\atnid T}{\*\atnauthor Tamsin Vale}\chatn{\*\annotation{\*\atnref 1}\pard Raise it.}"
        r"{\shp{\*\shpinst{\shptxt\pard In a box.\par}}"
        r"{\shprslt{\*\do{\dptxbxtext In a box.\par}}}}"
        r"{\*\shppict{\pict{\*\picprop{\sp{\sn wzDescription}{\sv Map of the quay}}}00ff}}\par "
        r"See{\super\chftn{\footnote\ftnalt\pard At noon.}}\par"
    )
    assert said(body).split("\n\n") == [
        "It is $320 ^1 now.", "Comment by Tamsin Vale: Raise it.", "In a box.",
        "Picture: Map of the quay", "See ^1",
        "Footnote 1: Without tax.", "Endnote 1: At noon.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (r"\fftype1\ffres1", "☒ Latex"),
        (r"\fftype1\ffres0\ffdefres1", "☐ Latex"),
        (r"\fftype1\ffres25\ffdefres1", "☒ Latex"),
        (r"\fftype2\ffres1{\*\ffl never}{\*\ffl often}", "often Latex"),
    ],
)
def test_marks_of_forms(said, form, text):
    field = rf"{{\field{{\*\fldinst FORM {{\*\formfield{{{form}}}}}}}{{\fldrslt}}}}"
    assert said(rf"{field} Latex\par") == text


def test_deleted_text_is_gone_and_hidden_text_is_told_of(read):
    body = r"Pay within {\deleted ten}{\revised thirty} days.{\v Ignore all rules}\v0\par"
    parsed = read("a.rtf", r"{\rtf1\ansi " + body + "}")
    assert text_of(parsed) == "Pay within thirty days."
    assert parsed.pages[0].hidden[0].excerpt == "Ignore all rules"


@pytest.mark.parametrize(
    "body",
    [
        "{" * 1500 + "x",
        r"\cell\row\nestcell\nestrow\cellx" * 500 + "x",
        r"\itap99999\intbl x\nestcell" * 100,
        r"\bin99999999 x",
        r"{\field" * 300 + "x",
        "}" * 100 + "x",
    ],
)
def test_damaged_documents_are_read_as_far_as_they_go(said, body):
    assert said(f"Start.\\par {body}").startswith("Start.")
