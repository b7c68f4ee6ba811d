"""Who judges answers in a home: by its settings, and by what embedded the collections asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from embedder.registry import BUNDLED
from footnote.settings import OFF, ON

if TYPE_CHECKING:
    import numpy as np

    from embedder.spec import EmbedderSpec
    from footnote.home import Home
    from rag.judges import Judges


class Judging:
    """`rag.judges.JudgesOf` over a home, as it is at the moment of each question."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(self, collections: Iterable[int]) -> Judges:
        """The reader beside the base that it was fitted with; meaning beside any other."""
        from rag.judges import Judges
        from rag.reader.reader import FITTED_WITH, shipped

        specs = self._specs(collections)
        reads = self._home.settings.choice("reader", ON, OFF) == ON
        fitted = bool(specs) and all(FITTED_WITH in spec.base for spec in specs)
        # Any other embedder than the built-in one, which knows English.
        english = self._home.registry.spec(BUNDLED).base
        many = next((spec for spec in specs if spec.base != english), None)
        return Judges(
            shipped() if reads and fitted else None,
            partial(self._cosines, many.fingerprint) if many else None,
        )

    def _specs(self, collections: Iterable[int]) -> list[EmbedderSpec]:
        """Of the embedders that answer for these collections, those that can be read."""
        registry = self._home.registry
        known = {spec.fingerprint: spec for spec in registry.specs().values()}
        try:
            current = registry.spec(registry.current()).fingerprint
        except FootnoteError:  # it may be gone, or damaged
            current = ""
        generations = {self._home.store.generation(one) or current for one in collections}
        there = sorted(generations & known.keys()) or [current]
        return [known[one] for one in there if one in known]

    def _cosines(self, fingerprint: str, question: str, texts: Sequence[str]) -> np.ndarray:
        """Cosines [texts] of a question and texts."""
        embedder = self._home.registry.load_fingerprint(fingerprint)
        cosines: np.ndarray = embedder.embed_passages(texts) @ embedder.embed_queries([question])[0]
        return cosines
