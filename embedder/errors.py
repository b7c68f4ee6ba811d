"""The root of the error tree.

    FootnoteError                 what a person can read and act upon
    ├── embedder.*                the model, its weights, its registry
    ├── indexer.*                 files, the store, the index
    ├── rag.*                     language models, answers
    ├── training.*                evaluation, runs
    └── footnote.*                homes, settings, jobs

It stands in the lowest stage because every other one may import it. A message says what
was wrong, with which file or value, and what to do. The command line turns these errors
into exit code 1 and the web app into a red box; anything else is a bug and shows as one.
"""

from __future__ import annotations


class FootnoteError(Exception):
    """A failure whose message tells a person what happened and what to do."""
