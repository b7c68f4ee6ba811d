"""Questions in one language over documents in another: `python -m benchmarks.across $EVAL`.

XQuAD asks the same questions of the same paragraphs in many languages: here in English and in
Spanish of the German ones. Said is in how many answers a German gold string stands, in how many
the paragraph that holds it is the first one found, how many are answered, and how many of the
questions that no paragraph answers (`far_off.txt`) are refused. The home's embedder must know
the languages: `footnote embedders add multilingual` and `footnote embedders use multilingual`
before, on the home that `--home` names. The collection is indexed once.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from pathlib import Path

from benchmarks.answers import FAR
from footnote.home import Home
from indexer.search.searcher import Scope
from training.evaluation.beir import read
from training.evaluation.evaluate import indexed


def main() -> None:
    """Ask and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="the unpacked evaluation sets")
    arguments.add_argument("--home", type=Path, required=True)
    arguments.add_argument("--questions", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    home = Home.open(given.home)
    collection = indexed(
        home.store, read(given.folder / "xquad-de"), home.embedder, lambda stage, done, total: None
    )
    home.searcher.maintain(collection)
    scope = Scope(frozenset([collection]))
    gold = {one["_id"]: one["answers"] for one in _rows(given.folder / "xquad-de/answers.jsonl")}
    ids = random.Random(given.seed).sample(sorted(gold), given.questions)
    for language, of in (("German", "xquad-de"), ("English", "squad-dev"), ("Spanish", "xquad-es")):
        asked = {one["_id"]: one["text"] for one in _rows(given.folder / of / "queries.jsonl")}
        answers = [home.answerer.ask(asked[one], scope) for one in ids]
        holds = [_holds(gold[one], answer.text) for one, answer in zip(ids, answers, strict=True)]
        first = [
            bool(answer.hits) and _holds(gold[one], answer.hits[0].passage.text)
            for one, answer in zip(ids, answers, strict=True)
        ]
        answered = [answer.sentences for answer in answers if not answer.abstained]
        print(
            f"{language} questions: gold string in the answer {sum(holds) / len(ids):.1%}, its"
            f" paragraph first {sum(first) / len(ids):.1%}, answered {len(answered) / len(ids):.1%}"
            f" with {sum(map(len, answered)) / max(len(answered), 1):.2f} sentences,"
            f" {sum(answer.seconds for answer in answers) / len(ids):.2f} s each"
        )
    far = FAR.read_text(encoding="utf-8").splitlines()
    refused = sum(home.answerer.ask(text, scope).abstained for text in far)
    print(f"Far-off questions in English: {refused / len(far):.1%} of {len(far)} refused")


def _holds(gold: Iterable[str], text: str) -> bool:
    return any(one.casefold() in text.casefold() for one in gold)


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
