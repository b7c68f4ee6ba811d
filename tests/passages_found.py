"""Hits made from texts, for tests of what is done with them."""

from indexer.records import Block, Document, Hit, Page, Passage, Span


def found(*texts, title="Handbook", headings=()):
    """A hit for each text, best first, each the only page of its own document."""
    hits = []
    for n, text in enumerate(texts, start=1):
        document = Document(
            f"d{n}", 1, f"{n}.txt", title, "", 0, "txt", 1, True, "ready", "", 1, 0, 1, 0.0
        )
        passage = Passage(text, headings, (Span(1, 0, len(text)),), 0, n, f"d{n}")
        hits.append(Hit(n, 1.0 / n, passage, document))
    return hits


def pages_of(hits, *blocks: Block):
    """Their pages; `blocks` are those of the first one."""
    return {
        (hit.document.id, 1): Page(1, hit.passage.text, blocks=blocks if n == 0 else ())
        for n, hit in enumerate(hits)
    }
