"""Twenty tables, and how each is written as HTML, DOCX, XLSX and PDF."""
# ruff: noqa: E501 (the tables are data, a row a line)

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

Cell = str | tuple[str, int, int]  # text, or text with columns and rows that it spans

_LOREM = "Before the table stands a paragraph that says what it is about, as reports have it."
_AFTER = "After the table the report goes on with a sentence that belongs to no cell."
_STYLE = """
 body{font:11pt %(font)s;margin:0} table{border-collapse:collapse;width:%(width)s}
 td,th{padding:3px 8px;vertical-align:top;text-align:left}
 td.n{text-align:right} thead{display:table-header-group} tr{break-inside:avoid}
 @page{size:A4;margin:22mm}
"""
_RULES = {
    "grid": "td,th{border:0.7px solid #444}",
    "lines": "tr{border-bottom:0.7px solid #999} thead tr:last-child{border-bottom:1.5px solid #000}",
    "plain": "",
}


@dataclass(frozen=True, slots=True)
class TableCase:
    """A table: its rows, of which the first `headers` hold names, and the rules it is printed with.

    `repeat` says whether a printed table has its header again on each page.
    """

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    headers: int = 1
    repeat: bool = True
    width: str = "100%"
    font: str = "serif"

    def grid(self) -> list[list[str]]:
        """The cells by row and column, a spanning one in each place that it covers."""
        taken: dict[tuple[int, int], str] = {}
        for r, c, cell, across, down in self.placed():
            taken |= {(r + y, c + x): cell for y in range(down) for x in range(across)}
        wide = max(c for _, c in taken) + 1
        return [[taken.get((r, c), "") for c in range(wide)] for r in range(len(self.rows))]

    def placed(self) -> Iterator[tuple[int, int, str, int, int]]:
        """Row, column, text, columns and rows of each cell."""
        taken: set[tuple[int, int]] = set()
        for r, row in enumerate(self.rows):
            c = 0
            for cell in row:
                while (r, c) in taken:
                    c += 1
                text, across, down = (cell, 1, 1) if isinstance(cell, str) else cell
                taken |= {(r + y, c + x) for y in range(down) for x in range(across)}
                yield r, c, text, across, down

    def column_names(self) -> list[str]:
        """The name of each column: its header cells from top to bottom, none said twice."""
        grid = self.grid()[: self.headers]
        return [" ".join(dict.fromkeys(filter(None, names))) for names in zip(*grid, strict=True)]


def _long(count: int, *columns: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(c.format(n=n, m=n * 37 % 100, k=n * 13 % 17) for c in columns)
        for n in range(1, count + 1)
    )


_STEP = "Close valve {n} and wait until the gauge falls below {m} bar before the next step is begun"
CASES: tuple[TableCase, ...] = (
    TableCase("simple", (("Tool", "Price", "Stock"), ("Hammer", "12.50", "7"), ("Saw", "19.00", "3"), ("Chisel", "8.75", "15"))),
    TableCase("codes", (
        ("Code", "Meaning", "What to do"),
        ("E1", "Door is open", "Close the door"),
        ("E2", "Filter is blocked by lint or by something that fell into the drum", "Take the filter out, rinse it under the tap and put it back until it clicks"),
        ("E3", "Water does not run in although the tap is open", "Check the hose for kinks; then the sieve behind it"),
        ("E4", "Motor too hot", "Wait for half an hour with the door open, then start a shorter programme with less laundry"),
    )),
    TableCase("fees", (
        ("Event", "Fee", "Who pays"),
        ("Late cancellation by the guest less than two days before the stay", "35 euros", "The guest, by card, within seven days of the event"),
        ("No-show without any notice to the house or to the agency", "90 euros", "The guest, from the deposit that was left at booking"),
        ("Early departure", "nothing", "Nobody"),
    ), width="70%"),
    TableCase("numbers", (("Region", "Q1", "Q2", "Q3", "Q4"), ("North", "1,204", "998", "1,377", "1,402"), ("South", "87", "1,120", "64", "913"), ("East", "455", "461", "470", "12"), ("Total", "1,746", "2,579", "1,911", "2,327"))),
    TableCase("gaps", (("Room", "Monday", "Tuesday", "Wednesday"), ("Hall", "Choir", "", "Chess"), ("Attic", "", "Yoga", ""), ("Cellar", "", "", "Brewing"), ("Annex", "Band", "Band", ""))),
    TableCase("two headers", (
        (("Product", 1, 2), ("2023", 2, 1), ("2024", 2, 1)),
        ("Q1", "Q2", "Q1", "Q2"),
        ("Lamps", "10", "12", "14", "19"), ("Chairs", "31", "28", "35", "40"), ("Desks", "5", "6", "4", "9"),
    ), headers=2),
    TableCase("side labels", (
        ("Country", "City", "Office hours"),
        (("Norway", 1, 2), "Oslo", "8 to 16"), ("Bergen", "9 to 15"),
        (("Spain", 1, 3), "Madrid", "10 to 19"), ("Seville", "9 to 14"), ("Vigo", "by appointment"),
    )),
    TableCase("access", (
        ("Time", "Keyholder", "Visitor", "Cleaner"),
        ("07:00", "open", "closed", "open"), ("12:00", ("open to everyone", 3, 1)), ("21:00", "open", ("closed", 2, 1)),
    )),
    TableCase("eight columns", (
        ("Line", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        ("1", "5", "5", "5", "5", "6", "2", "1"), ("2", "8", "8", "7", "8", "9", "4", "3"), ("17", "12", "12", "12", "12", "15", "0", "0"),
    )),
    TableCase("long", (("No.", "Part", "Shelf"), *_long(75, "{n}", "Part number {m}-{k}", "S{k}"))),
    TableCase("long without repeat", (("No.", "Part", "Shelf"), *_long(75, "{n}", "Bolt of type {m}-{k}", "B{k}")), repeat=False),
    TableCase("long and wrapped", (("Step", "Action", "Time"), *_long(36, "Step {n}", _STEP, "{k} min"))),
    TableCase("terms", (
        ("Term", "Definition"),
        ("Deductible", "The amount that a member pays in a year before the plan pays anything at all, other than for preventive care"),
        ("Copay", "A fixed amount that is paid for each visit"),
        ("Out-of-pocket maximum", "The most that a member pays in a year; after that the plan pays for everything that it covers"),
        ("Network", "Doctors and hospitals with which the plan has a contract"),
    )),
    TableCase("prices", (
        ("Article", "Net price", "Tax", "Gross price"),
        ("Garden hose, 20 m", "€ 24.00", "19 %", "€ 28.56"), ("Seed mix for meadows", "€ 7.00", "7 %", "€ 7.49"),
        ("Watering can, zinc", "€ 31.50", "19 %", "€ 37.49"), ("Compost, 50 litres", "€ 6.20", "7 %", "€ 6.63"),
    ), width="80%", font="sans-serif"),
    TableCase("long header", (
        ("Employee category", "Days of leave in the first year", "Days of leave from the fifth year on"),
        ("Full time", "25", "30"), ("Part time, three days", "15", "18"), ("Interns", "10", "not applicable"),
    ), width="60%"),
    TableCase("plans", (
        ("Plan", ("Employee only", 2, 1), ("Family", 2, 1)),
        ("", "monthly", "yearly", "monthly", "yearly"),
        ("Standard", "$45.00", "$540.00", "$160.00", "$1,920.00"), ("Plus", "$55.00", "$660.00", "$250.00", "$3,000.00"),
    ), headers=2, font="sans-serif"),
    TableCase("umlauts", (
        ("Gericht", "Größe", "Preis"), ("Käsespätzle", "groß", "11,90 €"), ("Rösti mit Äpfeln", "klein", "7,40 €"), ("Süßes Müsli", "mittel", "5,20 €"),
    )),
    TableCase("shifts", (
        ("Ward", "Shift", "Nurse", "Doctor"),
        (("A", 1, 3), "early", "Mara Lind", "Dr. Ode"), ("late", "Jon Bark", ("Dr. Pell", 1, 2)), ("night", "Uma Rey"),
        (("B", 1, 2), "early", "Kit Noor", "Dr. Hale"), ("late", "Ari Voss", "Dr. Ode"),
    )),
    TableCase("years", (
        ("Item", "2021", "2022", "2023"),
        ("Revenue", "4.1", "4.4", "5.0"), ("Costs of staff and of freelance contributors", "2.0", "2.2", "2.3"), ("Result", "(0.4)", "0.1", "0.7"),
    ), width="75%"),
    TableCase("limits", (
        ("Substance", "Limit", "Method"),
        ("Lead in drinking water taken at the tap of the consumer", "0.010 mg/l", "ICP-MS, after the sample has been acidified and left overnight"),
        ("Nitrate", "50 mg/l", "Ion chromatography"), ("Copper", "2.0 mg/l", "ICP-MS"),
    ), font="sans-serif"),
)  # fmt: skip


def html(case: TableCase, rules: str = "grid") -> str:
    """The table in a page of HTML."""
    rows: list[list[str]] = [[] for _ in case.rows]
    for r, _, text, across, down in case.placed():
        tag = "th" if r < case.headers else "td"
        spans = (f' colspan="{across}"' if across > 1 else "") + (
            f' rowspan="{down}"' if down > 1 else ""
        )
        number = ' class="n"' if text[:1].isdigit() and r >= case.headers else ""
        rows[r].append(f"<{tag}{spans}{number}>{escape(text)}</{tag}>")
    lines = [f"<tr>{''.join(row)}</tr>" for row in rows]
    head, body = "".join(lines[: case.headers]), "".join(lines[case.headers :])
    style = _STYLE % {"width": case.width, "font": case.font} + _RULES[rules]
    if not case.repeat:
        style += "thead{display:table-row-group}"
    return (
        f"<!doctype html><meta charset=utf-8><title>{case.name}</title><style>{style}</style><h1>About {case.name}</h1>"
        f"<p>{_LOREM}</p><table><thead>{head}</thead><tbody>{body}</tbody></table><p>{_AFTER}</p>"
    )  # fmt: skip


def docx(case: TableCase) -> bytes:
    """The table in a Word file."""
    from docx import Document

    document = Document()
    document.add_heading(f"About {case.name}", 1)
    document.add_paragraph(_LOREM)
    grid = case.grid()
    table = document.add_table(len(grid), len(grid[0]))
    for r, c, text, across, down in case.placed():
        cell = table.cell(r, c)
        if across > 1 or down > 1:
            cell = cell.merge(table.cell(r + down - 1, c + across - 1))
        cell.text = text
    document.add_paragraph(_AFTER)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def xlsx(case: TableCase) -> bytes:
    """The table on a sheet."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    for r, c, text, across, down in case.placed():
        sheet.cell(r + 1, c + 1, text)
        if across > 1 or down > 1:
            sheet.merge_cells(
                start_row=r + 1, start_column=c + 1, end_row=r + down, end_column=c + across
            )
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def chromium_pdfs(cases: Sequence[TableCase], rules: str, folder: Path) -> list[Path]:
    """The tables as a browser prints them; `rules` is "grid", "lines" or "plain"."""
    from playwright.sync_api import sync_playwright

    paths = [folder / f"{case.name.replace(' ', '-')}-{rules}.pdf" for case in cases]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for case, path in zip(cases, paths, strict=True):
            page.set_content(html(case, rules))
            page.pdf(path=path, prefer_css_page_size=True)
        browser.close()
    return paths


def reportlab_pdf(case: TableCase, *, ruled: bool) -> bytes:
    """The table as reportlab lays it out: another writer, another order of drawing."""
    from reportlab.lib import colors
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()
    grid = [["" for _ in row] for row in case.grid()]
    commands: list[tuple[object, ...]] = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    for r, c, text, across, down in case.placed():
        grid[r][c] = Paragraph(escape(text), style["Normal"])  # type: ignore[call-overload]
        if across > 1 or down > 1:
            commands.append(("SPAN", (c, r), (c + across - 1, r + down - 1)))
    if ruled:
        commands.append(("GRID", (0, 0), (-1, -1), 0.5, colors.grey))
    share = 0.9 if case.width == "100%" else 0.7
    table = Table(
        grid, repeatRows=case.headers if case.repeat else 0,
        colWidths=[share * 440 / len(grid[0])] * len(grid[0]),
    )  # fmt: skip
    table.setStyle(commands)
    stream = io.BytesIO()
    story = [Paragraph(f"About {case.name}", style["Heading1"]), Paragraph(_LOREM), table]
    SimpleDocTemplate(stream).build([*story, Paragraph(_AFTER)])
    return stream.getvalue()
