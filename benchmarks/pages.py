"""Is the right page found? `python -m benchmarks.pages FOLDER [--home HOME]`.

FOLDER holds `pdfs/` and `questions.jsonl` (file and page of the evidence, as in the Northwind
set). A hit counts where it touches the page given or the one after it, onto which the answer
may run. The folder is indexed once, into the collection `pages` of the home.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from footnote.home import Home
from indexer.ingest.sources import find
from indexer.records import Hit
from indexer.search.searcher import Mode, Scope

COLLECTION = "pages"
DEPTH = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question and the places (file name, page) of its evidence."""

    question: str
    places: frozenset[tuple[str, int]]

    def rank(self, hits: Sequence[Hit]) -> int | None:
        """The rank of the first hit that touches a right page, or None."""
        return next((hit.rank for hit in hits if self._touches(hit)), None)

    def _touches(self, hit: Hit) -> bool:
        first, last = hit.passage.pages
        name = Path(hit.document.path).name
        return any((name, page) in self.places for page in range(first, last + 1))


def read(path: Path) -> list[Wanted]:
    """Read a questions file."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Wanted(
            row["question"],
            frozenset(
                (place["file"], place["page"] + after)
                for place in row["evidence"]
                for after in (0, 1)
            ),
        )
        for row in rows
    ]


def ranks(home: Home, wanted: Sequence[Wanted], scope: Scope, mode: Mode) -> list[int | None]:
    """The rank of each question's right page among the first `DEPTH` hits, or None."""
    return [one.rank(home.searcher.search(one.question, scope, DEPTH, mode)) for one in wanted]


def main() -> None:
    """Print, for each way to search, how often a right page comes first and in the first five."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Home.open(arguments.home or temporary)
        home.index(find([arguments.folder / "pdfs"]), COLLECTION)
        scope = home.scope([COLLECTION])
        wanted = read(arguments.folder / "questions.jsonl")
        print(f"{len(wanted)} questions{'first':>12}{'first five':>12}")
        for mode in get_args(Mode):
            found = [rank for rank in ranks(home, wanted, scope, mode) if rank is not None]
            first = sum(rank == 1 for rank in found) / len(wanted)
            print(f"{mode:<13}{first:>12.3f}{len(found) / len(wanted):>12.3f}")


if __name__ == "__main__":
    main()
