"""The commands of the loop: train, and where its runs stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from training.learn import LearningProgress

_RECIPE = ("steps", "batch", "rank", "learning_rate", "temperature", "seed", "negatives", "adapt")


@dataclass(frozen=True)
class _Bar:
    """Progress on the terminal, as the loop's `Watch`. Ctrl-C stops the process instead."""

    report: Callable[[LearningProgress], None]

    def progress(self, state: LearningProgress) -> None:
        self.report(state)

    def cancelled(self) -> bool:
        return False


@click.command()
@click.option("-c", "--collection", help="The collection to learn, and to be proved on.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Further examples: .jsonl or .csv; repeatable.",
)
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled questions for the proof: .jsonl or .csv with question and passage.",
)
@click.option("--base", default="", help="Start from this decoder: a hub id or a folder.")
@click.option(
    "--source", "kinds", multiple=True, help="Only these weak pairs of the documents; repeatable."
)
@click.option("--general", type=click.FloatRange(0, 0.9), help="Share of general questions.")
@click.option("--steps", type=click.IntRange(1, 1000))
@click.option("--batch", type=click.IntRange(2), help="Questions a step.")
@click.option("--rank", type=click.IntRange(1), help="Of LoRA.")
@click.option("--negatives", type=click.IntRange(0), help="Hard negatives a question.")
@click.option("--learning-rate", type=float)
@click.option("--temperature", type=float)
@click.option(
    "--adapt/--no-adapt", default=None, help="Count the collection's own statistics first."
)
@click.option("--seed", type=int)
@click.option("--no-promote", is_flag=True, help="Prove, and switch nothing.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was broken off.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def train(context: click.Context, collection: str | None, **options: Any) -> None:
    """Train the embedder on a collection's own documents, prove it, and switch if it is better."""
    from footnote import learning, render
    from footnote.home import Home
    from footnote.progress import learning as shown

    home = Home.open(context.obj)
    if options["resume"]:
        run = learning.runs(home).get(options["resume"])
    elif collection is None:
        raise click.UsageError("name the collection with -c")
    else:
        wish = learning.Wish(
            collection=collection,
            data=options["data"],
            questions=options["questions"],
            base=options["base"],
            kinds=options["kinds"] or None,
            general=options["general"],
            promote=not options["no_promote"],
            overrides={name: options[name] for name in _RECIPE if options[name] is not None},
        )
        run = learning.order(home, wish)
    click.echo(f"run {run.id}; broken off, it goes on with --resume {run.id}", err=True)
    with shown() as report:
        result = learning.learning(home, run, _Bar(report)).run()
    if options["as_json"]:
        click.echo(json.dumps(render.learning_json(result), ensure_ascii=False))
    else:
        click.echo("\n".join(render.learning_text(result)))
