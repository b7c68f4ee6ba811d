"""Text recognition with Tesseract, where it is installed."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError, ParserTimeoutError

if TYPE_CHECKING:
    from PIL.Image import Image

NOT_INSTALLED = "install Tesseract to have its text recognised"
NOTHING_FOUND = "Tesseract recognised no text in it"
# A dense page of small print at 300 dpi takes some 10 s on one slow core.
_SECONDS_PER_PAGE = 60
_MAX_LANGUAGES = 4
# Recognised words that are fewer characters than this in all are specks and borders.
_LEAST_CHARACTERS = 4


def available() -> bool:
    """Whether Tesseract is installed."""
    return shutil.which("tesseract") is not None


@functools.cache
def languages() -> str:
    """The installed languages as Tesseract wants them, English first: "eng+deu"."""
    done = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, timeout=20, check=False
    )
    names = [n for n in done.stdout.decode().split("\n")[1:] if n.strip() and n != "osd"]
    ordered = sorted(names, key=lambda n: (n != "eng", n))[:_MAX_LANGUAGES]
    return "+".join(ordered) or "eng"


def recognise(image: Image) -> str:
    """The text in an image, paragraphs parted by empty lines; "" where there is none.

    Raises `ParserTimeoutError` after `_SECONDS_PER_PAGE`, `CorruptedError` where Tesseract fails.
    """
    import io

    stream = io.BytesIO()
    image.convert("L").save(stream, "PNG", compress_level=1)
    command = ["tesseract", "stdin", "stdout", "-l", languages(), "--psm", "3"]
    # Tesseract's own threads slow it down where several workers run.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=stream.getvalue(), capture_output=True, env=environment,
            timeout=_SECONDS_PER_PAGE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ParserTimeoutError(
            f"recognising the text of an image took more than {_SECONDS_PER_PAGE} s"
        ) from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise CorruptedError(f"Tesseract could not read an image ({reason})")
    text = done.stdout.decode(errors="replace")
    letters = sum(char.isalnum() for char in text)
    return text if letters >= _LEAST_CHARACTERS else ""
