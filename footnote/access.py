"""Who may do what: the one place where that is decided, by the collection of every row touched.

The pages reach a home through an `Access` and through nothing else. It asks anew at each call
who it acts for and what is shared with them, so what was withdrawn is gone at the next request.
Of what a person may not read it speaks exactly as of what is not there.

The command line does without: whoever owns the home's files may do everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Several
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from embedder.errors import FootnoteError
from embedder.registry import SHIPPED, UnknownEmbedderError
from footnote import arranging, deletion
from footnote.accounts import audit, keys, sharing, signin
from footnote.accounts.people import ONLY_USER, People, Person
from footnote.home import UnknownCollectionError
from footnote.jobs import fetch, queue, uploads
from footnote.jobs.queue import Job, JobError
from footnote.settings import OFF, ON
from indexer.store.errors import UnknownDocumentError
from rag.history import History

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.accounts.audit import Entries
    from footnote.accounts.keys import Key, NewKey
    from footnote.home import Home
    from footnote.jobs.uploads import Content
    from footnote.status import Status
    from indexer.pages import Box
    from indexer.records import Collection, Document, Page, Passage, Receipt, Span
    from indexer.search.searcher import Mode, Scope, SearchResult
    from indexer.search.similar import SimilarDocument
    from indexer.store.queries import DocumentList
    from rag.explain import Explanation
    from rag.records import Answer, Turn

Action = Literal["read", "upload", "manage"]


class NotSignedInError(FootnoteError):
    """The request comes with no session, or with one that has ended."""


class ElsewhereError(FootnoteError):
    """Nobody is registered, and the request does not come from this machine."""


class NotAllowedError(FootnoteError):
    """Only an admin may do this."""


@dataclass(frozen=True, slots=True)
class Door:
    """How a request came in: from this machine or not, with whose session's token, or whose key.

    One that brings a key is judged by it alone.
    """

    local: bool
    token: str = ""
    key: str = ""


def visitor(home: Home, door: Door) -> Person:
    """Who it is that asks. Raises `NotSignedInError` or `ElsewhereError`."""
    if People(home.store).registered():
        if door.key:
            person = keys.holder(home.store, door.key)
            said = "this key is unknown, revoked or expired; ask for another, or make one yourself"
        else:
            person = signin.person_of(home.store, door.token)
            said = "you are signed out; sign in again to go on"
        if person is None:
            raise NotSignedInError(said)
        return person
    if not door.local:
        raise ElsewhereError(
            "this Footnote serves the machine that it runs on and no other, for nobody is"
            " registered; register an admin there with `footnote people add NAME --role admin`"
        )
    return ONLY_USER


def check_order(home: Home, order: Job) -> None:
    """See that a job may be done, now that its turn has come: rights may have been withdrawn.

    Raises `NotAllowedError` or `UnknownCollectionError`.
    """
    name, number = order.arguments.get("collection", ""), order.arguments.get("collection_id")
    there = queue.collection_of(home, order)
    if number is not None and there is None:
        raise UnknownCollectionError(
            f"the collection {name!r} has been deleted since this was ordered"
        )
    person = People(home.store).get(order.owner) if order.owner else ONLY_USER
    if person is None:
        raise NotAllowedError("whoever ordered this has been removed since; order it anew")
    if person.admin:
        return
    uploaded = order.kind == "index" and order.arguments["paths"] == order.arguments["staged"]
    may_add = number is not None and Access(home, lambda: person).may("upload", number)
    if not uploaded or not may_add or order.arguments.get("replace"):
        raise NotAllowedError(
            f"{person.name} may not do this in {name!r} any more; ask an admin to allow it"
        )


class Help(Protocol):
    """Who answers questions where many are asked at once: `footnote.answering.helpers`."""

    def ask(
        self, question: str, scope: Scope, before: Sequence[Turn], here: Callable[[], Answer]
    ) -> Answer:
        """The answer; `here` makes it in this process."""
        ...


class Access:
    """What one person may do with a home. `who` says who that is at the moment, or raises.

    With `attached`, answers come from the homes attached to this one as well. Such answers are not
    to be kept here: what is deleted there could not be taken out of them. With `help`, other
    processes answer from this home, too.
    """

    def __init__(
        self,
        home: Home,
        who: Callable[[], Person],
        *,
        attached: bool = False,
        helpers: Help | None = None,
    ) -> None:
        self._home, self._who, self._attached, self._help = home, who, attached, helpers

    @property
    def person(self) -> Person:
        """Who it is."""
        return self._who()

    def may(self, action: Action, collection: int) -> bool:
        """The rule. Readers read what is shared with them; those who may add, add there."""
        person = self.person
        if person.admin:
            return True
        if collection not in sharing.readable(self._home.store, person):
            return False
        return action == "read" or (action == "upload" and person.may_upload)

    def everything(self) -> Home:
        """The home itself, for an admin. Raises `NotAllowedError`."""
        if not self.person.admin:
            raise NotAllowedError("only an admin may do this; ask one")
        return self._home

    # Collections

    def collections(self) -> list[Collection]:
        """Those that may be read, by name."""
        readable = self._readable()
        return [one for one in self._home.store.collections() if one.id in readable]

    def collections_to_add_to(self) -> list[Collection]:
        """Those that documents may be added to, by name."""
        return [one for one in self.collections() if self.may("upload", one.id)]

    def may_add(self) -> bool:
        """Whether documents may be added anywhere; an admin makes the place."""
        return self.person.admin or bool(self.collections_to_add_to())

    def scope(self, chosen: Several[int] | None = None, documents: Several[str] = ()) -> Scope:
        """Of the chosen collections (None: all) those that may be read.

        With documents: those of them that may be read, in whichever collection they are. Raises
        `UnknownDocumentError` where one of them may not.
        """
        from indexer.search.searcher import Scope

        if documents:
            named = [self.document(one) for one in documents]
            return Scope(
                frozenset(one.collection for one in named), frozenset(one.id for one in named)
            )
        readable = self._readable()
        return Scope(readable if chosen is None else readable & frozenset(chosen))

    def named(self, names: Iterable[str]) -> frozenset[int] | None:
        """The ids of collections by name, None where none is named: all that may be read.

        Raises `UnknownCollectionError`.
        """
        there = {one.name: one.id for one in self.collections()}
        chosen = list(names)
        for name in chosen:
            if name not in there:
                raise UnknownCollectionError(f"there is no collection {name!r} that you may read")
        return frozenset(there[name] for name in chosen) if chosen else None

    # Documents

    def documents(self, chosen: Several[int] | None = None, **filters: Any) -> DocumentList:
        """As `Catalogue.documents`."""
        return self._home.store.documents(self.scope(chosen).collections, **filters)

    def document(self, document: str) -> Document:
        """A document by id. Raises `UnknownDocumentError`."""
        found = self._home.store.document(document)
        if not self.may("read", found.collection):
            raise UnknownDocumentError(
                f"there is no document {document!r}; it may have been deleted"
            )
        return found

    def newest(self, document: Document) -> Document | None:
        """The current document at the place of one that may have been superseded."""
        here = self.document(document.id)
        return self._home.store.document_at(here.collection, here.path)

    def revisions(self, document: str) -> list[Document]:
        """All revisions of a document's file, newest first."""
        return self._home.store.revisions(self.document(document).id)

    def page(self, document: str, number: int) -> Page:
        """One page. Raises `UnknownDocumentError`."""
        return self._home.store.page(self.document(document).id, number)

    def pages(self, document: str, first: int, count: int) -> list[Page]:
        """So many pages from this number on. Raises `UnknownDocumentError`."""
        return self._home.store.pages(self.document(document).id, first, count)

    def problem_pages(self, document: str) -> list[int]:
        """The numbers of the pages with a problem."""
        return self._home.store.problem_pages(self.document(document).id)

    def passages_on(self, document: str, number: int) -> list[Passage]:
        """The passages that have a part on a page."""
        return self._home.store.passages_on(self.document(document).id, number)

    def original(self, document: str) -> Path:
        """The file of a document: what its page pictures are drawn from, and what is saved."""
        return self._home.store.original(self.document(document).content_hash)

    def picture(self, document: str, number: int, dpi: int) -> bytes:
        """A page of a PDF as a PNG. Raises `ParseError` where it cannot be drawn."""
        return self._home.pictures.render(self.original(document), number, dpi)

    def boxes(self, document: str, page: Page, quote: Span) -> tuple[Box, ...]:
        """Where on the picture of its page a quote stands."""
        original, text = self.original(document), page.text
        return self._home.pictures.boxes(original, page.number, text, quote.start, quote.end)

    def occurrences(self, document: str, sought: str) -> tuple[Span, ...]:
        """Where the text of a document has these words."""
        from indexer.store.occurrences import occurrences

        return occurrences(self._home.store.connection, self.document(document).id, sought)

    # Questions

    def search(
        self, query: str, chosen: Several[int] | None = None, k: int = 10, mode: Mode = "fused"
    ) -> SearchResult:
        """As `Searcher.find`."""
        home = self._home
        finder = home.finder if self._attached else home.searcher
        return finder.find(query, self.scope(chosen), k, mode)

    def ask(
        self,
        question: str,
        chosen: Several[int] | None = None,
        before: Sequence[Turn] = (),
        stream: Callable[[str], None] | None = None,
        documents: Several[str] = (),
    ) -> Answer:
        """As `Answerer.ask`; of these documents alone, where some are named."""
        home, scope = self._home, self.scope(chosen, documents)
        common = self._attached and not scope.documents
        if common and not home.alone:
            return home.common_answerer.ask(question, scope, before, stream)

        def here() -> Answer:
            return home.answerer.ask(question, scope, before, stream)

        return self._help.ask(question, scope, before, here) if self._help else here()

    def part(self, what: str, names: Several[str], given: Mapping[str, Any]) -> Any:
        """As `Part.say`: what another home asks, of the collections that may be read."""
        there = {one.name: one.id for one in self.collections()}
        if names:
            wanted = {name.casefold() for name in names}
            there = {name: one for name, one in there.items() if name.casefold() in wanted}
        return self._home.part.say(what, there, given)

    def summary(self, document: str) -> Answer:
        """As `Answerer.summarise`, of a document that may be read."""
        return self._home.answerer.summarise(self.document(document))

    def similar(self, document: str, k: int = 5) -> list[SimilarDocument]:
        """Documents that may be read and are near this one, as `indexer.search.similar`."""
        from indexer.search.similar import similar

        home = self._home
        return similar(home.searcher, home.store, self.document(document), self.scope(), k)

    def explain(
        self, question: str, expected: str, chosen: Several[int] | None = None
    ) -> Explanation:
        """As `rag.explain.explain`."""
        from rag.explain import explain

        home = self._home
        scope = self.scope(chosen)
        return explain(question, expected, home.searcher, home.store, scope, home.reader)

    def embedders(self) -> list[str]:
        """The names of the embedders that texts may be embedded with.

        One that was trained on a collection is named after it, and tells something of it.
        """
        registry = self._home.registry
        if self.person.admin:
            return registry.names()
        answering = {self._home.store.generation(number) for number in self._readable()}
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
        (number,) = tuple(self.named([collection]) or ())
        return self._home.embedder_of(number)

    def history(self) -> History:
        """The person's own conversations, without what they may read no more."""
        return History(self._home.store, self.person.id, self._readable)

    # Work

    def jobs(self, kinds: Sequence[str] = ()) -> list[Job]:
        """The newest jobs: an admin all of them, others their own, while they may read there."""
        owner = None if self.person.admin else self.person.id
        return [one for one in queue.jobs(self._home, kinds, owner=owner) if self._sees(one)]

    def job(self, identifier: str) -> Job:
        """One job. Raises `JobError`."""
        found = queue.job(self._home, identifier)
        if not self._sees(found):
            raise JobError(f"there is no job {identifier}")
        return found

    def job_log(self, identifier: str) -> str:
        """What a job wrote to its log; it may name any file of the machine. Raises `JobError`."""
        found = self.job(identifier)
        if not self.person.admin:
            raise JobError(f"there is no log of job {identifier}")
        log = self._home.path / "jobs" / f"{found.id}.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def cancel(self, identifier: str) -> None:
        """Ask a job to stop. Raises `JobError`."""
        queue.cancel(self._home, self.job(identifier).id)

    def already_there(self, names: Iterable[str], collection: str) -> list[Document]:
        """The documents that work under these names in a collection that may be added to."""
        there = self._to_add_to(collection)
        found = [self._home.store.document_at(there.id, name) for name in names] if there else []
        return [document for document in found if document and document.state != "failed"]

    def add_files(
        self,
        files: Iterable[tuple[str, Content]],
        collection: str,
        replace: Several[str] = (),
    ) -> str:
        """Have files, as names and contents, read into a collection; the job's id.

        They are staged under names of our own. Only an admin makes a new collection, or replaces
        what is there under a name; else a name that is taken is kept apart from. Raises
        `UnknownCollectionError` or `NotAllowedError`.
        """
        there = self._to_add_to(collection)
        if there is None and not self.person.admin:
            raise UnknownCollectionError(
                f"there is no collection {collection!r} that you may add documents to"
            )
        if replace and not (there and self.may("manage", there.id)):
            raise NotAllowedError("only an admin may replace documents; ask one")
        given = list(files)
        staged = uploads.stage(self._home.path, [content for _, content in given])
        replaced = self.already_there(replace, collection)
        with self._home.store.transaction() as connection:
            for one in replaced:
                audit.write(
                    connection,
                    self.person.name,
                    "replacement ordered",
                    collection=collection,
                    document=one.id,
                    details=one.title,
                )
        arguments = {
            "paths": staged,
            "names": [name for name, _ in given],
            "collection": collection,
            "staged": staged,
            "replace": [one.path for one in replaced],
        }
        return queue.submit(self._home, "index", arguments, self.person.id)

    def may_fetch(self) -> bool:
        """Whether web pages may be added by their address: where an admin has allowed it."""
        return self.may_add() and self._home.settings.choice("web_pages", OFF, ON) == ON

    def add_page(self, address: str, collection: str) -> str:
        """Have a web page read into a collection; the job's id.

        Raises `NotAllowedError`, `UnknownCollectionError` or `FetchError`.
        """
        if not self.may_fetch():
            raise NotAllowedError("web pages are not fetched here; an admin may allow it")
        if self._to_add_to(collection) is None and not self.person.admin:
            raise UnknownCollectionError(
                f"there is no collection {collection!r} that you may add documents to"
            )
        page = fetch.fetch(address)
        known = [page.name] if self.person.admin else []
        return self.add_files([(page.name, page.content)], collection, known)

    def work(self, kind: str, arguments: Mapping[str, Any]) -> str:
        """Start any other job; for admins. Returns its id. Raises `NotAllowedError`."""
        return queue.submit(self.everything(), kind, arguments, self.person.id)

    def delete(self, documents: Iterable[str]) -> Receipt:
        """Delete documents. Raises `NotAllowedError`."""
        return deletion.delete(self.everything(), documents, self.person.name)

    def make_collection(self, name: str) -> Collection:
        """As `arranging.make_collection`. Raises `NotAllowedError`."""
        return arranging.make_collection(self.everything(), name, self.person.name)

    def rename_collection(self, collection: int, name: str) -> Collection:
        """As `arranging.rename_collection`. Raises `NotAllowedError`."""
        return arranging.rename_collection(self.everything(), collection, name, self.person.name)

    def move(self, documents: Iterable[str], collection: str) -> list[Document]:
        """As `arranging.move`; what another search model reads there is read by it in a job.

        Raises `NotAllowedError` or `UnknownCollectionError`.
        """
        home = self.everything()
        target = home.collection(collection)
        moved = arranging.move(home, documents, target, self.person.name)
        if moved and arranging.lacks_vectors(home, target):
            chosen = [one.id for one in moved]
            self.work("reindex", {"collection": target.name, "documents": chosen})
        return moved

    def delete_collection(self, collection: int) -> Receipt:
        """Delete a collection. Raises `NotAllowedError`."""
        return deletion.delete_collection(self.everything(), collection, self.person.name)

    # The person's own keys

    def keys(self) -> list[Key]:
        """Their keys, oldest first."""
        return keys.keys(self._home.store, self.person.id)

    def make_key(self, label: str = "", seconds: float | None = None) -> NewKey:
        """As `keys.make`, for themselves. Raises `PeopleError`."""
        person = self.person
        return keys.make(self._home.store, person, label, seconds, person.name)

    def revoke_key(self, key: str) -> None:
        """End one of their keys. Raises `UnknownKeyError`."""
        person = self.person
        keys.revoke(self._home.store, key, person.name, person.id)

    # The installation, for admins

    def status(self) -> Status:
        """As `footnote.status.status`. Raises `NotAllowedError`."""
        from footnote.status import status

        return status(self.everything())

    def audit(
        self, kinds: Sequence[str] = (), *, who: str = "", limit: int = 100, offset: int = 0
    ) -> Entries:
        """As `footnote.audit.entries`. Raises `NotAllowedError`."""
        store = self.everything().store
        return audit.entries(store, kinds, who=who, limit=limit, offset=offset)

    def in_audit(self) -> list[str]:
        """As `footnote.audit.named`. Raises `NotAllowedError`."""
        return audit.named(self.everything().store)

    def _to_add_to(self, collection: str) -> Collection | None:
        found = self._home.store.collection(collection)
        return found if found in self.collections_to_add_to() else None

    def _readable(self) -> frozenset[int]:
        return sharing.readable(self._home.store, self.person)

    def _sees(self, found: Job) -> bool:
        person = self.person
        if person.admin:
            return True
        return found.owner == person.id and found.arguments.get("collection_id") in self._readable()
