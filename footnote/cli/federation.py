"""The commands that have several homes searched as one."""

from __future__ import annotations

from pathlib import Path

import click

from footnote.cli.common import as_json_option, open_home, show


@click.command()
@click.argument("place", required=False)
@click.option("-c", "--collection", "collections", multiple=True, help="Of both; repeatable.")
@click.option("--name", help="What it is called in answers. Default: its host or folder.")
@click.option(
    "--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the API key that opens it.",
)  # fmt: skip
@as_json_option
@click.pass_context
def attach(
    context: click.Context,
    place: str | None,
    collections: tuple[str, ...],
    name: str | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Search collections of another home at PLACE (URL or folder) with ours of the same names.

    Without PLACE the homes that are attached are listed.
    """
    from urllib.parse import urlsplit

    from footnote import federation

    home = open_home(context)
    if place is not None:
        if not collections:
            raise click.UsageError("name with -c which collections it has a part of")
        remote = place.startswith(("http://", "https://"))
        place = place if remote else str(Path(place).expanduser().resolve())
        called = name or (urlsplit(place).hostname if remote else Path(place).name) or "home"
        key = key_file.read_text(encoding="utf-8").strip() if key_file else ""
        federation.attach(home, federation.Attached(called, place, collections, key))
    rows = federation.attached(home.path)
    show(
        as_json,
        lambda: {
            "attached": [
                {"name": one.name, "place": one.place, "collections": one.collections}
                for one in rows
            ]
        },
        lambda: (
            [f"{one.name}  {one.place}  {', '.join(one.collections)}" for one in rows]
            or ["No home is attached."]
        ),
    )


@click.command()
@click.argument("name")
@click.pass_context
def detach(context: click.Context, name: str) -> None:
    """Search the attached home NAME no more."""
    from footnote import federation

    federation.detach(open_home(context), name)
    click.echo(f"{name} is searched no more")
