"""What a person may ask of a home: questions, searches, and what comes of a text there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Several
from typing import TYPE_CHECKING, Any, Protocol

from embedder.registry import SHIPPED, UnknownEmbedderError

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.access.access import Access
    from footnote.home import Home
    from indexer.search.searcher import Mode, Scope, SearchResult
    from indexer.search.similar import SimilarDocument
    from rag.explain import Explanation
    from rag.records import Answer, Turn


class Help(Protocol):
    """Who answers questions where many are asked at once: `footnote.answering.helpers`."""

    def ask(
        self, question: str, scope: Scope, before: Sequence[Turn], here: Callable[[], Answer]
    ) -> Answer:
        """The answer; `here` makes it in this process."""
        ...


class Asking:
    """Questions to a home, about what `access` lets through.

    With `attached`, answers come from the homes attached to this one as well. Such answers are not
    to be kept here: what is deleted there could not be taken out of them. With `helpers`, other
    processes answer from this home, too.
    """

    def __init__(self, home: Home, access: Access, *, attached: bool, helpers: Help | None) -> None:
        self._home, self._access, self._attached, self._help = home, access, attached, helpers

    def search(
        self, query: str, chosen: Several[int] | None = None, k: int = 10, mode: Mode = "fused"
    ) -> SearchResult:
        """As `Searcher.find`."""
        home = self._home
        finder = home.finder if self._attached else home.searcher
        return finder.find(query, self._access.scope(chosen), k, mode)

    def ask(
        self,
        question: str,
        chosen: Several[int] | None = None,
        before: Sequence[Turn] = (),
        stream: Callable[[str], None] | None = None,
        documents: Several[str] = (),
    ) -> Answer:
        """As `Answerer.ask`; of these documents alone, where some are named."""
        home, scope = self._home, self._access.scope(chosen, documents)
        common = self._attached and not scope.documents
        if common and not home.alone:
            return home.common_answerer.ask(question, scope, before, stream)

        def here() -> Answer:
            return home.answerer.ask(question, scope, before, stream)

        return self._help.ask(question, scope, before, here) if self._help else here()

    def part(self, what: str, names: Several[str], given: Mapping[str, Any]) -> Any:
        """As `Part.say`: what another home asks, of the collections that may be read."""
        there = {one.name: one.id for one in self._access.collections()}
        if names:
            wanted = {name.casefold() for name in names}
            there = {name: one for name, one in there.items() if name.casefold() in wanted}
        return self._home.part.say(what, there, given)

    def summary(self, document: str) -> Answer:
        """As `Answerer.summarise`, of a document that may be read."""
        return self._home.answerer.summarise(self._access.document(document))

    def similar(self, document: str, k: int = 5) -> list[SimilarDocument]:
        """Documents that may be read and are near this one, as `indexer.search.similar`."""
        from indexer.search.similar import similar

        home, found = self._home, self._access.document(document)
        return similar(home.searcher, home.store, found, self._access.scope(), k)

    def explain(
        self, question: str, expected: str, chosen: Several[int] | None = None
    ) -> Explanation:
        """As `rag.explain.explain`."""
        from rag.explain import explain

        home = self._home
        scope = self._access.scope(chosen)
        return explain(question, expected, home.searcher, home.store, scope, home.judges)

    def embedders(self) -> list[str]:
        """The names of the embedders that texts may be embedded with.

        One that was trained on a collection is named after it, and tells something of it.
        """
        registry = self._home.registry
        if self._access.person.admin:
            return registry.names()
        readable = self._access.scope().collections
        answering = {self._home.store.generation(number) for number in readable}
        return [
            name
            for name in registry.names()
            if name in SHIPPED or registry.spec(name).fingerprint in answering
        ]

    def embedder(self, name: str) -> Embedder:
        """An embedder by name. Raises `UnknownEmbedderError`."""
        if name not in self.embedders():
            raise UnknownEmbedderError(f"there is no embedder {name!r} that you may use")
        return self._home.registry.load(name)

    def embedder_of(self, collection: str) -> Embedder:
        """The embedder that answers for a collection. Raises `UnknownCollectionError`."""
        (number,) = tuple(self._access.named([collection]) or ())
        return self._home.embedder_of(number)
