"""Files of questions and passages that come without a collection: their passages become one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from footnote.runs.service import TrainingError

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.ingest.sources import Source

# A passage is called by so many of its first words.
_WORDS_OF_A_NAME = 8


def collect(home: Home, data: Sequence[Path]) -> str:
    """Make the passages of files of examples a collection, called as the first file is; its name.

    Each passage is a document, so that some can be kept out of training and asked about. Done
    again, nothing is indexed twice. Raises `TrainingError` where a collection of that name holds
    anything else.
    """
    from indexer.ingest.sources import Source
    from training.data.examples import read_examples

    name = data[0].stem
    texts = dict.fromkeys(one.positive for path in data for one in read_examples(path))
    with TemporaryDirectory() as folder:
        sources = []
        for number, text in enumerate(texts, 1):
            path = Path(folder) / f"{number}.txt"
            path.write_text(text, encoding="utf-8")
            begins = " ".join(re.findall(r"\w+", text)[:_WORDS_OF_A_NAME])
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            sources.append(Source(path, f"{begins} {digest}.txt"))
        _refuse_other(home, name, sources)
        home.index(sources, name)
    return name


def _refuse_other(home: Home, name: str, sources: Sequence[Source]) -> None:
    """Raise where a collection of this name holds more than these sources."""
    found = home.store.collection(name)
    if found is None:
        return
    known = sum(home.store.document_at(found.id, one.name) is not None for one in sources)
    if home.store.documents([found.id], limit=1).total > known:
        raise TrainingError(
            f"there is a collection {name!r} with other documents; rename the file, or give"
            f" -c {name} to train on that collection with the file beside it"
        )
