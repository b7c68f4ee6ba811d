"""What the pages of a training call things. Pure, but for looking up when a run was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedder.registry import BUNDLED, MULTILINGUAL, SHIPPED
from footnote.rendering.formatting import plain, when
from footnote.runs import service
from training.runs import UnknownRunError

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run

# Sources of examples: name, and what asks for what.
SOURCES = {
    "title": ("Titles", "a document’s title asks for the passages it begins with"),
    "heading": ("Headings", "a heading asks for the section under it"),
    "crop": ("Sentences", "words of a sentence ask for the passage it was cut out of"),
    "definition": ("Definitions", "“What is X?” asks for the passage that says so (English)"),
    "question": ("Questions", "a question in the text asks for what stands around it"),
    "dropout": ("Passages alone", "a passage asks for itself"),
    "writer": ("Asked by the question writer", "Footnote’s own small model asks for a passage"),
    "written": ("Written questions", "the language model asks for a passage it was shown"),
    "labelled": ("Your own pairs", "from the file you added"),
    "reader": ("Thumbs up", "a reader’s question asks for what its answer cited"),
    "log": ("Answered", "a reader’s question asks for what its answer, a sure one, cited first"),
    "by hand": ("Added by hand", "here, in the table"),
    "": ("Without a source", "from the file you added"),
}
OUTCOMES = {
    "": "not finished",
    "promoted": "in use",
    "kept": "better, not switched to",
    "rejected": "not used",
    "balanced": "weight of meaning in use",
    "rolled back": "rolled back",
}
ORIGINS = {
    "pseudo": "cut out of the passage",
    "writer": "asked by the question writer",
    "written": "written by the language model",
    "reader": "a reader’s, thumbs up",
    "log": "a reader’s, answered for sure",
    "labelled": "from your file",
}


def source_name(source: str) -> str:
    """A source of examples as the page names it."""
    return SOURCES.get(source, (source, ""))[0]


def embedder_name(home: Home, name: str) -> str:
    """An installed embedder as the page names it, in Markdown."""
    if name == BUNDLED:
        return "the built-in model"
    if name in SHIPPED:
        return "an earlier built-in model"
    if name.startswith(MULTILINGUAL):
        return "the multilingual model"
    try:
        order = service.runs(home).get(name).request
        made = "trained" if order.recipe.learns else "adapted"
        return f"the model {made} {when(order.made_at)}"
    except UnknownRunError:
        return f"the model {plain(name)}"


def outcome(run: Run) -> str:
    """What became of a run, in a few words."""
    if not run.outcome and run.proof:
        return "proved, switch not finished" if run.proof.holds else "proved"
    return OUTCOMES[run.outcome]
