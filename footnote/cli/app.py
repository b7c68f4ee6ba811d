"""The commands that serve: the pages with the API, the API alone, MCP over stdio."""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from embedder.errors import FootnoteError
from footnote.cli.common import open_home

if TYPE_CHECKING:
    from footnote.home import Home


class NobodyRegisteredError(FootnoteError):
    """A server that others can reach would let in everybody, or nobody."""


_ADDRESS = click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Serve on this address; any but this machine's own takes people who sign in.",
)


@click.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@_ADDRESS
@click.option("--no-browser", is_flag=True, help="Do not open a browser window.")
@click.pass_context
def app(context: click.Context, port: int, address: str, no_browser: bool) -> None:
    """Open the web app, for this machine only unless --address says otherwise."""
    from importlib.util import find_spec

    home = open_home(context)
    if not this_machine(address):
        _refuse_open_door(home, address)
        click.echo(
            "Passwords travel as they are typed unless something in front of Footnote speaks"
            " HTTPS, or `--server.sslCertFile` is set in .streamlit/config.toml.",
            err=True,
        )
    script = find_spec("app")
    if script is None or script.origin is None:
        raise FootnoteError("app.py is missing from the installation; install Footnote again")
    arguments = [sys.executable, "-m", "streamlit", "run", script.origin]
    arguments += ["--server.address", address, "--server.port", str(port)]
    arguments += ["--server.headless", "true" if no_browser else "false"]
    os.environ["FOOTNOTE_HOME"] = str(home.path)
    click.echo(f"Footnote is at {_place(address, port)}; Ctrl+C ends it.")
    os.execv(sys.executable, arguments)  # noqa: S606 - our own interpreter, no shell


@click.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@_ADDRESS
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64),
    help="Processes behind the one address; as many as there are cores answer the most.",
)  # fmt: skip
@click.pass_context
def serve(context: click.Context, port: int, address: str, workers: int) -> None:
    """Serve the HTTP API and MCP alone, without the pages; `app` serves them beside the pages."""
    home = open_home(context)
    if not this_machine(address):
        _refuse_open_door(home, address, pages=False)
        click.echo("Keys travel as they are unless something in front speaks HTTPS.", err=True)
    os.environ["FOOTNOTE_HOME"] = str(home.path)
    home.store.close()  # each process opens it for itself
    from footnote.api.serve import run

    place = _place(address, port)
    click.echo(f"Footnote's API is at {place}, described at {place}/api/docs; Ctrl+C ends it.")
    run(address.strip("[]"), port, workers)


@click.command()
@click.pass_context
def mcp(context: click.Context) -> None:
    """Answer a program that speaks the Model Context Protocol over stdin and stdout."""
    from footnote.mcp.stdio import serve as answer

    answer(open_home(context))


def _place(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address and "[" not in address else address
    return f"http://{host}:{port}"


def this_machine(address: str) -> bool:
    """Whether an address to serve on is reached from this machine alone."""
    if address == "localhost":
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse_open_door(home: Home, address: str, *, pages: bool = True) -> None:
    from footnote.accounts.people import People

    if People(home.store).admin_registered():
        return
    from footnote.web.server import oidc  # takes a second: it imports Streamlit

    if not (pages and oidc.configured()):
        raise NobodyRegisteredError(
            f"serving on {address} would show the documents to everybody who finds it; register an"
            " admin first (`footnote people add NAME --role admin`), or leave --address out to"
            " serve this machine only"
        )
