"""The installed embedders of a home: which there are, which is in use, which was before.

An embedder is a folder: `spec.json`, beside it the projection and the adapter that the spec
names by hash. Those that come with the program lie beside this file: the bundled one, and the
two stages that it was trained from, which were bundled before it and still answer for what was
indexed then. The others lie in the home, one folder each.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import write_text, writing_folder
from embedder.cache import TTLCache
from embedder.decoder.load import base_shape, converted_folder
from embedder.errors import FootnoteError
from embedder.model import Embedder, EmbedderFiles
from embedder.presets import PRESETS, WITH_MATRICES
from embedder.spec import EmbedderSpec, SpecError

if TYPE_CHECKING:
    from embedder.decoder.precision import Precision

BUNDLED = "bundled"
PROJECTED = "bundled-projected"
UNTRAINED = "bundled-untrained"
# Name → folder.
SHIPPED = {
    BUNDLED: Path(__file__).parent / "bundled",
    PROJECTED: Path(__file__).parent / "projected",
    UNTRAINED: Path(__file__).parent / "untrained",
}
# What comes with the program and is installed into a home only on request, because its base is
# under terms of its own: projection and token weights. Name → folder.
MULTILINGUAL = "multilingual"
OPTIONAL = {MULTILINGUAL: Path(__file__).parent / "multilingual"}
_SPEC = "spec.json"
_HISTORY = "history.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class UnknownEmbedderError(FootnoteError):
    """No embedder of this name or fingerprint is installed."""


class Registry:
    """Embedders under `folder`; their converted bases are kept under `cache`.

    All compute in `precision`; None takes the fastest on this machine.
    """

    def __init__(self, folder: Path, cache: Path, precision: Precision | None = None) -> None:
        self._folder, self._cache, self._precision = folder, cache, precision
        self._loaded: TTLCache[str, Embedder] = TTLCache()

    def names(self) -> list[str]:
        """All installed embedders, the bundled one first."""
        own = sorted(path.parent.name for path in self._folder.glob(f"[!.]*/{_SPEC}"))
        return [*SHIPPED, *own]

    def spec(self, name: str) -> EmbedderSpec:
        """The encoding contract of an embedder. Raises `UnknownEmbedderError`."""
        return EmbedderSpec.read(self._place(name) / _SPEC)

    def specs(self) -> dict[str, EmbedderSpec]:
        """The specs that can be read, by name, the bundled one first."""
        found = {}
        for name in self.names():
            with suppress(SpecError):  # `unreadable` names it; it must not be in the others' way
                found[name] = self.spec(name)
        return found

    def unreadable(self) -> list[SpecError]:
        """What is wrong with the specs that cannot be read, an error each naming its file."""
        found = []
        for name in self.names():
            try:
                self.spec(name)
            except SpecError as error:
                found.append(error)
        return found

    def load(self, name: str) -> Embedder:
        """The embedder of this name, one object for all who ask. Raises `UnknownEmbedderError`."""
        place = self._place(name)
        spec = EmbedderSpec.read(place / _SPEC)
        files = EmbedderFiles(folder=place, cache=self._cache)
        return self._loaded.get(spec.fingerprint, lambda: Embedder(spec, files, self._precision))

    def load_fingerprint(self, fingerprint: str) -> Embedder:
        """The embedder that made a generation. Raises `UnknownEmbedderError`."""
        for name, spec in self.specs().items():
            if spec.fingerprint == fingerprint:
                return self.load(name)
        raise UnknownEmbedderError(
            f"the embedder with fingerprint {fingerprint}, which made this index, is not installed;"
            " put its folder back, or move the collections to another one with"
            " `footnote embedders use NAME`"
        )

    def current(self) -> str:
        """The name of the embedder in use."""
        return self.history()[-1]

    def history(self) -> list[str]:
        """The embedders in the order in which they came into use; the last is in use."""
        path = self._folder / _HISTORY
        try:
            used = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
            if not isinstance(used, list) or not all(isinstance(one, str) for one in used):
                raise ValueError("it holds no list of names")
        except (ValueError, RecursionError) as error:
            raise FootnoteError(
                f"{path} is damaged ({error}); remove it, then choose with `footnote embedders use"
                " NAME`: collections keep the embedders that answer for them"
            ) from error
        return [BUNDLED, *used]

    def use(self, name: str) -> None:
        """Put an embedder into use for what is indexed from now on.

        `name` may also be a preset's hub id, which is then installed.
        """
        if name in PRESETS:
            name = self._install_spec(PRESETS[name])
        self._place(name)
        if name != self.current():
            self._write([*self.history()[1:], name])

    def rollback(self) -> str:
        """Go back to the embedder used before; return its name. The first has none before it."""
        used = self.history()
        if len(used) == 1:
            raise FootnoteError("there is no earlier embedder to go back to")
        self._write(used[1:-1])
        return used[-2]

    def install(self, name: str, source: Path) -> None:
        """Copy an embedder's folder into the home, whole or not at all."""
        if name in self.names() or not _NAME.fullmatch(name):
            raise FootnoteError(
                f"an embedder cannot be called {name!r}: the name is taken, or has more in it "
                "than letters, digits, dots, dashes and underscores"
            )
        EmbedderSpec.read(source / _SPEC)
        with writing_folder(self._folder / name) as left:
            shutil.copytree(source, left, dirs_exist_ok=True)

    def remove(self, name: str) -> None:
        """Remove an embedder from the home, with what was converted for it alone.

        Raises `UnknownEmbedderError`, and `FootnoteError` for the one in use and for those that
        come with the program.
        """
        place = self._place(name)
        if name in (*SHIPPED, self.current()):
            why = "comes with the program" if name in SHIPPED else "is in use"
            raise FootnoteError(f"the embedder {name!r} {why} and cannot be removed")
        spec = self.spec(name)
        bases = self._bases(spec)
        left = [used for used in self.history() if used != name]
        self._write([now for before, now in pairwise(left) if now != before])
        (place / _SPEC).unlink()  # from here on it is not installed
        shutil.rmtree(place)
        self._loaded.forget(spec.fingerprint)
        needed = {base for other in self.specs().values() for base in self._bases(other)}
        for base in bases - needed:
            shutil.rmtree(base, ignore_errors=True)

    def _bases(self, spec: EmbedderSpec) -> set[Path]:
        """The converted bases of an embedder: with its adapter, and bare to train further."""
        return {converted_folder(one, self._cache) for one in (spec, replace(spec, adapter=""))}

    def install_base(self, base: str) -> str:
        """Install a decoder (hub id or folder) as an embedder to train from; return its name.

        As the published recipe has it: instruction before the query, the state of the
        end-of-text token as the vector. A preset's id gives the preset.
        """
        if base in PRESETS:
            return self._install_spec(PRESETS[base])
        shape = base_shape(base)
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(base).name).strip("-.") or "base"
        spec = EmbedderSpec(name=f"{name}-untrained", base=base, dimension=shape.width)
        if spec.name in self.names() and self.specs().get(spec.name) != spec:  # another's name
            spec = replace(spec, name=f"{spec.name}-{spec.fingerprint[:6]}")
        return self._install_spec(spec)

    def install_shipped(self, name: str) -> str:
        """Install one of `OPTIONAL`, its notices with it; return what it is called here.

        Where an earlier version has its name, that one stays and goes on answering.
        """
        spec = EmbedderSpec.read(OPTIONAL[name] / _SPEC)
        if name in self.names() and self.specs().get(name) != spec:
            name = f"{name}-{spec.fingerprint[:6]}"
        if name not in self.names():
            self.install(name, OPTIONAL[spec.name])
        return name

    def _install_spec(self, spec: EmbedderSpec) -> str:
        if spec.name not in self.names():
            with tempfile.TemporaryDirectory() as folder:
                if spec.base in WITH_MATRICES:
                    from embedder.dense import with_matrix

                    spec = with_matrix(spec, Path(folder))
                Path(folder, _SPEC).write_text(spec.to_json(), encoding="utf-8")
                self.install(spec.name, Path(folder))
        return spec.name

    def _place(self, name: str) -> Path:
        if name not in self.names():
            raise UnknownEmbedderError(
                f"there is no embedder {name!r}; installed are: {', '.join(self.names())}"
            )
        return SHIPPED.get(name, self._folder / name)

    def _write(self, used: list[str]) -> None:
        write_text(self._folder / _HISTORY, json.dumps(used))
