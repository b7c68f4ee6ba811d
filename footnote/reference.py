"""Writes docs/cli.md from the command line's own help, and checks that it is fresh."""

from __future__ import annotations

from pathlib import Path

import click


def reference() -> str:
    """The whole command line as Markdown, one section a command."""
    from footnote.cli import main

    top = click.Context(main, info_name="footnote")
    parts = [
        "# Command line\n\nMade by `make docs` from `footnote --help`; do not edit.\n",
        _section(top),
    ]
    for name in main.list_commands(top):
        command = main.get_command(top, name)
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


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Fail where the file differs; write nothing.")
def write(path: Path, check: bool) -> None:
    """Write the command line's reference to PATH."""
    fresh = reference()
    if not check:
        path.write_text(fresh, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != fresh:
        raise click.ClickException(f"{path} is stale; run `make docs`")


if __name__ == "__main__":
    write()
