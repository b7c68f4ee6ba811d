"""Comments on slides, with their authors, in both of the forms that PowerPoint writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.markup.markup import attribute, child, local, read_xml

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.opc.package import Part
    from pptx.presentation import Presentation
    from pptx.slide import Slide


class Authors:
    """Who wrote comments on the slides of one presentation, by their ids."""

    def __init__(self, shown: Presentation) -> None:
        self._names = {
            attribute(one, "id"): attribute(one, "name")
            for kind in ("commentAuthors", "authors")
            for root in _related(shown.part, kind)
            for one in root
        }

    def name(self, comment: _Element) -> str:
        """The author of a comment, "" where nobody is named."""
        return self._names.get(attribute(comment, "authorId"), "").strip()


def comments_of(slide: Slide, authors: Authors) -> Iterator[tuple[str, str]]:
    """Author and text of each comment on a slide, answers behind what they answer."""
    for root in _related(slide.part, "comments"):
        for comment in root.iter():
            if local(comment) not in ("cm", "reply"):
                continue
            text = child(comment, "text")
            body = child(comment, "txBody")
            said = "" if text is None else text.text or ""
            if body is not None:
                said = " ".join(
                    "".join(e.text or "" for e in p.iter() if local(e) == "t")
                    for p in body
                    if local(p) == "p"
                )
            if said.strip():
                yield authors.name(comment), said


def _related(part: Part, kind: str) -> Iterator[_Element]:
    for relation in part.rels.values():
        if not relation.is_external and relation.reltype.rpartition("/")[2] == kind:
            try:
                yield read_xml(relation.target_part.blob, kind)
            except CorruptedError:
                continue
