"""The trained reader beside the rules: `python -m benchmarks.reader --home DIR COLLECTION ...`.

How many of 100 questions about other things (`far_off.txt`) are refused, and the processor time of
a question with and without the reader.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from footnote.home import Home
from rag.answer import Answerer
from rag.judges import Judges
from rag.reader.reader import shipped

FAR_OFF = Path(__file__).with_name("far_off.txt")


def far_off(home: Home, collection: str) -> None:
    """Print how many questions about other things are refused."""
    questions = FAR_OFF.read_text(encoding="utf-8").splitlines()
    scope = home.scope([collection])
    for name, judges in (("rules", Judges()), ("read", Judges(shipped()))):
        began = time.process_time()
        answerer = Answerer(home.searcher, home.store, None, lambda _, judges=judges: judges)
        answered = [q for q in questions if not answerer.read(q, scope).doubtful]
        cost = (time.process_time() - began) / len(questions)
        print(f"{collection} {name}: {len(questions) - len(answered)} of {len(questions)} refused, "
              f"{cost:.3f} s of processor; answered: {answered[:5]}")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("collections", nargs="+")
    given = parser.parse_args(arguments)
    home = Home.open(given.home)
    for collection in given.collections:
        far_off(home, collection)


if __name__ == "__main__":
    main()
