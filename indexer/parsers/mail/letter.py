"""A mail as every format gives it, and how it is written: headers, body, attachments as pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from indexer.parsers.errors import EmptyFileError, ParseError
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.html import add_html
from indexer.parsers.reading import Reading
from indexer.parsers.text import add_plain
from indexer.records import Page, ParsedFile

ReadMember = Callable[[bytes, str], ParsedFile]

LOCKED = "is an encrypted mail; decrypt it and save it again"
SHOWN = ("Subject", "From", "To", "Cc", "Bcc", "Date")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail: its name and content, or how to read a mail inside the mail."""

    name: str
    content: bytes = b""
    parse: Callable[[], ParsedFile] | None = None


@dataclass
class Letter:
    """A mail: shown headers, the parts of its body in their order, what came with it."""

    headers: dict[str, str]
    body: list[Callable[[PageBuilder], object]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        """Add plain text to the body."""
        if text.strip():
            self.body.append(lambda builder: add_plain(builder, text))

    def add_html(self, html: str) -> None:
        """Add HTML to the body."""
        if html.strip():
            self.body.append(lambda builder: add_html(builder, html))

    def attach(self, name: str, content: bytes) -> None:
        """Add a file, once: invitations come as a part and as a file."""
        if content and all(one.content != content for one in self.attachments):
            self.attachments.append(Attachment(name, content))


def written(letter: Letter, empty: ParsedFile, reading: Reading, read: ReadMember) -> ParsedFile:
    """The mail as a file like `empty`, which has its name and kind."""
    builder = reading.builder()
    subject = one_line(letter.headers.get("Subject", ""))
    builder.heading(subject, 1)
    for key in SHOWN[1:]:
        if value := letter.headers.get(key):
            builder.item(f"{key}: {value}")
    for part in letter.body:
        part(builder)
    if not builder.length and not letter.attachments:
        raise EmptyFileError("holds neither headers nor text")
    pages = list(builder.sections()) if builder.length else []
    files = ((one.name, _reader(one, read)) for one in letter.attachments)
    found, problems = appended(pages, files, reading)
    return ParsedFile(
        subject or empty.title, tuple(found), empty.kind, (*letter.problems, *problems)
    )


def _reader(attachment: Attachment, read: ReadMember) -> Callable[[], ParsedFile]:
    return attachment.parse or (lambda: read(attachment.content, attachment.name))


def attached(
    pages: list[Page], members: Iterable[tuple[str, bytes]], reading: Reading, read: ReadMember
) -> tuple[Sequence[Page], tuple[str, ...]]:
    """`appended` for members that are files."""

    def readers() -> Iterable[tuple[str, Callable[[], ParsedFile]]]:
        for title, content in members:
            yield title, partial(read, content, title)

    return appended(pages, readers(), reading)


def appended(
    pages: list[Page], members: Iterable[tuple[str, Callable[[], ParsedFile]]], reading: Reading
) -> tuple[Sequence[Page], tuple[str, ...]]:
    """`pages` followed by those of each member that can be read, labelled with its name.

    The second value holds the members' problems, by name. Raises `TooLargeError` where the
    members have too many pages in all.
    """
    problems = []
    for title, parse in members:
        try:
            parsed = parse()
        except ParseError as error:
            problems.append(f"{title or 'a part'} {error}")
            continue
        problems += [f"{title} {problem}".strip() for problem in parsed.problems]
        for page in parsed.pages:
            label = ", ".join(filter(None, (title, page.label)))
            number = len(pages) + 1
            hidden = tuple(replace(found, page=number) for found in page.hidden)
            pages.append(replace(page, number=number, label=label, hidden=hidden))
        reading.check_pages(len(pages))
    return pages, tuple(problems)
