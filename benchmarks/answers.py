"""Answers without a language model, measured: `python -m benchmarks.answers $EVAL`.

- squad-dev: in how many answers a gold string stands, and how long they are;
- Northwind: whether the confidence parts answerable from unanswerable questions (AUROC), and
  the curve of what each threshold would answer and refuse;
- both: whether every footnote's quote is verbatim the text at its span on its page.

The two collections are indexed once, in `--home`.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from footnote.home import Home
from indexer.ingest.sources import find
from indexer.search.searcher import Scope
from rag.answer import Answerer
from rag.evidence import abstain
from rag.records import Answer
from training.bundled.abstention import auroc, curve
from training.evaluation.beir import read
from training.evaluation.evaluate import indexed


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the strings of which one should stand in its answer, and the answer."""

    gold: tuple[str, ...]
    answer: Answer

    @property
    def holds(self) -> bool:
        """Whether a gold string stands in the text of the answer."""
        text = _plain(" ".join(sentence.text for sentence in self.answer.sentences))
        return any(_plain(gold) in text for gold in self.gold)


def squad(home: Home, folder: Path, count: int, seed: int) -> list[Asked]:
    """Ask `count` random questions of squad-dev."""
    dataset = read(folder)
    collection = indexed(home.store, dataset, home.embedder, lambda stage, done, total: None)
    home.searcher.maintain(collection)
    gold = {row["_id"]: tuple(row["answers"]) for row in _rows(folder / "answers.jsonl")}
    queries = random.Random(seed).sample(dataset.queries, count)
    answerer = Answerer(home.searcher, home.store, None)
    scope = Scope(frozenset([collection]))
    return [Asked(gold[query.id], answerer.ask(query.text, scope)) for query in queries]


def northwind(home: Home, folder: Path) -> tuple[list[Answer], list[Answer]]:
    """Ask Northwind's answerable and unanswerable questions."""
    home.index(find([folder / "pdfs"]), "northwind")
    answerer = Answerer(home.searcher, home.store, None)
    scope = home.scope(["northwind"])
    able, unable = (
        [answerer.ask(row["question"], scope) for row in _rows(folder / name)]
        for name in ("questions.jsonl", "questions_unanswerable.jsonl")
    )
    return able, unable


def quotes(home: Home, answers: Sequence[Answer]) -> tuple[int, int]:
    """How many footnotes there are, and how many quote their page verbatim."""
    notes = [note for answer in answers for note in answer.footnotes]
    exact = [
        home.store.page(note.document, note.span.page).text[note.span.start : note.span.end]
        == note.quote
        for note in notes
    ]
    return len(notes), sum(exact)


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _report_squad(home: Home, asked: Sequence[Asked]) -> None:
    count = len(asked)
    answered = [one for one in asked if not one.answer.abstained]
    lengths = [len(one.answer.sentences) for one in answered]
    total, exact = quotes(home, [one.answer for one in asked])
    print(f"squad-dev, {count} questions")
    print(f"  gold string in the answer   {sum(one.holds for one in asked) / count:.1%}")
    print(f"  answered                    {len(answered) / count:.1%}")
    print(f"  sentences in an answer      {sum(lengths) / max(len(lengths), 1):.2f} on average")
    print(f"  seconds an answer           {sum(o.answer.seconds for o in asked) / count:.3f}")
    print(f"  footnotes quoted verbatim   {exact} of {total}")


def _report_northwind(home: Home, able: Sequence[Answer], unable: Sequence[Answer]) -> None:
    high, low = ([answer.confidence for answer in answers] for answers in (able, unable))
    threshold = abstain.shipped().threshold
    total, exact = quotes(home, [*able, *unable])
    print(f"Northwind, {len(able)} answerable and {len(unable)} unanswerable questions")
    print(f"  AUROC of the confidence     {auroc(high, low):.3f}")
    print(f"  footnotes quoted verbatim   {exact} of {total}")
    print(f"  threshold in use            {threshold:.3f}")
    print(f"  answerable answered         {sum(not a.abstained for a in able) / len(able):.1%}")
    print(f"  unanswerable refused        {sum(a.abstained for a in unable) / len(unable):.1%}")
    print("  threshold  answered  refused")
    for point in curve(high, low):
        print(f"  {point.threshold:9.2f}  {point.answered:8.1%}  {point.refused:7.1%}")


def main() -> None:
    """Measure both sets and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="the unpacked evaluation sets")
    arguments.add_argument("--home", type=Path, help="where to keep what is indexed")
    arguments.add_argument("--questions", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Home.open(given.home or Path(temporary))
        _report_squad(home, squad(home, given.folder / "squad-dev", given.questions, given.seed))
        _report_northwind(home, *northwind(home, given.folder / "northwind"))


if __name__ == "__main__":
    main()
