"""No path leads out of what was given, and nothing is loaded from outside."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile

import pytest
from file_writers import docx, epub, odt, paragraph, pdf, text_at, xlsx, zipped

from footnote.web import page_view
from indexer.ingest.sources import Source, find
from indexer.parsers import (
    ParseError,
)

# No path from inside leads outside.


def archive_of_paths(secret: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in (
            "../../out.txt",
            "/tmp/out.txt",
            "C:\\out.txt",
            "a/../../out.txt",
            "~/out.txt",
        ):
            archive.writestr(name, "Inside.")
        link = zipfile.ZipInfo("link.txt")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, secret)
    return stream.getvalue()


def files_under(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_archives_neither_write_nor_read_outside(tmp_path, read, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("The secret of the house.")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    before = files_under(tmp_path)
    parsed = read("a.zip", archive_of_paths(str(secret)))
    said = "\n".join(page.text for page in parsed.pages)
    assert said.count("Inside.") == 5
    assert "secret" not in said
    assert files_under(tmp_path) - before <= {"given"}


READING_OUT = {
    "a.xml": '<!DOCTYPE a [<!ENTITY s SYSTEM "file://{path}">]><a>Text &s;</a>',
    "a.html": '<html>Text<iframe src="file://{path}"></iframe><object data="{path}"></object>',
    "a.rst": "Text\n\n.. include:: {path}\n\n.. raw:: html\n   :file: {path}\n\n"
    ".. csv-table::\n   :file: {path}\n",
    "a.org": "Text\n\n#+INCLUDE: {path}\n",
    "a.md": "Text\n\n![]({path})\n\n<!--#include file='{path}' -->\n",
    "a.yaml": "text: !!python/object/apply:os.system ['cat {path}']\n",
    "a.svg": '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY s SYSTEM "file://{path}">]>'
    '<svg xmlns="http://www.w3.org/2000/svg"><text>Text &s;</text></svg>',
    "a.eml": "From: a@x\nContent-Type: message/external-body; access-type=local-file;"
    " name={path}\n\nText\n",
    "a.csv": 'Text,=cmd|"/C type {path}"!A1\n1,2\n',
}


@pytest.mark.parametrize("name", READING_OUT)
def test_no_document_reads_a_file_of_this_machine(tmp_path, read, name):
    secret = tmp_path / "house.txt"
    secret.write_text("Under the doormat")
    try:
        parsed = read(name, READING_OUT[name].replace("{path}", str(secret)))
    except ParseError:
        return
    assert "doormat" not in "\n".join(page.text for page in parsed.pages)


def test_parts_of_an_office_file_lead_nowhere(tmp_path, read):
    secret = tmp_path / "house.txt"
    secret.write_text("Under the doormat")
    target = "../../../../../../../.." + str(secret)
    members = zipfile.ZipFile(io.BytesIO(epub(["<p>Text</p>"], "T")))
    parts = {name: members.read(name) for name in members.namelist()}
    parts["book/content.opf"] = parts["book/content.opf"].replace(
        b'href="text/c0.xhtml"', f'href="{target}"'.encode()
    )
    with pytest.raises(ParseError):
        read("a.epub", zipped(parts))
    word = docx(paragraph("Text"), footnotes="<x/>")
    members = zipfile.ZipFile(io.BytesIO(word))
    parts = {name: members.read(name) for name in members.namelist()}
    relations = "word/_rels/document.xml.rels"
    parts[relations] = parts[relations].replace(b"footnotes.xml", target.encode())
    try:
        parsed = read("a.docx", zipped(parts))
    except ParseError:
        return
    assert "doormat" not in "\n".join(page.text for page in parsed.pages)


NAMES = ["../../out", "/etc/out", "a/b/c", "..", "con:$(touch out)", "'; DROP TABLE documents; --",
         "<img src=x onerror=alert(1)>", "\u202efdp", "x" * 400]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_collections_name_reaches_no_path(home, papers, tmp_path, name):
    (papers / "a.md").write_text("# Reactor\n\nThe reactor is cooled by water.\n")
    home.index(find([papers]), name)
    home.store.set_fusion_weight(home.collection(name).id, "x", "{}")
    found = home.searcher.search("reactor", home.scope([name]))
    assert [hit.document.title for hit in found] == ["Reactor"]
    assert {path.name for path in tmp_path.iterdir()} == {"home", "papers"}
    for path in files_under(home.path):
        assert name not in path
        assert "out" not in path
    home.store.delete_collection(home.collection(name).id)
    assert home.store.collections() == []


def test_an_uploads_name_reaches_no_path(home, papers, tmp_path):
    (papers / "staged").write_text("Inside.")
    for name in ("../../out.txt", "/etc/out.txt", "C:\\out.txt", "..", "a\0b.txt"):
        home.index([Source(papers / "staged", name)], "c")
        assert {path.name for path in tmp_path.iterdir()} == {"home", "papers"}
    assert not any("out" in path for path in files_under(home.path))


def test_links_in_a_folder_lead_no_further_than_the_folder(papers, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("The secret.")
    (papers / "a.txt").write_text("Inside.")
    (papers / "sub").mkdir()
    (papers / "link.txt").symlink_to(outside / "secret.txt")
    (papers / "folder").symlink_to(outside)
    (papers / "sub" / "up").symlink_to(tmp_path)
    (papers / "circle").symlink_to(papers)
    (papers / "self").symlink_to(papers / "self")
    (papers / "inner.txt").symlink_to(papers / "a.txt")
    names = {os.path.relpath(source.name, papers) for source in find([papers])}
    assert {"a.txt", "inner.txt"} <= names <= {"a.txt", "inner.txt", "self"}


def test_pipes_and_devices_are_not_waited_for(home, papers):
    os.mkfifo(papers / "pipe.txt")
    report = home.index(find([papers, papers / "pipe.txt"]), "c")
    assert ["is a pipe or a device" in failed.error for failed in report.failed] == [True]
    report = home.index([Source.of(page_view.Path("/dev/zero"))], "c")
    assert ["is a pipe or a device" in failed.error for failed in report.failed] == [True]


# Nothing is loaded from outside.


def linked(url: str) -> bytes:
    """A PDF with a link over its text."""
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([text_at(72, 700, "Text")])))
    writer.add_uri(0, f"{url}/link", pypdf.generic.RectangleObject((0, 0, 600, 700)))
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def loading(url: str) -> dict[str, bytes | str]:
    relation = (
        '<Relationship Id="x" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships/image" Target="{url}/docx.png" TargetMode="External"/>'
    )
    word = zipfile.ZipFile(io.BytesIO(docx(paragraph("Text"))))
    parts = {name: word.read(name) for name in word.namelist()}
    relations = "word/_rels/document.xml.rels"
    parts[relations] = parts[relations].replace(b"</Rel", f"{relation}</Rel".encode())
    page = (
        f"<html><head><link rel=stylesheet href={url}/a.css><base href={url}>"
        f"<style>@import url({url}/b.css); p {{background: url({url}/c.png)}}</style></head>"
        f"<body onload=fetch('{url}/d')><p>Text</p><img src={url}/e.png><iframe src={url}/f>"
        f"</iframe><script src={url}/g.js></script><svg><image href={url}/h.svg /></svg></body>"
    )
    sheet = xlsx({"S": [["Text", f'=WEBSERVICE("{url}/i")'], [f'=HYPERLINK("{url}/j")', 1]]})
    xml = f'<!DOCTYPE a SYSTEM "{url}/k.dtd" [<!ENTITY % p SYSTEM "{url}/l"> %p;]><a>Text</a>'
    return {
        "a.html": page,
        "a.eml": f"From: a@x\nSubject: S\nContent-Type: text/html\n\n{page}",
        "a.md": f"Text ![]({url}/n.png) <img src={url}/o.png>\n\n[x]: {url}/p",
        "a.docx": zipped(parts),
        "a.xlsx": sheet,
        "a.xml": f'<?xml-stylesheet href="{url}/q.xsl"?>{xml}',
        "a.svg": f'<?xml version="1.0"?><svg><image href="{url}/r.png"/><text>Text</text></svg>',
        "a.rst": f"Text\n\n.. image:: {url}/s.png\n\n.. include:: {url}/t\n",
        "a.epub": epub([page], "T"),
        "a.odt": odt(f'<text:p>Text</text:p><draw:image href="{url}/u.png"/>'),
        "a.pdf": linked(url),
        "a.ipynb": json.dumps(
            {"cells": [{"cell_type": "markdown", "source": f"Text ![]({url}/v.png)"}]}
        ),
    }


def test_no_format_loads_anything_from_outside(read):
    import socket
    import threading

    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)

        def listen():
            while not done.is_set():
                try:
                    came.append(server.accept()[1])
                except TimeoutError:
                    continue

        done = threading.Event()
        listener = threading.Thread(target=listen)
        listener.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        try:
            for name, data in loading(url).items():
                parsed = read(name, data)
                assert "Text" in parsed.pages[0].text, name
        finally:
            done.set()
            listener.join()
    assert came == []


def test_formulas_are_read_as_what_they_show(read):
    from openpyxl import load_workbook

    book = load_workbook(
        io.BytesIO(xlsx({"S": [["Item", "Price"], ["Text", "=cmd|'/C calc'!A1"]]}))
    )
    stream = io.BytesIO()
    book.save(stream)
    parsed = read("a.xlsx", stream.getvalue())
    (page,) = parsed.pages
    assert "Text" in page.text
    # Nothing is computed here: without a stored result the formula itself is shown, and told of.
    assert "=cmd|'/C calc'!A1" in page.text
    assert "formulas whose results are not in the file" in " ".join(parsed.problems)
