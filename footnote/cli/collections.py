"""The commands about collections: made, renamed, deleted; documents moved between them."""

from __future__ import annotations

from dataclasses import asdict

import click

from footnote.cli.common import as_json_option, open_home, show
from footnote.rendering.formatting import count


@click.group()
def collections() -> None:
    """List, make, rename and delete collections."""


@collections.command("list")
@as_json_option
@click.pass_context
def list_collections(context: click.Context, as_json: bool) -> None:
    """List the collections with how many documents each has."""
    home = open_home(context)
    totals = {
        one.name: home.store.documents([one.id], limit=1).total for one in home.store.collections()
    }
    show(
        as_json,
        lambda: {"collections": [{"name": n, "documents": t} for n, t in totals.items()]},
        lambda: (
            [f"{name}: {count(total, 'document')}" for name, total in totals.items()]
            or ["There are none yet. Make one with `footnote index`."]
        ),
    )


@collections.command()
@click.argument("name")
@as_json_option
@click.pass_context
def make(context: click.Context, name: str, as_json: bool) -> None:
    """Make an empty collection."""
    from footnote import arranging

    made = arranging.make_collection(open_home(context), name)
    show(as_json, lambda: {"name": made.name}, lambda: [f"The collection {made.name!r} is made."])


@collections.command()
@click.argument("name")
@click.argument("new_name")
@as_json_option
@click.pass_context
def rename(context: click.Context, name: str, new_name: str, as_json: bool) -> None:
    """Give the collection NAME another name."""
    from footnote import arranging

    home = open_home(context)
    here = home.collection(name)
    made = arranging.rename_collection(home, here.id, new_name)
    show(
        as_json,
        lambda: {"name": made.name, "before": here.name},
        lambda: [f"{here.name!r} is {made.name!r} from now on."],
    )


@collections.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def delete_collection(context: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Delete the collection NAME with all documents in it."""
    from footnote import deletion
    from footnote.rendering import results

    home = open_home(context)
    here = home.collection(name)
    total = home.store.documents([here.id], limit=1).total
    if not yes:
        click.confirm(
            f"Delete {here.name!r} with {count(total, 'document')} for good?", abort=True, err=True
        )
    receipt = deletion.delete_collection(home, here.id)
    show(as_json, lambda: asdict(receipt), lambda: [results.receipt_text(receipt)])


@click.command()
@click.argument("documents", nargs=-1, required=True)
@click.option("--to", "collection", required=True, help="The collection that they move to.")
@as_json_option
@click.pass_context
def move(
    context: click.Context, documents: tuple[str, ...], collection: str, as_json: bool
) -> None:
    """Move DOCUMENTS (ids) with all their versions into another collection."""
    from footnote import arranging

    home = open_home(context)
    target = home.collection(collection)
    moved = arranging.move(home, documents, target)
    if moved and arranging.lacks_vectors(home, target):
        home.reindex(target.name, [one.id for one in moved])
    show(
        as_json,
        lambda: {"moved": [one.id for one in moved], "collection": target.name},
        lambda: [f"Moved {count(len(moved), 'document')} to {target.name!r}."],
    )
