"""The commands about people: who they are, their keys, and what is shared with them."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from footnote.cli.common import as_json_option, open_home, show
from footnote.rendering.formatting import when

if TYPE_CHECKING:
    from footnote.accounts.keys import Key
    from footnote.accounts.people import Person

_ROLE = click.option("--role", type=click.Choice(["admin", "reader"]))
_EMAIL = click.option("--email", help="Address that the organisation's sign-in says is theirs.")
_FULL = click.option("--display-name", help="The name to show.")
_UPLOAD = click.option(
    "--upload/--no-upload", default=None, help="Whether they may add documents where they read."
)
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")


@click.group()
def people() -> None:
    """Register people, who then sign in to the app. The first is an admin."""


@people.command()
@click.argument("name")
@_ROLE
@_EMAIL
@_FULL
@_UPLOAD
@_STDIN
@click.option("--no-password", is_flag=True, help="Only the organisation's sign-in lets them in.")
@as_json_option
@click.pass_context
def add(context: click.Context, /, name: str, as_json: bool, **options: Any) -> None:
    """Register somebody. The password is asked for twice."""
    from footnote.accounts.people import People, Profile

    home = open_home(context)
    profile = Profile(
        options["role"],
        options["display_name"] or "",
        options["email"] or "",
        bool(options["upload"]),
    )
    password = None if options["no_password"] else _password(from_stdin=options["password_stdin"])
    made = People(home.store).add(name, password, profile)
    show(as_json, lambda: person_json(made), lambda: [f"{made.name} is registered as {made.role}"])


@people.command()
@click.argument("name")
@_ROLE
@_EMAIL
@_FULL
@_UPLOAD
@as_json_option
@click.pass_context
def change(context: click.Context, /, name: str, as_json: bool, **options: Any) -> None:
    """Change what is told of somebody; what is left out stays. Another role signs them out."""
    from footnote.accounts.people import People, Profile

    everybody = People(open_home(context).store)
    now = everybody.named(name)
    profile = Profile(now.role, now.display_name, now.email, now.may_upload)
    given = {
        key: options[option]
        for key, option in (
            ("role", "role"),
            ("display_name", "display_name"),
            ("email", "email"),
            ("may_upload", "upload"),
        )
        if options[option] is not None
    }
    changed = everybody.change(name, replace(profile, **given))
    show(as_json, lambda: person_json(changed), lambda: [f"{changed.name} is {changed.role}"])


@people.command()
@click.argument("name")
@as_json_option
@click.pass_context
def remove(context: click.Context, name: str, as_json: bool) -> None:
    """Let somebody in no more, from this moment on."""
    from footnote.accounts.people import People

    everybody = People(open_home(context).store)
    everybody.remove(name)
    left = [one.name for one in everybody.all()]
    lines = [f"{name} is removed"]
    if not left:
        lines.append("Nobody is registered any more: the app serves this machine only.")
    show(as_json, lambda: {"removed": name, "people": left}, lambda: lines)


@people.command("list")
@as_json_option
@click.pass_context
def list_people(context: click.Context, as_json: bool) -> None:
    """List who is registered."""
    from footnote.accounts.people import People

    found = People(open_home(context).store).all()
    show(
        as_json,
        lambda: {"people": [person_json(one) for one in found]},
        lambda: [_line(one) for one in found] or ["Nobody is registered; nobody has to sign in."],
    )


@people.command()
@click.argument("name")
@_STDIN
@click.pass_context
def password(context: click.Context, name: str, password_stdin: bool) -> None:
    """Give somebody another password; they are signed out everywhere."""
    from footnote.accounts.people import People

    everybody = People(open_home(context).store)
    person = everybody.named(name)
    everybody.set_password(person.name, _password(from_stdin=password_stdin))
    click.echo(f"{person.name} has another password")


@people.command("sign-out")
@click.argument("name")
@click.pass_context
def sign_out(context: click.Context, name: str) -> None:
    """End all sessions of somebody."""
    from footnote.accounts.people import People

    People(open_home(context).store).sign_out_everywhere(name)
    click.echo(f"{name} is signed out everywhere")


@people.command()
@click.argument("name")
@click.option("--expires", metavar="TIME", help="When it ends by itself: 12h, 90d, 26w.")
@click.option("--for", "label", default="", help="What it is for, to know it by later.")
@as_json_option
@click.pass_context
def key(context: click.Context, name: str, expires: str | None, label: str, as_json: bool) -> None:
    """Make a key for programs that act for somebody. It is shown this once."""
    from footnote.accounts import keys
    from footnote.accounts.people import People

    store = open_home(context).store
    seconds = None if expires is None else _seconds(expires)
    made = keys.make(store, People(store).named(name), label, seconds)
    show(
        as_json,
        lambda: {"key": made.secret, **_key_json(made.key, name)},
        lambda: [made.secret, f"Key {made.key.id} of {name}; it is not shown again."],
    )


@people.command("keys")
@click.argument("name", required=False)
@as_json_option
@click.pass_context
def list_keys(context: click.Context, name: str | None, as_json: bool) -> None:
    """List the keys of somebody, or of all."""
    from footnote.accounts import keys
    from footnote.accounts.people import People

    store = open_home(context).store
    everybody = People(store)
    found = keys.keys(store, everybody.named(name).id if name else None)
    show(
        as_json,
        lambda: {"keys": [_key_json(one, everybody.name_of(one.person)) for one in found]},
        lambda: (
            [_key_line(one, everybody.name_of(one.person)) for one in found]
            or ["There are no keys."]
        ),
    )


@people.command()
@click.argument("key")
@click.pass_context
def revoke(context: click.Context, key: str) -> None:
    """End a key, named by its id in the list."""
    from footnote.accounts import keys

    keys.revoke(open_home(context).store, key)
    click.echo(f"the key {key} opens nothing any more")


@click.command()
@click.argument("collection")
@click.option("--with", "names", multiple=True, help="A person's name, or everyone; repeatable.")
@click.option("--not-with", "against", multiple=True, help="Share no longer with; repeatable.")
@as_json_option
@click.pass_context
def share(
    context: click.Context,
    collection: str,
    names: tuple[str, ...],
    against: tuple[str, ...],
    as_json: bool,
) -> None:
    """Share a collection with readers, or say with whom it is shared."""
    from footnote.accounts import sharing
    from footnote.accounts.people import EVERYONE, People

    home = open_home(context)
    found = home.collection(collection)
    for name in (*names, *against):
        if name.casefold() != EVERYONE:
            People(home.store).named(name)  # all of it, or nothing
    for name in names:
        sharing.share(home.store, found, name)
    for name in against:
        sharing.unshare(home.store, found, name)
    now = sharing.shared_with(home.store, found.id)
    show(
        as_json,
        lambda: {"collection": found.name, "shared_with": now},
        lambda: [f"{found.name} is read by {', '.join([*now, 'admins'])}"],
    )


def person_json(person: Person) -> dict[str, Any]:
    """A person without what is inside only."""
    return {key: value for key, value in asdict(person).items() if key != "id"}


def _line(person: Person) -> str:
    parts = [person.name, person.role]
    if person.may_upload and not person.admin:
        parts.append("may add documents")
    return "  ".join(filter(None, [*parts, person.display_name, person.email]))


def _key_json(key: Key, person: str) -> dict[str, Any]:
    """A key with its person's name."""
    return asdict(key) | {"person": person, "expired": key.expired}


def _key_line(key: Key, person: str) -> str:
    ends = "never ends" if key.expires_at is None else f"ends {when(key.expires_at)}"
    used = "never used" if key.used_at is None else f"last used {when(key.used_at)}"
    state = "has ended" if key.expired else ends
    return "  ".join(
        filter(None, [key.id, person, f"made {when(key.made_at)}", state, used, key.label])
    )


def _seconds(time: str) -> float:
    """How long `90d` is."""
    found = re.fullmatch(r"([1-9]\d{0,5})([hdw])", time.strip().casefold())
    if found is None:
        raise click.BadParameter(
            f"{time!r} is no time; write 12h, 90d or 26w", param_hint="--expires"
        )
    return float(found[1]) * {"h": 3600, "d": 86400, "w": 604800}[found[2]]


def _password(*, from_stdin: bool) -> str:
    """The password, typed twice without being shown, or the first line of stdin."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
