"""A home: the one folder that holds everything, and the parts that work on it.

Opening a home is cheap; the embedder, the index and the language model are made when they
are first used, once for all threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from embedder.errors import FootnoteError
from embedder.registry import Registry
from footnote.settings import (
    FORMATS,
    KEEP,
    LEAVE_OUT,
    MEASURED,
    Settings,
    home_path,
    save,
)
from indexer.ingest.progress import FailedFile
from indexer.ingest.sources import Source, find
from indexer.store.database import SNAPSHOT
from indexer.store.errors import UnknownDocumentError, UnknownOriginalError
from indexer.store.store import Store

if TYPE_CHECKING:
    from threading import Event

    from embedder.decoder.precision import Precision
    from embedder.model import Embedder
    from footnote.judging import Judging
    from indexer.cluster.driver import Cluster
    from indexer.encoders import Encoders
    from indexer.ingest.ingest import Ingest
    from indexer.ingest.pipeline import Workers
    from indexer.ingest.progress import IngestPlan, IngestProgress, IngestReport
    from indexer.parsers.reading import ReadingLimits
    from indexer.records import Collection, Document
    from indexer.sandbox.page_renderer import PagePictures
    from indexer.search.federation import Federation
    from indexer.search.part import Part
    from indexer.search.searcher import Scope, Searcher
    from rag.answer import Answerer
    from rag.llm.client import ChatModel
    from training.evaluation.evaluate import EvalReport
    from training.synthesis.from_passages import CollectionSynthesis
    from training.synthesis.from_tasks import TaskSynthesis

DEFAULT_COLLECTION = "documents"
CACHE = Path("~/.cache/footnote")

OnProgress = Callable[["IngestProgress"], None]
Cancelled = Callable[[], bool]


def _unwatched(_: IngestProgress) -> None:
    """Nobody looks on."""


def _never() -> bool:
    """Nobody stops it."""
    return False


class UnknownCollectionError(FootnoteError):
    """A collection was named that the home does not have."""


class NoLanguageModelError(FootnoteError):
    """Something was asked for that only a language model can do, and none is configured."""


class Home:
    """Store, embedders, search and answers over one folder."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path, self.settings = path, settings

    @classmethod
    def open(cls, path: str | Path | None = None) -> Home:
        """Open the home at `path`, `FOOTNOTE_HOME` or `~/.footnote`; make it if it is new.

        A new one is closed to other users of the machine, which holds for all that lies in it.
        """
        folder = home_path(path)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FootnoteError(
                f"the home {folder} cannot be made: {error.strerror}; choose another with --home"
            ) from error
        return cls(folder, Settings.resolve(folder))

    @cached_property
    def store(self) -> Store:
        """The database and the originals."""
        return Store.open(self.path)

    @cached_property
    def registry(self) -> Registry:
        """The installed embedders."""
        precision = self.settings.choice("precision", MEASURED, *FORMATS)
        # A copy for reading has no room for what is converted.
        cache = CACHE.expanduser() if (self.path / SNAPSHOT).exists() else self.path
        return Registry(
            self.path / "embedders",
            cache / "models",
            None if precision == MEASURED else cast("Precision", precision),
        )

    @property
    def embedder(self) -> Embedder:
        """The embedder that new documents are indexed with; its weights load on first use."""
        return self.registry.load(self.registry.current())

    def embedder_of(self, collection: int | None) -> Embedder:
        """The embedder that answers for a collection; for a new one, the one in use."""
        fingerprint = self.store.generation(collection) if collection else ""
        return self.registry.load_fingerprint(fingerprint) if fingerprint else self.embedder

    def knows_embedder_of(self, collection: int) -> bool:
        """Whether the embedder that answers for a collection is installed, or none does yet."""
        return self.store.generation(collection) in {
            "",
            *(spec.fingerprint for spec in self.registry.specs().values()),
        }

    @cached_property
    def searcher(self) -> Searcher:
        """Dense, keyword and fused search."""
        from indexer.search.searcher import Searcher

        return Searcher(self.store, self.index_folder, self.registry.load_fingerprint)

    @cached_property
    def part(self) -> Part:
        """What this home says to others that search it with theirs."""
        from indexer.search.part import Part

        return Part(self.store, self.searcher)

    @cached_property
    def federation(self) -> Federation:
        """Search over this home and those attached to it."""
        from footnote.federation import federation

        return federation(self)

    @property
    def alone(self) -> bool:
        """Whether no other home is searched with this one."""
        from footnote.federation import FILE

        return not (self.path / FILE).exists()

    @cached_property
    def llm(self) -> ChatModel | None:
        """The configured language model, or None: then answers are extractive."""
        return self._chat(temperature=0.0)

    def _chat(self, temperature: float) -> ChatModel | None:
        if not (self.settings.text("base_url") or self.settings.text("api_key")):
            return None
        from rag.llm.client import OpenAIChat

        return OpenAIChat(
            base_url=self.settings.text("base_url") or None,
            api_key=self.settings.text("api_key"),
            model=self.settings.text("model"),
            timeout=self.settings.number("llm_timeout"),
            temperature=temperature,
        )

    def configure(self, values: Mapping[str, str]) -> None:
        """Keep settings in the home and go by them from now on; '' takes one back."""
        save(self.path, values)
        self.settings = Settings.resolve(self.path)
        for made in (
            "llm",
            "answerer",
            "_federated_answerer",
        ):  # made anew from the settings when next asked for
            self.__dict__.pop(made, None)

    @cached_property
    def answerer(self) -> Answerer:
        """Question → cited answer."""
        from rag.answer import Answerer

        return Answerer(self.searcher, self.store, self.llm, self.judges)

    @property
    def common_answerer(self) -> Answerer:
        """The same, from this home and those attached to it."""
        return self.answerer if self.alone else self._federated_answerer

    @cached_property
    def _federated_answerer(self) -> Answerer:
        from rag.answer import Answerer

        return Answerer(self.federation, self.federation, self.llm, self.judges)

    @cached_property
    def judges(self) -> Judging:
        """Who judges an answer beside the rules."""
        from footnote.judging import Judging

        return Judging(self)

    @property
    def finder(self) -> Searcher | Federation:
        """Search over this home, and over those attached to it, if any."""
        return self.searcher if self.alone else self.federation

    @cached_property
    def pictures(self) -> PagePictures:
        """Pictures of pages, drawn beside the app."""
        from indexer.sandbox.page_renderer import PagePictures

        return PagePictures(max(1, self.settings.number("draw_seconds")))

    @property
    def index_folder(self) -> Path:
        """Where the FAISS files are; they may be deleted at any moment."""
        return self.path / "index"

    @property
    def workers(self) -> int:
        """Parser processes for bulk work."""
        return self.settings.number("workers") or os.cpu_count() or 1

    def give_way(self) -> None:
        """Let this process, and those it will start, work while the app's readers leave room.

        With it 20 readers had 7.4 answers a second instead of 5.1, and 7.5 instead of 6.8, beside
        bulk indexing and a training on two cores (`docs/log/load.md`). For the process's life.
        """
        if hasattr(os, "setpriority"):  # Windows knows no such number
            wanted = min(self.settings.number("niceness"), 19)
            there = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, 0, max(there, wanted))

    @property
    def reading(self) -> ReadingLimits:
        """How much of a file is read, and whether what a person does not see in it."""
        from indexer.parsers.reading import ReadingLimits

        number = self.settings.number
        return ReadingLimits(
            file_bytes=number("file_mb") << 20,
            unpacked_bytes=number("unpack_mb") << 20,
            ratio=number("unpack_ratio"),
            nesting=number("nesting"),
            pages=number("file_pages"),
            keep_hidden=self.settings.choice("hidden_text", LEAVE_OUT, KEEP) == KEEP,
        )

    def collection(self, name: str) -> Collection:
        """The collection of this name. Raises `UnknownCollectionError`."""
        found = self.store.collection(name)
        if found is None:
            names = ", ".join(one.name for one in self.store.collections())
            raise UnknownCollectionError(
                f"there is no collection {name!r}; there are: "
                + (names or "none yet, make one with `footnote index`")
            )
        return found

    def scope(self, names: Sequence[str] = ()) -> Scope:
        """The named collections, or all. Raises `UnknownCollectionError`."""
        from indexer.search.searcher import Scope

        chosen = map(self.collection, names) if names else self.store.collections()
        return Scope(frozenset(one.id for one in chosen))

    def plan(self, paths: Iterable[Path], collection: str) -> IngestPlan:
        """What `index` would do; nothing is written."""
        there = self.store.collection(collection)
        return self._ingest(there.id if there else None).plan(
            find(paths), there.id if there else None
        )

    def index(
        self,
        sources: Sequence[Source],
        collection: str,
        *,
        workers: int | None = None,
        force: bool = False,
        progress: OnProgress = _unwatched,
        cancelled: Cancelled = _never,
    ) -> IngestReport:
        """Index files into a collection, which is made if it is new; then see to its index.

        With `force`, what has not changed is parsed anew as well.
        """
        from footnote import cluster

        number = self.store.create_collection(collection).id
        embedder, parsers = self.embedder_of(number), self._parsers(workers)
        with (
            self.store.while_there(number),
            cluster.elsewhere(self.settings, embedder, parsers, workers or 0) as elsewhere,
        ):
            report = self._ingest(number, workers, elsewhere).run(
                sources, number, force=force, progress=progress, cancelled=cancelled
            )
            self._complete(number, elsewhere)
        return report

    def reindex(
        self,
        collection: str,
        documents: Sequence[str] = (),
        *,
        progress: OnProgress = _unwatched,
        cancelled: Cancelled = _never,
    ) -> IngestReport:
        """Parse documents (all, if none are named) anew from their originals, and embed them.

        By the embedder that answers for the collection; where that is installed no more, the
        collection moves to the one in use.
        """
        number = self.collection(collection).id
        if not self.knows_embedder_of(number):
            self._adopt(number, cancelled)
        chosen = self._current(number, documents) if documents else self._all(number)
        sources, missing = [], []
        for document in chosen:
            try:
                original = self.store.original(document.content_hash)
            except UnknownOriginalError:
                missing.append(FailedFile(document.path, "is not kept any more; index it again"))
            else:
                sources.append(Source(original, document.path))
        report = self.index(sources, collection, force=True, progress=progress, cancelled=cancelled)
        return replace(report, failed=(*report.failed, *missing))

    def _current(self, collection: int, documents: Sequence[str]) -> Iterator[Document]:
        """What has these documents' places now, as far as it could be read; each once.

        By the time that a job comes to its turn they may be gone, or there in a newer revision.
        """
        paths = set()
        for name in documents:
            with suppress(UnknownDocumentError):
                paths.add(self.store.document(name).path)
        for path in sorted(paths):
            here = self.store.document_at(collection, path)
            if here is not None and here.state != "failed":
                yield here

    def adopt_embedder(self) -> None:
        """Let the embedder in use answer for every collection; quick where it did before."""
        for collection in self.store.collections():
            self._adopt(collection.id)
            self.searcher.maintain(collection.id)

    def _adopt(self, collection: int, cancelled: Cancelled = _never) -> None:
        from indexer.vector.generations import embed_generation

        if self.store.generation(collection) not in ("", self.embedder.fingerprint):
            with self.encoders(self.embedder) as encoders:
                embed_generation(
                    self.store, self.embedder, collection, cancelled=cancelled, encoders=encoders
                )

    def _complete(self, collection: int, elsewhere: Cluster | None = None) -> None:
        """See to a collection's index; another embedder may have come into use meanwhile."""
        from indexer.vector.generations import fill_generation

        if fingerprint := self.store.generation(collection):
            if self.store.unembedded(collection, fingerprint, 1):
                fill_generation(self.store, self.embedder_of(collection), collection)
            self.searcher.maintain(collection, adders=elsewhere.adders if elsewhere else None)

    def watch(
        self,
        paths: Sequence[Path],
        collection: str,
        stop: Event | None = None,
        progress: OnProgress = _unwatched,
    ) -> Iterator[IngestReport]:
        """Follow what changes under `paths`, until interrupted or stopped; a report each time.

        Raises `UnknownCollectionError` or `CollectionGoneError` once the collection is deleted.
        """
        from footnote.deletion import delete
        from indexer.ingest.watch import watch

        number = self.store.create_collection(collection).id
        removed = partial(delete, self)  # which is logged

        def ingest() -> Ingest:
            if all(one.id != number for one in self.store.collections()):
                raise UnknownCollectionError(f"the collection {collection!r} has been deleted")
            return self._ingest(number)

        with self.store.while_there(number):
            for report in watch(ingest, paths, number, stop, removed, progress):
                self._complete(number)
                yield report

    def evaluate(
        self,
        folder: Path,
        modes: Sequence[str] = (),
        name: str | None = None,
        limit: int | None = None,
        progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> EvalReport:
        """Measure search on a BEIR folder with an installed embedder (the one in use).

        The corpus is indexed in a home of its own inside this one, so that a repeat is quick.
        """
        from training.evaluation.evaluate import evaluate

        embedder = self.registry.load(name or self.registry.current())
        return evaluate(folder, self.path / "evaluations", embedder, modes, limit, progress)

    def task_synthesis(self, file: Path, count: int, seed: int = 0) -> TaskSynthesis:
        """Examples out of the recipe's taxonomy. Raises `NoLanguageModelError`."""
        from training.synthesis.from_tasks import TaskSynthesis

        return TaskSynthesis(self._writing_model(), file, count, seed)

    def collection_synthesis(
        self, collection: str, file: Path, count: int, seed: int = 0
    ) -> CollectionSynthesis:
        """Queries to `count` passages of a collection. Raises `NoLanguageModelError`."""
        from training.synthesis.from_passages import CollectionSynthesis, EndpointWriter, Shelf

        number = self.collection(collection).id
        shelf = Shelf(self.store, self.searcher, number, collection)
        writer = EndpointWriter(self._writing_model(), seed)
        return CollectionSynthesis(shelf, writer, self.llm, file, count)

    def _writing_model(self) -> ChatModel:
        """The language model as the published recipe samples from it."""
        model = self._chat(temperature=1.0)
        if model is None:
            raise NoLanguageModelError(
                "writing training data takes a language model; set OPENAI_BASE_URL (or "
                "OPENAI_API_KEY, for OpenAI itself) and FOOTNOTE_MODEL, see `footnote settings`"
            )
        return model

    def _ingest(
        self,
        collection: int | None,
        workers: int | None = None,
        elsewhere: Cluster | None = None,
    ) -> Ingest:
        from indexer.ingest.ingest import Ingest

        return Ingest(
            self.store,
            self.embedder_of(collection),
            self._parsers(workers),
            reading=self.reading,
            elsewhere=elsewhere,
        )

    def _parsers(self, workers: int | None) -> Workers:
        from indexer.ingest.pipeline import Workers

        seconds, megabytes = self.settings.number("parse_seconds"), self.settings.number("parse_mb")
        return Workers(workers or self.workers, max(1, seconds), megabytes << 20)

    def encoders(self, embedder: Embedder) -> AbstractContextManager[Encoders | None]:
        """Other machines that embed under an embedder; None where the settings name none."""
        from footnote import cluster

        return cluster.encoders(self.settings, embedder, self._parsers(None))

    def _all(self, collection: int) -> Iterator[Document]:
        offset, page = 0, 1000
        while rows := self.store.documents([collection], limit=page, offset=offset).rows:
            yield from (row for row in rows if row.state != "failed")
            offset += page
