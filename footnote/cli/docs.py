"""Writes docs/cli.md from the command line's own help; a test holds the two together."""

from __future__ import annotations

import sys
from pathlib import Path

import click


def reference() -> str:
    """The whole command line as Markdown, one section a command."""
    from footnote.cli.main import main

    top = click.Context(main, info_name="footnote", **main.context_settings)
    parts = [
        "# Command line\n\nMade by `make docs` from `footnote --help`; do not edit.\n",
        _section(top),
    ]
    for name in main.list_commands(top):
        command = main.commands[name]
        context = click.Context(command, info_name=name, parent=top)
        parts.append(_section(context))
        if isinstance(command, click.Group):
            parts += [
                _section(click.Context(command.commands[sub], info_name=sub, parent=context))
                for sub in command.list_commands(context)
            ]
    return "\n".join(parts)


def _section(context: click.Context) -> str:
    with context:
        return f"## {context.command_path}\n\n```\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
