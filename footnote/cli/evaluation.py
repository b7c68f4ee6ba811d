"""`footnote eval`: search, and the other tasks that embedders are measured on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from footnote.cli.common import MODES, as_json_option, open_home, show


@click.command("eval")
@click.argument("place", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--task",
    type=click.Choice(["search", "sts", "bitext", "classification"]),
    default="search",
    show_default=True,
    help="What PATH holds: a folder of search judgements; a file of scored pairs; a folder of"
    " translations; a file of labelled texts.",
)
@click.option("--mode", "modes", type=MODES, multiple=True, help="Only this mode; repeatable.")
@click.option("--embedder", "name", help="An installed embedder. Default: the one in use.")
@click.option("--limit", type=click.IntRange(1), help="Only so many queries, spread over the file.")
@as_json_option
@click.pass_context
def evaluate(
    context: click.Context,
    place: Path,
    task: str,
    modes: tuple[str, ...],
    name: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Measure search on a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv).

    With --task: `sts`, lines of a score and two sentences (tab-separated); `bitext`, a folder of
    that layout in which each query is a text and its one right document the translation;
    `classification`, lines of a label and a text. Those measure the embedder alone.
    """
    from footnote.cli.progress_bars import evaluating
    from footnote.rendering import results

    if place.is_dir() == (task in ("sts", "classification")):
        wanted = "a file" if place.is_dir() else "a folder"
        raise click.UsageError(f"--task {task} takes {wanted}")
    home = open_home(context)
    if task != "search":
        from training.evaluation import tasks

        embedder = home.registry.load(name or home.registry.current())
        found = tasks.TASKS[task](place, embedder, limit)
        show(as_json, lambda: asdict(found), lambda: results.task_text(found))
        return
    with evaluating() as progress:
        report = home.evaluate(place, modes, name, limit, progress)
    show(as_json, lambda: asdict(report), lambda: results.eval_text(report))
