"""Who may do what: the one place where that is decided, by the collection of every row touched.

The pages reach a home through an `Access` and through nothing else. It asks anew at each call
who it acts for and what is shared with them, so what was withdrawn is gone at the next request.
Of what a person may not read it speaks exactly as of what is not there.

The command line does without: whoever owns the home's files may do everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Several
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from embedder.errors import FootnoteError
from footnote.access.arrangement import Arrangement
from footnote.access.asking import Asking
from footnote.accounts import audit, keys, sharing
from footnote.accounts.people import ONLY_USER, People, Person
from footnote.home import UnknownCollectionError
from footnote.jobs import fetch, queue, uploads
from footnote.jobs.queue import Job, JobError
from footnote.settings import OFF, ON
from indexer.store.errors import UnknownDocumentError
from rag.history import History

if TYPE_CHECKING:
    from footnote.access.asking import Help
    from footnote.accounts.audit import Entries
    from footnote.accounts.keys import Key, NewKey
    from footnote.home import Home
    from footnote.jobs.uploads import Content
    from footnote.status import Status
    from indexer.pages import Box
    from indexer.records import Collection, Document, Page, Passage, Span
    from indexer.search.searcher import Scope
    from indexer.store.queries import DocumentList

Action = Literal["read", "upload", "manage"]


class NotAllowedError(FootnoteError):
    """Only an admin may do this."""


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
        self._home, self._who = home, who
        self._attached, self._help = attached, helpers

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

    @property
    def asking(self) -> Asking:
        """What they may ask."""
        return Asking(self._home, self, attached=self._attached, helpers=self._help)

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

    @property
    def arrangement(self) -> Arrangement:
        """Collections and documents, as an admin arranges them."""
        return Arrangement(self)

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
