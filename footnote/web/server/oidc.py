"""Sign-in by the organisation (OpenID Connect), through Streamlit's own `st.login`.

Streamlit speaks with the provider that `.streamlit/secrets.toml` names under `[auth]`, and
leaves a signed cookie. That is exchanged at once for a session of ours, so that whoever came
this way is signed out, removed and forgotten like everybody else; then it is deleted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from embedder.errors import FootnoteError
from footnote.accounts import audit, signin
from footnote.accounts.people import People

if TYPE_CHECKING:
    from indexer.store.store import Store

_COOKIE = "_streamlit_user"
_FRESH_SECONDS = 600.0  # from the provider's word to the exchange; a copied cookie is worth no more


class StrangerError(FootnoteError):
    """The organisation knows who it is, and Footnote does not."""


def configured() -> bool:
    """Whether there is such a sign-in."""
    return bool(providers())


def providers() -> list[str]:
    """The names of the providers; `default` where there is one without a name."""
    from streamlit.auth_util import get_secrets_auth_section

    section = get_secrets_auth_section()
    named = [
        name
        for name, value in section.items()
        if isinstance(value, Mapping) and "client_id" in value
    ]
    return (["default"] if "client_id" in section else []) + named


def address(provider: str) -> str:
    """Where the browser is to go to be signed in; good for some minutes."""
    from streamlit.user_info import generate_login_redirect_url

    return generate_login_redirect_url(provider)


def has_signed_in(cookies: Mapping[str, str]) -> bool:
    """Whether Streamlit has left its cookie."""
    return _COOKIE in cookies


def cookies(found: Mapping[str, str]) -> list[str]:
    """The names of all that Streamlit has left."""
    return [name for name in found if name.startswith(_COOKIE)]


def session(store: Store, found: dict[str, str], origin: str) -> str:
    """The token of a session for whom Streamlit's cookie names. Raises `StrangerError`."""
    told = _claims(found, origin)
    email = str(told.get("email") or "")
    if not email or told.get("email_verified") not in (True, "true"):
        raise StrangerError(
            "your organisation did not say which e-mail address is yours for certain; sign in with"
            " a password, or ask an admin for one"
        )
    person = People(store).with_email(email)
    if person is None:
        with store.transaction() as connection:
            audit.write(
                connection, signin.UNKNOWN_NAME, "sign-in failed", details=f"as {email[:254]}"
            )
        raise StrangerError(f"nobody with the address {email} is registered here; ask an admin")
    return signin.begin(store, person)


def _claims(found: dict[str, str], origin: str) -> dict[str, Any]:
    """What the provider said a moment ago; nothing where the cookie is not Streamlit's own."""
    from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

    signed = _get_signed_cookie_with_chunks(found, _COOKIE)
    told = json.loads(signed) if signed else {}
    fresh = abs(time.time() - float(told.get("iat", 0))) < _FRESH_SECONDS
    here = told.get("origin") == origin.rstrip("/")
    return told if fresh and told.get("is_logged_in") and here else {}
