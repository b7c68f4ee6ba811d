"""`footnote similar`: documents that are about what a document is about."""

from __future__ import annotations

import click

from footnote.cli.common import as_json_option, open_home, show


@click.command()
@click.argument("document")
@click.option(
    "-c", "--collection", "collections", multiple=True, help="Only of this collection; repeatable."
)
@click.option("-k", "count", default=10, show_default=True, type=click.IntRange(1, 100))
@as_json_option
@click.pass_context
def similar(
    context: click.Context, document: str, collections: tuple[str, ...], count: int, as_json: bool
) -> None:
    """List documents that are near DOCUMENT (an id, path or title), the nearest first."""
    from footnote.rendering import results, transcript
    from indexer.search.similar import similar

    home = open_home(context)
    found = transcript.find_document(home.store, home.scope().collections, document)
    near = similar(home.searcher, home.store, found, home.scope(collections), count)
    names = {collection.id: collection.name for collection in home.store.collections()}
    show(
        as_json,
        lambda: results.similar_json(found, near, names),
        lambda: results.similar_text(near),
    )
