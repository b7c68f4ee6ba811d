"""How well claims are checked: `python -m benchmarks.claims`.

Two sets of claims whose truth is known. *Written*: paraphrases of twelve synthetic documents as
a language model would put them, and the same with a number, a name or a negation changed, or
invented altogether (`claims.jsonl`). *Made*: sentences of all the synthetic documents, as they
stand and with a number swapped for another of the document, a name for another's, or a "not"
put in. Reported: of the true claims the share found supported, of the false ones the share not
found supported, by kind, and precision and recall of the mark "not supported".

`--attribution FILE ...` measures any JSON lines of the form of AttributionBench instead (`claim`,
`references`, `attribution_label` or `label`): macro-F1 of supported or not, the share of the
supported that passes, of the unsupported that is rejected. `--rules` leaves the trained reader
out. `--held-out FILE` does the same on the held-out claims of `reader.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.records import Block, Document, Hit, Page, Passage, Span
from rag.evidence.cite import check
from rag.evidence.quotables import quotables
from rag.reader.reader import Reader, shipped
from rag.records import Verdict
from training.data.packed import read_rows

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


def verdict(claim: Claim, reader: Reader | None = None) -> Verdict:
    """What the checker says of a claim, given its document."""
    return over(claim.text, [claim.source], claim.title, reader)


def over(claim: str, texts: Sequence[str], title: str, reader: Reader | None) -> Verdict:
    """What the checker says of a claim, given the texts that it cites."""
    document = Document("d", 1, "d.txt", title, "", 0, "txt", 1, True, "ready", "", 1, 0, 1, 0.0)
    pages, hits = {}, []
    for number, text in enumerate(texts, start=1):
        pages["d", number] = Page(number, text, blocks=(Block("text", 0, len(text)),))
        passage = Passage(text, (), (Span(number, 0, len(text)),), number - 1, number, "d")
        hits.append(Hit(number, 1.0, passage, document))
    return check(claim, quotables(hits, pages), hits, ["en"], reader).verdict


@dataclass(frozen=True, slots=True)
class Attribution:
    """A claim, the references that it cites, and whether they support it."""

    claim: str
    references: tuple[str, ...]
    supported: bool


_SUPPORTING = {"attributable", "supported", "1", "true", "yes", "entailment"}


def attributions(path: Path) -> Iterator[Attribution]:
    """The lines of a file in the form of AttributionBench."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        label = row.get("attribution_label", row.get("label"))
        cited = row.get("references") or row.get("webpage_references") or []
        cited = [cited] if isinstance(cited, str) else cited
        texts = tuple(text for text in map(str, cited) if text.strip())
        yield Attribution(row["claim"], texts, str(label).strip().lower() in _SUPPORTING)


def held_out(labelled: Path) -> Iterator[Attribution]:
    """Claims that no reader was trained on, each over its own passage."""
    for row in read_rows(labelled):
        if row["id"] % 10 == 0:
            text = " ".join(row["sentences"])
            for kind in ("supported", "contradicted", "unfounded"):
                yield Attribution(row[kind], (text,), kind == "supported")


def attribution_report(name: str, cases: Sequence[Attribution], reader: Reader | None) -> None:
    """Print macro-F1 and both sides of it."""
    found = [over(row.claim, row.references, "", reader) == "supported" for row in cases]
    pairs = list(zip(found, (row.supported for row in cases), strict=True))
    scores = []
    for side in (True, False):
        right = sum(said == truth == side for said, truth in pairs)
        wrong = sum(said != truth for said, truth in pairs)
        scores.append(2 * right / max(2 * right + wrong, 1))
    passed = sum(said for said, truth in pairs if truth) / max(sum(t for _, t in pairs), 1)
    rejected = sum(not said for said, truth in pairs if not truth)
    rejected /= max(sum(not t for _, t in pairs), 1)
    print(f"{name}: {len(pairs)} claims, macro-F1 {sum(scores) / 2:.3f}, "
          f"supported passed {passed:.1%}, unsupported rejected {rejected:.1%}")  # fmt: skip


def report(name: str, claims: Iterable[Claim], reader: Reader | None) -> None:
    """Print one set's table."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for claim in claims:
        verdicts[claim.kind].append(verdict(claim, reader))
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
    """Measure both sets, or the files named."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--attribution", type=Path, nargs="+", default=[])
    arguments.add_argument("--held-out", type=Path, help="reader.jsonl, packed or not")
    arguments.add_argument("--rules", action="store_true", help="without the trained reader")
    given = arguments.parse_args()
    reader = None if given.rules else shipped()
    if given.held_out:
        attribution_report("held out", list(held_out(given.held_out)), reader)
    for path in given.attribution:
        attribution_report(path.name, list(attributions(path)), reader)
    if not (given.held_out or given.attribution):
        report("written", written(), reader)
        report("made", made(), reader)


if __name__ == "__main__":
    main()
