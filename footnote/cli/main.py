"""The command line: parse, call, print. The one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from embedder.atomic import is_of_storage, storage_error
from embedder.errors import FootnoteError
from footnote.cli.app import app, mcp, serve
from footnote.cli.collections import collections, move
from footnote.cli.common import MODES, as_json_option, inert, on_ray, open_home, show
from footnote.cli.evaluation import evaluate
from footnote.cli.federation import attach, detach
from footnote.cli.people import people, share
from footnote.cli.similar import similar
from footnote.cli.training import embedders, synth, train

if TYPE_CHECKING:
    from indexer.search.searcher import Mode


class _Commands(click.Group):
    """Commands in the order of a user's day; errors that people can act upon exit with 1."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FootnoteError as error:
            raise click.ClickException(inert(str(error))) from error
        except OSError as error:
            if not is_of_storage(error):
                raise
            place = Path(error.filename or context.obj or "the home")
            raise click.ClickException(inert(str(storage_error(error, place)))) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds everything. Default: $FOOTNOTE_HOME, or ~/.footnote.",
)
@click.version_option(package_name="footnote")
@click.pass_context
def main(context: click.Context, home: Path | None) -> None:
    """Ask your own documents; every sentence of the answer names its source."""
    context.obj = home
    _quieten_libraries()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows few letters gets a "?"
            stream.reconfigure(errors="replace")


def _quieten_libraries() -> None:
    """Keep to ourselves what libraries log, warn of and count: none of it is for who typed this.

    What goes wrong is raised, and said in our words. `python -W default` shows warnings again.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # else Python prints what has no handler
    os.environ.setdefault("TQDM_DISABLE", "1")  # read by tqdm when it is imported
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


_collection = click.option(
    "-c", "--collection", "collections", multiple=True, help="Only this collection; repeatable."
)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-c", "--collection", default="documents", show_default=True, help="Into which.")
@click.option("--workers", type=click.IntRange(1), help="Parser processes. Default: one a core.")
@click.option(
    "--watch",
    is_flag=True,
    help="Stay and keep the collection in step with PATHS; with --json an object a line.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@on_ray
@as_json_option
@click.pass_context
def index(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    collection: str,
    workers: int | None,
    watch: bool,
    dry_run: bool,
    as_json: bool,
    **machines: Any,
) -> None:
    """Index files and folders. Interrupted, it can be repeated and continues."""
    from footnote.cli.progress_bars import indexing
    from footnote.languages import sentence, suggestion
    from footnote.rendering import results
    from indexer.ingest.sources import find

    home = open_home(context)
    home.settings = home.settings.given(machines)
    if dry_run:
        plan = home.plan(paths, collection)
        show(as_json, lambda: asdict(plan), lambda: results.plan_text(plan))
        return
    home.give_way()
    with indexing() as progress:
        report = home.index(find(paths), collection, workers=workers, progress=progress)
    show(as_json, lambda: results.index_json(report), lambda: results.index_text(report))
    if (found := suggestion(home, home.collection(collection))) is not None:
        click.echo(inert(sentence(found)), err=True)
    if watch:
        click.echo("Watching for changes; stop with Ctrl-C.", err=True)
        for report in home.watch(paths, collection):
            show(as_json, partial(results.index_json, report), partial(results.index_text, report))
    elif report.failed and not (report.added or report.updated or report.unchanged):
        sys.exit(1)


@main.command()
@_collection
@click.option("--text", default="", help="Only those whose title or path holds this.")
@click.option("--state", type=click.Choice(["ready", "partial", "failed"]), help="Only these.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1))
@click.option("--offset", default=0, type=click.IntRange(0))
@as_json_option
@click.pass_context
def documents(
    context: click.Context,
    collections: tuple[str, ...],
    text: str,
    state: str | None,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List the documents and their health."""
    from footnote.rendering import results

    home = open_home(context)
    found = home.store.documents(
        home.scope(collections).collections,
        text=text,
        state=state or "",
        limit=limit,
        offset=offset,
    )
    show(
        as_json,
        lambda: {"documents": [asdict(row) for row in found.rows], "total": found.total},
        lambda: results.documents_text(found.rows, found.total),
    )


@main.command("show")
@click.argument("document")
@_collection
@click.option("--page", type=click.IntRange(1), help="Only this page, counted from one.")
@as_json_option
@click.pass_context
def show_document(
    context: click.Context,
    document: str,
    collections: tuple[str, ...],
    page: int | None,
    as_json: bool,
) -> None:
    """Show the text of DOCUMENT (an id, path or title) as it was read."""
    from footnote.rendering import transcript

    home = open_home(context)
    found = transcript.find_document(home.store, home.scope(collections).collections, document)
    pages = [home.store.page(found.id, page)] if page else home.store.pages(found.id)
    show(
        as_json,
        lambda: transcript.document_json(found, pages),
        lambda: transcript.document_lines(found, pages),
    )


@main.command()
@click.argument("documents", nargs=-1, required=True)
@as_json_option
@click.pass_context
def delete(context: click.Context, documents: tuple[str, ...], as_json: bool) -> None:
    """Delete documents by id; nothing finds them again."""
    from footnote import deletion
    from footnote.rendering import results
    from indexer.store.errors import UnknownDocumentError

    receipt = deletion.delete(open_home(context), documents)
    if receipt.documents:
        show(as_json, lambda: asdict(receipt), lambda: [results.receipt_text(receipt)])
    unknown = [one for one in documents if one not in receipt.documents]
    if unknown:
        raise UnknownDocumentError(
            f"there is no document {', '.join(map(repr, unknown))}; `footnote documents` lists them"
        )


main.add_command(move)
main.add_command(collections)


@main.command()
@click.argument("query")
@_collection
@click.option("-k", "count", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--mode", type=MODES, default="fused", show_default=True)
@as_json_option
@click.pass_context
def search(
    context: click.Context,
    query: str,
    collections: tuple[str, ...],
    count: int,
    mode: str,
    as_json: bool,
) -> None:
    """Find passages."""
    from footnote.rendering import results

    home = open_home(context)
    found = home.finder.find(query, home.scope(collections), k=count, mode=cast("Mode", mode))
    names = {collection.id: collection.name for collection in home.store.collections()}
    if found.notice:
        click.echo(inert(found.notice), err=True)
    show(
        as_json, lambda: results.findings_json(found, names), lambda: results.hits_text(found.hits)
    )


@main.command()
@click.argument("question")
@_collection
@as_json_option
@click.pass_context
def ask(context: click.Context, question: str, collections: tuple[str, ...], as_json: bool) -> None:
    """Answer a question, each sentence with its source."""
    from footnote.rendering import results

    home = open_home(context)
    answer = home.common_answerer.ask(question, home.scope(collections))
    show(as_json, lambda: results.answer_json(answer), lambda: results.answer_text(answer))


@main.command()
@click.argument("document")
@_collection
@as_json_option
@click.pass_context
def summary(
    context: click.Context, document: str, collections: tuple[str, ...], as_json: bool
) -> None:
    """Sum up DOCUMENT (an id, path or title) in its own sentences, each with its source."""
    from footnote.rendering import results, transcript

    home = open_home(context)
    found = transcript.find_document(home.store, home.scope(collections).collections, document)
    answer = home.answerer.summarise(found)
    show(as_json, lambda: results.answer_json(answer), lambda: results.answer_text(answer))


main.add_command(similar)


@main.command()
@click.argument("question")
@click.option("--passage", required=True, help="Text that you expected to be found.")
@_collection
@as_json_option
@click.pass_context
def why(
    context: click.Context,
    question: str,
    passage: str,
    collections: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say at which stage an expected passage was lost."""
    from footnote.rendering import results
    from rag.explain import explain

    home = open_home(context)
    found = explain(
        question, passage, home.searcher, home.store, home.scope(collections), home.judges
    )
    show(as_json, lambda: asdict(found), lambda: results.explanation_text(found))


main.add_command(evaluate)
main.add_command(synth)
main.add_command(train)
main.add_command(embedders)


@main.command()
@as_json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Show what is indexed, what failed and why, jobs, disk, the slowest questions."""
    from footnote.rendering.status import status_text
    from footnote.status import status

    found = status(open_home(context))
    show(as_json, lambda: asdict(found), lambda: status_text(found))


@main.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@as_json_option
@click.pass_context
def doctor(context: click.Context, repair: bool, as_json: bool) -> None:
    """Prove that files, rows, keyword tables, vectors and FAISS agree."""
    from footnote import doctor
    from footnote.rendering import results

    home = open_home(context)
    if repair:
        for problem in doctor.repair(home):
            click.echo(inert(f"mended: {problem.what} ({problem.where})"), err=True)
    problems = doctor.examine(home)
    show(
        as_json,
        lambda: {"ok": not problems, "problems": [asdict(problem) for problem in problems]},
        lambda: results.problems_text(problems),
    )
    if problems:
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
@click.option("--stream", is_flag=True, help="FILE is a folder of copies to serve from.")
@click.option("--every", type=click.IntRange(1), help="With --stream: again after so long.")
@click.option(
    "--keep", default=3, show_default=True, type=click.IntRange(1), help="So many copies."
)
@as_json_option
@click.pass_context
def backup(
    context: click.Context,
    file: Path,
    force: bool,
    stream: bool,
    every: int | None,
    keep: int,
    as_json: bool,
) -> None:
    """Write the home into one FILE; others may go on working meanwhile."""
    from footnote.backup.backup import backup
    from footnote.cli.progress_bars import copying
    from footnote.rendering import results

    if stream:
        _stream(context, file, every, keep, as_json)
        return
    if file.is_dir() or (file.exists() and not force):
        raise FootnoteError(f"{file} is there already; give another name, or --force to replace it")
    with copying() as progress:
        report = backup(open_home(context), file, progress)
    show(as_json, lambda: asdict(report), lambda: [results.backup_text(report)])


def _stream(
    context: click.Context, folder: Path, every: int | None, keep: int, as_json: bool
) -> None:
    """Make copies for reading, one or one after the other."""
    from footnote.backup.snapshot import snapshot

    home = open_home(context)
    while True:
        report = snapshot(home, folder, keep)
        text = f"{report.folder}: {report.documents} documents, {report.copied} new originals"
        show(as_json, partial(asdict, report), lambda: [text])  # noqa: B023 - called at once
        if every is None:
            return
        time.sleep(every)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Move the home that is there aside.")
@click.option(
    "--accept-settings", is_flag=True,
    help="Take over the backup's address and prices of the language model unasked.",
)  # fmt: skip
@as_json_option
@click.pass_context
def restore(
    context: click.Context, file: Path, replace: bool, accept_settings: bool, as_json: bool
) -> None:
    """Make the home out of a backup FILE, where there is none yet."""
    from footnote.backup.restore import restore
    from footnote.cli.progress_bars import copying
    from footnote.rendering import results
    from footnote.settings import home_path

    def accept(asked: Mapping[str, str]) -> bool:
        if accept_settings or as_json or not sys.stdin.isatty():
            return accept_settings
        said = "".join(f"\n  {name} = {inert(value)}" for name, value in asked.items())
        return click.confirm(f"The backup sends questions to:{said}\nTake this over?", err=True)

    with copying() as progress:
        report = restore(
            file, home_path(context.obj), replace=replace, accept=accept, progress=progress
        )
    show(as_json, lambda: asdict(report), lambda: [results.restore_text(report)])


@main.command()
@as_json_option
@click.pass_context
def settings(context: click.Context, as_json: bool) -> None:
    """Show every setting, its value and where it comes from."""
    home = open_home(context)
    rows = list(home.settings)
    show(
        as_json,
        lambda: {
            "home": str(home.path),
            "settings": {s.name: {"value": s.shown, "source": s.source} for s in rows},
        },
        lambda: [
            f"home = {home.path}",
            *(f"{s.name} = {s.shown or '(not set)'}  [{s.source}]  {s.meaning}" for s in rows),
        ],
    )


main.add_command(attach)
main.add_command(detach)
main.add_command(people)
main.add_command(share)
main.add_command(app)
main.add_command(serve)
main.add_command(mcp)
