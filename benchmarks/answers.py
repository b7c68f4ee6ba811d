"""Answers without a language model, measured: `python -m benchmarks.answers $EVAL`.

- squad-dev: in how many answers a gold string stands, and how long they are;
- Northwind: in how many answers the page of the evidence is cited, whether one cites the other
  plan alone, ends on a colon or cuts a list; whether the confidence parts answerable from
  unanswerable questions (AUROC), what is refused where 97 % are answered, and the curve of what
  each threshold would answer and refuse;
- questions that no handbook answers (`far_off.txt`): how many are refused, over both;
- both: whether every footnote's quote is verbatim the text at its span on its page.

The two collections are indexed once, in `--home`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from footnote.home import Home
from indexer.ingest.sources import find
from indexer.search.searcher import Scope
from rag.answer import Answerer
from rag.reader.reader import shipped
from rag.records import Answer, Footnote
from training.bundled.abstention import auroc, curve
from training.evaluation.beir import read
from training.evaluation.evaluate import indexed

# The two plans of the Northwind set, by the words that name them.
PLANS = {
    "Health Plus": "Northwind_Health_Plus_Benefits_Details.pdf",
    "Standard": "Northwind_Standard_Benefits_Details.pdf",
}
# The share of answerable questions that a threshold must answer for its refusals to count.
ANSWERED = 0.97
FAR = Path(__file__).with_name("far_off.txt")
_FIRST = re.compile(r"\s*\(?(?:1|a)[.)]")


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
    answerer = Answerer(home.searcher, home.store, None, home.judges)
    scope = Scope(frozenset([collection]))
    return [Asked(gold[query.id], answerer.ask(query.text, scope)) for query in queries]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question about a benefit plan, the places of its evidence, and the answer."""

    places: frozenset[tuple[str, int]]
    answer: Answer

    @property
    def right_page(self) -> bool:
        """Whether a footnote leads to the page of the evidence, or the one it may run on to."""
        return any((_file(note), note.span.page) in self.places for note in self.answer.footnotes)

    @property
    def other_plan(self) -> bool:
        """Whether one plan was asked about and only the other one is cited."""
        named = [plan in self.answer.question for plan in PLANS]
        cited = {_file(note) for note in self.answer.footnotes}
        return sum(named) == 1 and cited == {PLANS[list(PLANS)[named.index(False)]]}


def northwind(home: Home, folder: Path) -> tuple[list[Judged], list[Answer]]:
    """Ask Northwind's answerable and unanswerable questions."""
    home.index(find([folder / "pdfs"]), "northwind")
    answerer = Answerer(home.searcher, home.store, None, home.judges)
    scope = home.scope(["northwind"])
    able = [
        Judged(
            frozenset(
                (place["file"], place["page"] + after)
                for place in row["evidence"]
                for after in (0, 1)
            ),
            answerer.ask(row["question"], scope),
        )
        for row in _rows(folder / "questions.jsonl")
    ]
    rows = _rows(folder / "questions_unanswerable.jsonl")
    return able, [answerer.ask(row["question"], scope) for row in rows]


def far_off(home: Home, questions: Sequence[str]) -> dict[str, list[Answer]]:
    """Ask each collection what none of its documents is about."""
    answerer = Answerer(home.searcher, home.store, None, home.judges)
    return {
        one.name.split()[0]: [answerer.ask(text, home.scope([one.name])) for text in questions]
        for one in home.store.collections()
    }


def cut_lists(home: Home, answers: Sequence[Answer]) -> int:
    """How many answers show the beginning of a list whose next item they leave out."""
    return sum(
        any(_goes_on(home, note) for note in answer.footnotes if _shows_list(answer, note))
        for answer in answers
    )


def _shows_list(answer: Answer, note: Footnote) -> bool:
    """Whether this is the last footnote of a sentence with more than one item of a list."""
    return any(
        one.text.count("\n") > 1 and one.footnotes and one.footnotes[-1] == note.n
        for one in answer.sentences
    )


def _goes_on(home: Home, note: Footnote) -> bool:
    page = home.store.page(note.document, note.span.page)
    following = [block for block in page.blocks if block.start >= note.span.end]
    inside = [block for block in page.blocks if block.start < note.span.end <= block.end]
    listed = bool(inside) and inside[-1].kind == "list"
    first = _FIRST.match(page.text, following[0].start) if following else None
    return listed and bool(following) and following[0].kind == "list" and first is None


def _file(note: Footnote) -> str:
    return Path(note.path).name


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


def _report_northwind(home: Home, judged: Sequence[Judged], unable: Sequence[Answer]) -> None:
    able = [one.answer for one in judged]
    high, low = ([answer.confidence for answer in answers] for answers in (able, unable))
    threshold = shipped().lines["answered"]
    total, exact = quotes(home, [*able, *unable])
    print(f"Northwind, {len(able)} answerable and {len(unable)} unanswerable questions")
    print(f"  AUROC of the confidence     {auroc(high, low):.3f}")
    print(f"  page of the evidence cited  {sum(j.right_page for j in judged) / len(judged):.1%}")
    print(f"  only the other plan cited   {sum(one.other_plan for one in judged)}")
    print(f"  ends on a colon             {sum(map(_on_colon, able))}")
    print(f"  lists cut                   {cut_lists(home, able)}")
    lengths = [len(answer.sentences) for answer in able if answer.sentences]
    print(f"  sentences in an answer      {sum(lengths) / max(len(lengths), 1):.2f} on average")
    seconds = sorted(answer.seconds for answer in (*able, *unable))
    print(f"  seconds an answer, p50 p95  {_at(seconds, 0.5):.3f} {_at(seconds, 0.95):.3f}")
    print(f"  footnotes quoted verbatim   {exact} of {total}")
    print(f"  threshold in use            {threshold:.3f}")
    print(f"  answerable answered         {sum(not a.abstained for a in able) / len(able):.1%}")
    print(f"  unanswerable refused        {sum(a.abstained for a in unable) / len(unable):.1%}")
    line = _at(sorted(high), 1.0 - ANSWERED)
    refused = sum(answer.abstained or answer.confidence < line for answer in unable) / len(unable)
    print(f"  refused where {ANSWERED:.0%} answered  {refused:.1%} (threshold {line:.3f})")
    print("  threshold  answered  refused")
    for point in curve(high, low):
        print(f"  {point.threshold:9.2f}  {point.answered:8.1%}  {point.refused:7.1%}")


def _on_colon(answer: Answer) -> bool:
    return any(one.text.rstrip().endswith(":") for one in answer.sentences)


def _at(values: Sequence[float], share: float) -> float:
    """The value below which this share of sorted values lies."""
    return values[min(int(share * len(values)), len(values) - 1)]


def _report_far(asked: dict[str, list[Answer]]) -> None:
    for name, answers in asked.items():
        refused = sum(answer.abstained for answer in answers) / max(len(answers), 1)
        print(f"Far-off questions to {name}: {refused:.1%} of {len(answers)} refused")


def main() -> None:
    """Measure both sets and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="the unpacked evaluation sets")
    arguments.add_argument("--home", type=Path, help="where to keep what is indexed")
    arguments.add_argument("--questions", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument(
        "--far", type=Path, default=FAR, help="questions that no document answers, a line each"
    )
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Home.open(given.home or Path(temporary))
        _report_squad(home, squad(home, given.folder / "squad-dev", given.questions, given.seed))
        _report_northwind(home, *northwind(home, given.folder / "northwind"))
        _report_far(far_off(home, given.far.read_text(encoding="utf-8").splitlines()))


if __name__ == "__main__":
    main()
