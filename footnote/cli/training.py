"""The commands of the loop: synth, train, embedders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from footnote.cli.added import add
from footnote.cli.common import as_json_option, on_ray, open_home, show

if TYPE_CHECKING:
    from training.pipeline import TrainingProgress

_RECIPE = (
    "steps", "batch", "rank", "whole", "learning_rate", "temperature", "seed", "negatives", "adapt",
)  # fmt: skip


@dataclass(frozen=True)
class _Bar:
    """Progress on the terminal, as the loop's `Watch`. Ctrl-C stops the process instead."""

    report: Callable[[TrainingProgress], None]

    def progress(self, state: TrainingProgress) -> None:
        self.report(state)

    def cancelled(self) -> bool:
        return False


@click.command()
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
@click.option(
    "--price-in", type=click.FloatRange(0), help="Price of a million tokens read; else the setting."
)
@click.option("--price-out", type=click.FloatRange(0), help="The same of tokens written.")
@as_json_option
@click.pass_context
def synth(
    context: click.Context,
    /,
    by_tasks: bool,
    collection: str | None,
    output: Path,
    count: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Have a language model write training data. Interrupted, it can be repeated and continues."""
    from footnote.cli.progress_bars import synthesizing
    from footnote.rendering import results
    from training.synthesis.progress import CallPolicy

    if by_tasks == (collection is not None):
        raise click.UsageError("give either --tasks or -c COLLECTION")
    home, seed, calls = open_home(context), options["seed"], options["concurrency"]
    synthesis = (
        home.collection_synthesis(collection, output, count, seed)
        if collection is not None
        else home.task_synthesis(output, count, seed)
    )
    prices = [
        home.settings.amount(name) if options[name] is None else options[name]
        for name in ("price_in", "price_out")
    ]
    click.echo(results.synth_estimate_text(synthesis.estimate(), calls, *prices), err=True)
    with synthesizing() as progress:
        report = synthesis.run(CallPolicy(calls, progress))
    show(as_json, lambda: asdict(report), lambda: results.synth_text(report))


@click.command()
@click.option("-c", "--collection", help="The collection to learn, and to be proved on.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Examples: .jsonl, or .csv with question and passage; repeatable. Without -c their"
    " passages become a collection.",
)
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled questions for the proof: .jsonl or .csv with question and passage.",
)
@click.option("--base", default="", help="Start from this decoder: a hub id or a folder.")
@click.option(
    "--source",
    "kinds",
    multiple=True,
    help="Only these examples of the documents, as title, heading or writer; repeatable.",
)
@click.option("--general", type=click.FloatRange(0, 0.9), help="Share of general questions.")
@click.option(
    "--steps",
    type=click.IntRange(0, 1000),
    help="Of training; with 0 the embedder is adapted to the collection and nothing is learnt.",
)
@click.option("--batch", type=click.IntRange(2), help="Questions a step.")
@click.option(
    "--rank",
    type=click.IntRange(0),
    help="Of LoRA; an embedder that has an adapter keeps the rank of that. 0 trains the projection"
    " alone.",
)
@click.option(
    "--whole-weights",
    "whole",
    is_flag=True,
    default=None,
    help="Train the decoder's own weights, not an adapter beside them.",
)
@click.option("--negatives", type=click.IntRange(0), help="Hard negatives a question.")
@click.option("--learning-rate", type=float)
@click.option("--temperature", type=float)
@click.option(
    "--adapt/--no-adapt", default=None, help="Adapt the embedder to what all passages share, first."
)
@click.option("--seed", type=int)
@click.option("--no-promote", is_flag=True, help="Prove, and switch nothing.")
@click.option("--again", is_flag=True, help="Train again once uploads have it grown by a tenth.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was broken off.")
@as_json_option
@click.pass_context
def train(context: click.Context, /, collection: str | None, **options: Any) -> None:
    """Train the embedder on a collection's own documents, prove it, and switch if it is better."""
    from footnote.cli.progress_bars import learning as shown
    from footnote.rendering import results
    from footnote.runs import service
    from footnote.runs.handed_in import collect

    home = open_home(context)
    home.give_way()
    if options["resume"]:
        run = service.runs(home).get(options["resume"])
    elif collection is None and not options["data"]:
        raise click.UsageError("name the collection with -c, or files of examples with --data")
    else:
        if collection is None:
            collection = collect(home, options["data"])
            click.echo(f"the passages of the files are the collection {collection}", err=True)
        asked = service.TrainingOptions(
            collection=collection,
            data=options["data"],
            questions=options["questions"],
            base=options["base"],
            kinds=options["kinds"] or None,
            general=options["general"],
            promote=not options["no_promote"],
            again=options["again"],
            overrides={name: options[name] for name in _RECIPE if options[name] is not None},
        )
        run = service.order(home, asked)
    click.echo(f"run {run.id} (should it break off, --resume {run.id} goes on with it)", err=True)
    with shown() as report:
        result = service.carry_out(home, run, _Bar(report))
    show(
        options["as_json"],
        lambda: results.learning_json(result),
        lambda: results.learning_text(result),
    )


@click.group(invoke_without_command=True)
@as_json_option
@click.pass_context
def embedders(context: click.Context, as_json: bool) -> None:
    """List the installed embedders, add one, switch, go back."""
    if context.invoked_subcommand is None:
        from footnote.rendering import results

        registry = open_home(context).registry
        names, current = registry.names(), registry.current()
        show(
            as_json,
            lambda: {"embedders": names, "current": current, "history": registry.history()},
            lambda: results.embedders_text(names, current),
        )


embedders.add_command(add)


@embedders.command()
@click.argument("name")
@click.option("-c", "--collection", help="Only for this collection.")
@on_ray
@click.pass_context
def use(context: click.Context, /, name: str, collection: str | None, **machines: Any) -> None:
    """Index with this embedder from now on, and move every collection to it."""
    from footnote.accounts.audit import OPERATOR
    from footnote.runs import service

    home = open_home(context)
    home.settings = home.settings.given(machines)
    if collection is not None:
        service.switch(home, collection, name)
        click.echo(f"{name} answers for {collection}")
        return
    home.registry.use(name)
    service.note(home, OPERATOR, "promotion", "", f"{name}, for all collections")
    home.adopt_embedder()
    click.echo(f"{name} is in use")


@embedders.command()
@click.option("-c", "--collection", help="Only of this collection, to what answered there before.")
@click.pass_context
def rollback(context: click.Context, collection: str | None) -> None:
    """Go back to the embedder, or to the weight of meaning, that was in use before."""
    from footnote.accounts.audit import OPERATOR
    from footnote.runs import service

    home = open_home(context)
    if collection is not None:
        name = service.rollback(home, collection)
        click.echo(f"{name} answers for {collection}")
        return
    name = home.registry.rollback()
    service.note(home, OPERATOR, "rollback", "", f"{name}, for all collections")
    home.adopt_embedder()
    click.echo(f"{name} is in use")


def _part(_: click.Context, __: click.Parameter, value: str) -> tuple[int, int]:
    number, _slash, of = value.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise click.BadParameter("give two numbers like 2/8: the second of eight parts")
    return int(number), int(of)


@embedders.command("shards")
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("-c", "--collection", required=True, help="Whose passages.")
@click.option("--part", default="1/1", callback=_part, help="Which of how many parts, like 2/8.")
@click.option("--bring-in", is_flag=True, help="Put what lies in DIR into the home instead.")
@on_ray
@as_json_option
@click.pass_context
def write_shards(
    context: click.Context,
    /,
    name: str,
    folder: Path,
    collection: str,
    part: tuple[int, int],
    bring_in: bool,
    as_json: bool,
    **machines: Any,
) -> None:
    """Embed a part of a collection into files in DIR, on any machine with a copy of the home."""
    from footnote import cluster
    from footnote.cli.progress_bars import copying

    home = open_home(context)
    home.settings = home.settings.given(machines)
    if bring_in:
        count = cluster.bring_in_shards(home, collection, name, folder)
        show(as_json, lambda: {"vectors": count}, lambda: [f"{count} vectors are in the home"])
        return
    total = home.store.count_passages(home.collection(collection).id) // part[1]
    with copying() as report:
        made = cluster.make_shards(
            home, collection, name, folder, part, lambda done: report("embedding", done, total)
        )
    show(as_json, lambda: {"files": made}, lambda: [f"{made} files are written to {folder}"])


@embedders.command("export")
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@as_json_option
@click.pass_context
def export_embedder(context: click.Context, name: str, folder: Path, as_json: bool) -> None:
    """Write an embedder to DIR for sentence-transformers, its adapter for peft beside it."""
    from training.export.export import export

    exported = export(open_home(context).registry.load(name), folder)
    show(
        as_json,
        lambda: asdict(exported),
        lambda: [f"{name} is written; load it with SentenceTransformer({exported.folder!r})"],
    )
