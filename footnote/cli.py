"""The command line: parse, call, print. The one place where errors become exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embedder.errors import FootnoteError
from footnote.cli_training import train

if TYPE_CHECKING:
    from footnote.home import Home

MODES = click.Choice(["fused", "dense", "keyword"])


class _Commands(click.Group):
    """Commands in the order of a user's day; errors that people can act upon exit with 1."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FootnoteError as error:
            raise click.ClickException(str(error)) from error


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


def _open_home(context: click.Context) -> Home:
    from footnote.home import Home

    return Home.open(context.obj)


def _show(as_json: bool, data: Callable[[], Any], lines: Callable[[], Iterable[str]]) -> None:
    """Print one JSON object, or the lines for people."""
    if as_json:
        click.echo(json.dumps(data(), ensure_ascii=False))
    else:
        for line in lines():
            click.echo(line)


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_collection = click.option(
    "-c", "--collection", "collections", multiple=True, help="Only this collection; repeatable."
)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-c", "--collection", default="documents", show_default=True, help="Into which.")
@click.option("--workers", type=click.IntRange(1), help="Parser processes. Default: one a core.")
@click.option("--watch", is_flag=True, help="Stay and keep the collection in step with PATHS.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@_json
@click.pass_context
def index(
    context: click.Context,
    paths: tuple[Path, ...],
    collection: str,
    workers: int | None,
    watch: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Index files and folders. Interrupted, it can be repeated and continues."""
    from footnote import render
    from footnote.progress import indexing
    from indexer.sources import find

    home = _open_home(context)
    if dry_run:
        plan = home.plan(paths, collection)
        _show(as_json, lambda: asdict(plan), lambda: render.plan_text(plan))
        return
    with indexing() as progress:
        report = home.index(find(paths), collection, workers=workers, progress=progress)
    _show(as_json, lambda: render.index_json(report), lambda: render.index_text(report))
    if watch:
        click.echo("Watching for changes; stop with Ctrl-C.", err=True)
        for report in home.watch(paths, collection):
            _show(
                as_json,
                lambda r=report: render.index_json(r),
                lambda r=report: render.index_text(r),
            )
    elif report.failed and not (report.added or report.updated or report.unchanged):
        sys.exit(1)


@main.command()
@_collection
@click.option("--text", default="", help="Only those whose title or path holds this.")
@click.option("--state", type=click.Choice(["ready", "partial", "failed"]), help="Only these.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1))
@click.option("--offset", default=0, type=click.IntRange(0))
@_json
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
    from footnote import render

    home = _open_home(context)
    found = home.store.documents(
        home.scope(collections).collections,
        text=text,
        state=state or "",
        limit=limit,
        offset=offset,
    )
    _show(
        as_json,
        lambda: {"documents": [asdict(row) for row in found.rows], "total": found.total},
        lambda: render.documents_text(found.rows, found.total),
    )


@main.command()
@click.argument("documents", nargs=-1, required=True)
@_json
@click.pass_context
def delete(context: click.Context, documents: tuple[str, ...], as_json: bool) -> None:
    """Delete documents by id; nothing finds them again."""
    from footnote import render

    receipt = _open_home(context).store.delete(documents)
    _show(as_json, lambda: asdict(receipt), lambda: [render.receipt_text(receipt)])


@main.command()
@click.argument("query")
@_collection
@click.option("-k", "count", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--mode", type=MODES, default="fused", show_default=True)
@_json
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
    from footnote import render

    home = _open_home(context)
    hits = home.searcher.search(query, home.scope(collections), k=count, mode=mode)
    names = {collection.id: collection.name for collection in home.store.collections()}
    _show(as_json, lambda: render.hits_json(hits, names), lambda: render.hits_text(hits))


@main.command()
@click.argument("question")
@_collection
@_json
@click.pass_context
def ask(context: click.Context, question: str, collections: tuple[str, ...], as_json: bool) -> None:
    """Answer a question, each sentence with its source."""
    from footnote import render

    home = _open_home(context)
    answer = home.answerer.ask(question, home.scope(collections))
    _show(as_json, lambda: render.answer_json(answer), lambda: render.answer_text(answer))


@main.command()
@click.argument("question")
@click.option("--passage", required=True, help="Text that you expected to be found.")
@_collection
@_json
@click.pass_context
def why(
    context: click.Context,
    question: str,
    passage: str,
    collections: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say at which stage an expected passage was lost."""
    from footnote import render
    from rag.explain import explain

    home = _open_home(context)
    found = explain(question, passage, home.searcher, home.store, home.scope(collections))
    _show(as_json, lambda: asdict(found), lambda: render.explanation_text(found))


@main.command("eval")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--mode", "modes", type=MODES, multiple=True, help="Only this mode; repeatable.")
@click.option("--embedder", "name", help="An installed embedder. Default: the one in use.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many queries.")
@_json
@click.pass_context
def evaluate(
    context: click.Context,
    folder: Path,
    modes: tuple[str, ...],
    name: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Measure search on a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv)."""
    from footnote import render
    from footnote.progress import evaluating

    home = _open_home(context)
    with evaluating() as progress:
        report = home.evaluate(folder, modes, name, limit, progress)
    _show(as_json, lambda: asdict(report), lambda: render.eval_text(report))


@main.command()
@click.option("--tasks", "by_tasks", is_flag=True, help="Invent tasks and examples from nothing.")
@click.option("-c", "--collection", help="Write queries to passages of this collection.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of examples to write, JSON lines; begun before, it is gone on with.",
)
@click.option(
    "-n",
    "count",
    default=200,
    show_default=True,
    type=click.IntRange(1),
    help="How many examples (--tasks) or passages (-c).",
)
@click.option(
    "--concurrency",
    default=4,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Calls at once.",
)
@click.option("--seed", default=0, show_default=True, help="Draws other tasks, languages, styles.")
@click.option("--price-in", type=click.FloatRange(0), help="Price of a million tokens read.")
@click.option("--price-out", type=click.FloatRange(0), help="Price of a million tokens written.")
@_json
@click.pass_context
def synth(
    context: click.Context,
    by_tasks: bool,
    collection: str | None,
    output: Path,
    count: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Have a language model write training data. Interrupted, it can be repeated and continues."""
    from footnote import render
    from footnote.progress import synthesizing
    from training.production import Pace

    if by_tasks == (collection is not None):
        raise click.UsageError("give either --tasks or -c COLLECTION")
    home, seed, calls = _open_home(context), options["seed"], options["concurrency"]
    synthesis = (
        home.collection_synthesis(collection, output, count, seed)
        if collection is not None
        else home.task_synthesis(output, count, seed)
    )
    prices = options["price_in"], options["price_out"]
    click.echo(render.synth_estimate_text(synthesis.estimate(), calls, *prices), err=True)
    with synthesizing() as progress:
        report = synthesis.run(Pace(calls, progress))
    _show(as_json, lambda: asdict(report), lambda: render.synth_text(report))


main.add_command(train)


@main.group(invoke_without_command=True)
@_json
@click.pass_context
def embedders(context: click.Context, as_json: bool) -> None:
    """List the installed embedders, switch, go back."""
    if context.invoked_subcommand is None:
        from footnote import render

        registry = _open_home(context).registry
        names, current = registry.names(), registry.current()
        _show(
            as_json,
            lambda: {"embedders": names, "current": current, "history": registry.history()},
            lambda: render.embedders_text(names, current),
        )


@embedders.command()
@click.argument("name")
@click.pass_context
def use(context: click.Context, name: str) -> None:
    """Index with this embedder from now on, and move every collection to it."""
    home = _open_home(context)
    home.registry.use(name)
    home.adopt_embedder()
    click.echo(f"{name} is in use")


@embedders.command()
@click.option("-c", "--collection", help="Only of this collection, to what answered there before.")
@click.pass_context
def rollback(context: click.Context, collection: str | None) -> None:
    """Go back to the embedder that was in use before."""
    home = _open_home(context)
    if collection is not None:
        from footnote import learning

        name = learning.rollback(home, collection)
        click.echo(f"{name} answers for {collection}")
        return
    name = home.registry.rollback()
    home.adopt_embedder()
    click.echo(f"{name} is in use")


@embedders.command("export")
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@_json
@click.pass_context
def export_embedder(context: click.Context, name: str, folder: Path, as_json: bool) -> None:
    """Write an embedder to DIR for sentence-transformers, its adapter for peft beside it."""
    from training.export import export

    exported = export(_open_home(context).registry.load(name), folder)
    _show(
        as_json,
        lambda: asdict(exported),
        lambda: [f"{name} is written; load it with SentenceTransformer({exported.folder!r})"],
    )


@main.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@_json
@click.pass_context
def doctor(context: click.Context, repair: bool, as_json: bool) -> None:
    """Prove that files, rows, keyword tables, vectors and FAISS agree."""
    from footnote import render
    from indexer import doctor as examiner

    home = _open_home(context)
    fingerprint = home.embedder.fingerprint
    if repair:
        examiner.repair(home.store, home.index_folder, home.embedder)
    problems = examiner.examine(home.store, home.index_folder, fingerprint)
    _show(
        as_json,
        lambda: {"ok": not problems, "problems": [asdict(problem) for problem in problems]},
        lambda: render.problems_text(problems),
    )
    if problems:
        sys.exit(1)


@main.command()
@_json
@click.pass_context
def settings(context: click.Context, as_json: bool) -> None:
    """Show every setting, its value and where it comes from."""
    home = _open_home(context)
    rows = list(home.settings)
    _show(
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


@main.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Do not open a browser window.")
@click.pass_context
def app(context: click.Context, port: int, no_browser: bool) -> None:
    """Open the web app, for this machine only (localhost)."""
    from importlib.util import find_spec

    home = _open_home(context)
    script = find_spec("app")
    if script is None or script.origin is None:
        raise FootnoteError("app.py is missing from the installation; install Footnote again")
    arguments = [sys.executable, "-m", "streamlit", "run", script.origin]
    arguments += ["--server.address", "localhost", "--server.port", str(port)]
    arguments += ["--server.headless", "true" if no_browser else "false"]
    os.environ["FOOTNOTE_HOME"] = str(home.path)
    os.execv(sys.executable, arguments)  # noqa: S606 - our own interpreter, no shell
