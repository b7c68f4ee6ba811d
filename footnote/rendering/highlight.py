"""A page's picture with places marked as by a pen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.pages import Box

_YELLOW = (255, 226, 89)


def highlighted(png: bytes, boxes: Sequence[Box]) -> bytes:
    """The picture (PNG) with the boxes (fractions of its size) in yellow; text stays black."""
    if not boxes:
        return png
    from PIL import Image, ImageChops, ImageDraw

    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    pen = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(pen)
    width, height = picture.size
    for box in boxes:
        corners = (box.left * width, box.top * height, box.right * width, box.bottom * height)
        draw.rectangle(corners, fill=_YELLOW)
    stream = io.BytesIO()
    ImageChops.multiply(picture, pen).save(stream, "PNG")
    return stream.getvalue()
