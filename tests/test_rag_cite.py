"""Claims are held against their source: numbers, names and negation must agree."""

import pytest
from passages_found import found, pages_of

from benchmarks import claims
from rag.cite import check, numbers
from rag.evidence import quotables
from rag.languages import ENGLISH, written_in

LEAVE = (
    "Employees may carry over five days, but not more than that. "
    "Tell your depot manager no later than 15 weeks before the expected date. "
    "The premium is 1,250 euros a year."
)


def support(claim, *texts, languages=("en",)):
    hits = found(*(texts or (LEAVE,)), title="Leave at Harrow Freight")
    return check(claim, quotables(hits, pages_of(hits)), hits, languages), hits


@pytest.mark.parametrize(
    "claim",
    [
        "Employees may carry over 5 days.",
        "At Harrow Freight employees may carry over five days.",
        "You must tell the depot manager 15 weeks before the expected date.",
        "The premium is 1.250 euros a year.",
        "The premium is 1250 euros a year.",
    ],
)
def test_what_the_source_says_is_supported(claim):
    assert support(claim)[0].verdict == "supported"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("Employees may carry over 6 days.", "does not say 6"),
        ("Employees may carry over 15 days.", "does not say 15"),
        ("Employees may not carry over five days.", "the opposite"),
        ("At Swan Freight employees may carry over five days.", "does not name Swan"),
        ("The moon is made of cheese.", "nothing"),
    ],
)
def test_what_the_source_does_not_say_is_not(claim, reason):
    got, _ = support(claim)
    assert got.verdict == "unsupported"
    assert got.evidence == ()
    assert reason in got.reason


def test_a_claim_that_goes_beyond_its_source_is_partly_supported():
    got, _ = support("Employees may carry over five days and sell the rest to colleagues.")
    assert got.verdict == "partly"


def test_the_quote_is_the_sentence_that_holds_the_claim():
    got, hits = support("The premium costs 1250 euros a year.", "Nothing here.", LEAVE)
    (evidence,) = got.evidence
    quote = hits[evidence.hit].passage.text[evidence.start : evidence.end]
    assert quote == "The premium is 1,250 euros a year."


def test_german_nouns_are_not_taken_for_names():
    text = "Die Kündigungsfrist beträgt vier Wochen zum Monatsende."
    claim = "Zum Monatsende beträgt die Kündigungsfrist 4 Wochen."
    assert support(claim, text, languages=("de",))[0].verdict == "supported"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 or 1.000 or 1000", {"1000"}),
        ("3.50 and 3,5", {"3.5"}),
        ("twelve", {"12"}),
        ("no figure", set()),
        ("1,234,567.80", {"1234567.8"}),
        ("1.2.3", {"1.2", "3"}),
    ],
)
def test_numbers_in_one_notation(text, expected):
    assert numbers(text, ENGLISH) == expected


def test_number_words_of_the_language():
    assert numbers("zwölf Tage", written_in("de")) == {"12"}


def test_spoilt_claims_are_marked_and_true_ones_are_not():
    verdicts = [(claim.kind, claims.verdict(claim)) for claim in claims.written()]
    marked_true = [v != "supported" for kind, v in verdicts if kind == "true"]
    marked_false = [v != "supported" for kind, v in verdicts if kind != "true"]
    assert sum(marked_true) <= 0.15 * len(marked_true)
    assert sum(marked_false) >= 0.9 * len(marked_false)
