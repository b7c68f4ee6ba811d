"""How well claims are checked: `python -m benchmarks.claims`.

Two sets of claims whose truth is known. *Written*: paraphrases of twelve synthetic documents as
a language model would put them, and the same with a number, a name or a negation changed, or
invented altogether (`claims.jsonl`). *Made*: sentences of all the synthetic documents, as they
stand and with a number swapped for another of the document, a name for another's, or a "not"
put in. Reported: of the true claims the share found supported, of the false ones the share not
found supported, by kind, and precision and recall of the mark "not supported".
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.records import Block, Document, Hit, Page, Passage, Span
from rag.evidence.cite import check
from rag.evidence.quotables import quotables
from rag.records import Verdict

WRITTEN = Path(__file__).with_name("claims.jsonl")
SYNTHETIC = Path(__file__).parent.parent / "training" / "synthetic"
_MADE = 600


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim about a document, and in which way it is true or false."""

    kind: str
    text: str
    title: str
    source: str


def written() -> Iterator[Claim]:
    """The paraphrases written by hand."""
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for text in row["true"]:
            yield Claim("true", text, row["title"], row["text"])
        for false in row["false"]:
            yield Claim(false["kind"], false["claim"], row["title"], row["text"])


def made(seed: int = 0) -> Iterator[Claim]:
    """Sentences of random synthetic documents, true and spoilt."""
    draw = random.Random(seed)
    documents = [
        document
        for path in sorted(SYNTHETIC.glob("slice*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        for document in json.loads(line)["docs"]
    ]
    for document in draw.sample(documents, _MADE):
        title, text = document["title"], document["text"]
        sentence = draw.choice(re.split(r"(?<=[.!?])\s+", text))
        if len(sentence.split()) < 6:
            continue
        yield Claim("true", sentence, title, text)
        for kind, spoilt in _spoilt(sentence, text, draw):
            yield Claim(kind, spoilt, title, text)


def _spoilt(sentence: str, text: str, draw: random.Random) -> Iterator[tuple[str, str]]:
    number, name = re.compile(r"\b\d+\b"), re.compile(r"(?<=\w )[A-Z][a-z]{2,}\b")
    others = [n for n in number.findall(text) if n not in number.findall(sentence)]
    if (found := number.search(sentence)) and others:
        yield "number", sentence[: found.start()] + draw.choice(others) + sentence[found.end() :]
    if found := name.search(sentence):
        yield "name", sentence[: found.start()] + "Winterbourne" + sentence[found.end() :]
    verb = re.search(r"\b(?:is|are|was|were|can|may|must|will|should)\b(?! not|n't)", sentence)
    if verb and not re.search(r"\b(?:not|no|never|none|nor|without)\b|n't", sentence):
        yield "negation", f"{sentence[: verb.end()]} not{sentence[verb.end() :]}"


def verdict(claim: Claim) -> Verdict:
    """What the checker says of a claim, given its document."""
    text = claim.source
    page = Page(1, text, blocks=(Block("text", 0, len(text)),))
    passage = Passage(text, (), (Span(1, 0, len(text)),), 0, 1, "d")
    document = Document(
        "d", 1, "d.txt", claim.title, "", 0, "txt", 1, True, "ready", "", 1, 0, 1, 0.0
    )
    hits = [Hit(1, 1.0, passage, document)]
    return check(claim.text, quotables(hits, {("d", 1): page}), hits, ["en"]).verdict


def report(name: str, claims: Iterable[Claim]) -> None:
    """Print one set's table."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for claim in claims:
        verdicts[claim.kind].append(verdict(claim))
    true = verdicts.pop("true")
    kept = sum(v == "supported" for v in true) / len(true)
    print(f"{name}: {len(true)} true claims, found supported {kept:.1%}")
    for kind, found in sorted(verdicts.items()):
        marked = sum(v != "supported" for v in found) / len(found)
        print(f"  {kind}: {len(found)} claims, marked {marked:.1%}")
    false = [v for found in verdicts.values() for v in found]
    caught = sum(v != "supported" for v in false)
    alarms = sum(v != "supported" for v in true)
    print(f"  marks: precision {caught / (caught + alarms):.3f}, recall {caught / len(false):.3f}")


def main() -> None:
    """Measure both sets."""
    report("written", written())
    report("made", made())


if __name__ == "__main__":
    main()
