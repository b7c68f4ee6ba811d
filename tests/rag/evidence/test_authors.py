"""Who wrote a document: the names below its title."""

from dataclasses import replace

import pytest
from passages_found import found

from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Block, Page
from rag.evidence.authors import byline
from rag.question.analysis import read
from rag.question.makers import asks_author

BODY = "The water of the lakes was measured once a month, and its benefit to birds was estimated."


def named(question, *papers):
    """The by-line that is found; each paper is its blocks, the first of them its title."""
    hits, pages = [], {}
    for hit, blocks in zip(found(*(blocks[-1] for blocks in papers)), papers, strict=True):
        text, made = "\n\n".join(blocks), []
        for block in blocks:
            start = text.index(block)
            made.append(Block("text" if made else "heading", start, start + len(block)))
        hits.append(replace(hit, document=replace(hit.document, title=f"file {hit.rank}")))
        pages[hit.document.id] = Page(1, text, blocks=tuple(made))
    words = tuple(query_words(question, ["en"]))
    statistics = TermStatistics(words, 100, 5000, {word.terms: 5 for word in words})
    return byline(read(question, statistics, ["en"]), hits, lambda document, _: pages[document])


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (("Birds of the Lakes", "Ann B. Rivers, Ole van Dam", BODY), "Ann B. Rivers, Ole van Dam"),
        (
            (
                "Birds of the Lakes",
                "Ann Rivers",
                "Lakeside Univ. at Ulm",
                "Ole Dam",
                "Abstract",
                BODY,
            ),
            "Ann Rivers, Lakeside Univ. at Ulm, Ole Dam",
        ),
        (("Birds of the Lakes", "A survey", "by Ann Rivers", "May 2021", BODY), "by Ann Rivers"),
        (("Birds of the Lakes", "Author: A. Rivers", BODY), "Author: A. Rivers"),
    ],
)
def test_the_names_below_the_title_are_the_authors(blocks, expected):
    quote = named("Who wrote the paper on the birds?", blocks)
    assert quote is not None
    assert quote.text == expected


@pytest.mark.parametrize(
    "blocks",
    [
        ("Birds of the Lakes", BODY),
        ("Birds of the Lakes", "Water Benefit", BODY),  # a subtitle: words of the text
        ("Fish of the Sea", "Ann Rivers", BODY),
    ],
)
def test_what_is_nobodys_name_or_of_another_paper_is_not_quoted(blocks):
    other = ("Moles of the Field", "Eve Adams", "They live below ground.")
    assert named("Who wrote the paper on the birds?", blocks, other) is None


def test_the_paper_that_is_asked_for_is_chosen_by_its_title():
    papers = [
        (f"{what} of the Lakes", name, BODY)
        for what, name in (("Fish", "Ann Rivers"), ("Birds", "Ole Dam"))
    ]
    quote = named("Who are the authors of the paper on birds?", *papers)
    assert quote is not None
    assert (quote.hit, quote.text) == (1, "Ole Dam")


def test_a_title_that_is_named_needs_no_word_for_what_it_is():
    birds = ("Birds of the Lakes", "Ann Rivers", BODY)
    assert named("Who wrote Birds of the Lakes?", birds) is not None
    assert named("Who wrote Don Quixote of the Lakes?", birds) is None


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Who wrote this report?", True),
        ("Who is the author of the handbook?", True),
        ("What are the names of the authors of the report?", True),
        ("By whom was the report written?", True),
        ("Wer hat den Bericht geschrieben?", True),
        ("Who approves the report?", False),
        ("What does the author of the report say about birds?", False),
        ("How many authors does the report have?", False),
        ("Who needs written permission for the report?", False),
        ("By whom is the report approved?", False),
        ("Wer hat laut Handbuch Anspruch auf Urlaub?", False),
        ("What does the report say?", False),
    ],
)
def test_authors_are_asked_for(question, asks):
    assert asks_author(question) == asks
