"""Weak pairs: examples that the documents hold by themselves; no model needed.

Titles with their texts, headings with their sections, sentences with the passage that they
were taken out of, definitions, questions that a text asks and answers; and SimCSE's pairs, a
text with itself. All are weak: E5 (Wang et al., arXiv 2212.03533) and BGE begin with such
pairs, and let the synthetic ones have the last word.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from indexer.chunking import embedding_text
from indexer.keyword.stopwords import STOP_WORDS
from indexer.search.pseudo_queries import pseudo_queries
from indexer.sentences import sentences
from training.data.examples import Example
from training.data.split import SplitPassage

# "The deductible is ...": the term of a definition, of at most six words.
_DEFINITION = re.compile(
    r"(?:an?|the)?\s*((?:[\w'-]+\s){0,5}[\w'-]+)\s+"
    r"(?:is defined as|is an?|is the|are|means|refers to|describes)\s",
    re.IGNORECASE,
)
# Headings and titles that say nothing of what stands under them.
_FEWEST_LETTERS = 4
_TITLE_PASSAGES = 2
_WORD = re.compile(r"[^\W\d_]{2,}")


Kind = Callable[[Sequence[SplitPassage], random.Random], Iterator[Example]]


def titles(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """A document's title → its first passages, which do not carry it then."""
    seen: dict[str, int] = {}
    for source in sources:
        name = source.passage.document
        seen[name] = seen.get(name, 0) + 1
        if seen[name] <= _TITLE_PASSAGES and _says_something(source.title):
            yield from _example(source, (source.title,), "", source.passage.headings, "title")


def headings(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """A heading → the first passage under it, which does not carry it then.

    One that names several places of a document, or the whole of it, points at no passage.
    """
    places = Counter((source.passage.document, source.passage.headings) for source in sources)
    names = Counter((name, path[-1]) for name, path in places if path)
    seen = set()
    for source in sources:
        name, path = source.passage.document, source.passage.headings
        if not path or (name, path) in seen or path[-1].casefold() == source.title.casefold():
            continue
        seen.add((name, path))
        if names[name, path[-1]] == 1 and _says_something(path[-1]):
            said = path[-1:] if draw.random() < 0.5 else path[-2:]
            yield from _example(source, said, source.title, path[:-1], "heading")


def crops(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """A sentence or some of its words → the passage without it (inverse cloze, Lee et al. 2019)."""
    texts = [source.passage.text for source in sources]
    languages = [source.language for source in sources]
    for query in pseudo_queries(texts, languages, len(texts), seed=draw.randrange(2**31)):
        source = sources[query.source]
        rest = replace(source.passage, text=query.rest)
        asked = query.text if draw.random() < 0.5 else query.sentence
        yield _made(source, asked, embedding_text(source.title, rest), "crop")


def definitions(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """What is X? → a passage that says "X is ..." (English)."""
    for source in sources:
        if source.language not in ("", "en"):
            continue
        text = source.passage.text
        for start, end in sentences(text, "en"):
            found = _DEFINITION.match(text[start:end])
            if found and _says_something(found[1]) and not _is_pronoun(found[1]):
                yield _made(source, f"What is {found[1].strip()}?", source.text, "definition")
                break


def questions(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """A question that a text asks → the passage without the question."""
    for source in sources:
        text = source.passage.text
        for start, end in sentences(text, source.language or "en"):
            asked = text[start:end].strip()
            rest = (text[:start] + text[end:]).strip()
            if asked.endswith(("?", "？", "؟")) and len(asked.split()) > 3 and len(rest) > 80:
                whole = embedding_text(source.title, replace(source.passage, text=rest))
                yield _made(source, asked, whole, "question")
                break


def dropout_pairs(sources: Sequence[SplitPassage], draw: random.Random) -> Iterator[Example]:
    """A text with itself, to be told apart by dropout alone (Gao et al., arXiv 2104.08821)."""
    for source in sources:
        yield _made(source, source.text, source.text, "dropout")


KINDS: dict[str, Kind] = {
    "title": titles,
    "heading": headings,
    "crop": crops,
    "definition": definitions,
    "question": questions,
    "dropout": dropout_pairs,
}
# What tells dropout pairs apart, where the recipe has none (Gao et al., arXiv 2104.08821, table 2).
DROPOUT = 0.1
# SimCSE's pairs are for comparison alone.
DEFAULT_KINDS = ("title", "heading", "crop", "definition", "question")


def weak_examples(
    sources: Sequence[SplitPassage], kinds: Sequence[str] = DEFAULT_KINDS, seed: int = 0
) -> list[Example]:
    """Examples of these kinds from the passages, each pair once, the same for the same seed.

    What is no kind of weak pair gives none.
    """
    found: dict[str, Example] = {}
    for kind in filter(KINDS.__contains__, kinds):
        draw = random.Random(f"{seed} {kind}")  # noqa: S311 - no secret
        for example in KINDS[kind](sources, draw):
            found.setdefault(example.key, example)
    return list(found.values())


def _example(
    source: SplitPassage, said: Sequence[str], title: str, path: Sequence[str], kind: str
) -> Iterator[Example]:
    """`said` → the passage under `title` and `path`, without the lines that say the same."""
    asked = [part.casefold() for part in said]
    lines = source.passage.text.splitlines()
    while lines and _repeats(lines[0].strip().casefold(), asked):
        del lines[0]
    kept = tuple(heading for heading in path if heading.casefold() not in asked)
    passage = replace(source.passage, headings=kept, text="\n".join(lines))
    if lines:
        positive = embedding_text("" if title.casefold() in asked else title, passage)
        yield _made(source, " ".join(said), positive, kind)


def _repeats(line: str, asked: Sequence[str]) -> bool:
    """Whether a first line is blank, part of what is asked, or little more than that."""
    return any(line in part or (part in line and len(line) < 3 * len(part)) for part in asked)


def _made(source: SplitPassage, query: str, positive: str, kind: str) -> Example:
    return Example(query, positive, source=kind, document=source.unit, passage=source.passage.id)


def _says_something(name: str) -> bool:
    """Whether a title or heading has words of its own: not a number, a date, a file's name."""
    letters = sum(len(word) for word in _WORD.findall(name))
    looks_like_a_file = "_" in name or re.search(r"\.\w{2,4}$", name)
    return letters >= _FEWEST_LETTERS and not looks_like_a_file


def _is_pronoun(term: str) -> bool:
    return term.split(maxsplit=1)[0].lower() in STOP_WORDS["en"]
