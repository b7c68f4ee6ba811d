"""What every command of the command line has in common."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from footnote.home import Home

# What a terminal would obey, or show in another order, in the names and texts of documents.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MODES = click.Choice(["fused", "dense", "keyword"])

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

_RAY = (
    click.option("--ray", help="Parse and embed on this Ray cluster; `local` starts one here."),
    click.option("--shared-root", help="Folder that all its machines have under the same path."),
)


def on_ray(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--ray` and `--shared-root`, for settings of the same names."""
    for option in reversed(_RAY):
        command = option(command)
    return command


def open_home(context: click.Context) -> Home:
    """The home that `--home` names, with what the environment adds."""
    from footnote.home import Home

    return Home.open(context.obj)


def show(as_json: bool, data: Callable[[], Any], lines: Callable[[], Iterable[str]]) -> None:
    """Print one JSON object, or the lines for people."""
    if as_json:
        plain = "utf" not in (sys.stdout.encoding or "utf").casefold()
        click.echo(json.dumps(data(), ensure_ascii=plain))
    else:
        for line in lines():
            click.echo(inert(line))


def inert(text: str) -> str:
    """Text of documents without what would move a terminal's cursor or turn its lines."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
