"""Pictures, through text recognition."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from indexer.parsers import ocr
from indexer.parsers.errors import CorruptedError, ParserTimeoutError, ScannedError, TooLargeError
from indexer.parsers.layout import PageBuilder
from indexer.parsers.pdf.recognised import write_recognised
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from PIL.Image import Image

# An A3 page at 600 dpi has 70 million pixels.
_MAX_PIXELS = 120_000_000
_MAX_FRAMES = 2_000


def parse_image(data: bytes, name: str) -> ParsedFile:
    """A picture, or a TIFF of several: one page each.

    Raises `ScannedError` where no text comes out of any.
    """
    import PIL.Image
    from PIL import ImageSequence

    PIL.Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    try:
        picture = PIL.Image.open(io.BytesIO(data))
        if picture.width * picture.height > _MAX_PIXELS:
            raise TooLargeError(f"has more than {_MAX_PIXELS:,} pixels; save it smaller")
        if not ocr.available():
            picture.verify()
            raise ScannedError(f"is a picture; {ocr.NOT_INSTALLED}")
        pages = []
        # Only TIFF keeps pages in frames; elsewhere they are an animation.
        frames = ImageSequence.Iterator(picture) if picture.format == "TIFF" else [picture]
        for number, frame in enumerate(frames, 1):
            if number > _MAX_FRAMES:
                raise TooLargeError(f"has more than {_MAX_FRAMES:,} frames; split it")
            pages.append(_page(frame, number))
    except PIL.Image.DecompressionBombError as error:
        raise TooLargeError(f"has more than {_MAX_PIXELS:,} pixels; save it smaller") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise CorruptedError(f"cannot be read as a picture ({error}); save it again") from error
    if not any(page.text for page in pages):
        raise ScannedError(f"is a picture; {ocr.NOTHING_FOUND}")
    return ParsedFile(name, tuple(pages), "image")


def _page(frame: Image, number: int) -> Page:
    from PIL import ImageOps

    builder = PageBuilder()
    problem = ""
    try:
        # A camera leaves the picture as it fell on the sensor, and notes how it was held.
        upright = ImageOps.exif_transpose(frame)
        write_recognised(builder, ocr.recognise_words(upright))
    except ParserTimeoutError as error:
        problem = str(error)
    return builder.page(
        number, f"page {number}", problem or ("" if builder.length else ocr.NOTHING_FOUND)
    )
