"""Claims are held against their source: numbers, names and negation must agree."""

import json

import pytest
from passages_found import found, pages_of

from benchmarks import claims
from rag.evidence.cite import check
from rag.evidence.numbers import numbers, unsaid
from rag.evidence.quotables import quotables
from rag.languages import ENGLISH, written_in
from rag.reader.reader import shipped

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


def values(text, language="en"):
    return [set(number.values) for number in numbers(text, written_in(language))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 or 1.000 or 1 000 or 1000", [{"1000"}] * 4),
        ("3.50 and 3,5", [{"3.5"}, {"3.5"}]),
        ("no figure", []),
        ("1,234,567.80 or 1.234.567,80", [{"1234567.8"}] * 2),
        ("1.2.3", [{"1.2"}, {"3"}]),
        ("0.125 and 0,125", [{"0.125"}, {"0.125"}]),
        ("1234.567", [{"1234.567"}]),
        ("12.345 or 12,345", [{"12.345", "12345"}] * 2),
    ],
)
def test_numbers_in_one_notation(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "twelve", [12]),
        ("en", "twenty-five", [25]),
        ("en", "one hundred and twenty-five", [125]),
        ("en", "two hundred and fifty thousand", [250_000]),
        ("en", "two thousand five hundred", [2500]),
        ("en", "between one hundred and two hundred", [100, 200]),
        ("en", "five, ten or twenty", [5, 10, 20]),
        ("en", "$1.5 million", [1_500_000]),
        ("de", "zwölf Tage", [12]),
        ("de", "fünfundzwanzig von dreißig", [25, 30]),
        ("de", "zweihundert; 1,5 Millionen", [200, 1_500_000]),
        ("es", "treinta y cinco; dos mil", [35, 2000]),
        ("fr", "vingt et un; quatre-vingt-dix-sept", [21, 97]),
        ("fr", "50 cents", [50, 100]),
    ],
)
def test_number_words_of_the_language(language, text, expected):
    assert values(text, language) == [{f"{value}"} for value in expected]


@pytest.mark.parametrize(
    ("claim", "source", "wrong"),
    [
        ("125 mg", "0.125 mg", ["125"]),
        ("1,234,567 cells", "1234.567 cells", ["1,234,567"]),
        ("1.234 cells", "1,234 cells", []),
        ("One of the parties", "Either of the two parties", []),
        ("one week", "two weeks", ["one"]),
        ("ein Tag", "zwei Tage", ["ein"]),
        ("twenty-six days", "twenty days and six more", ["twenty-six"]),
    ],
)
def test_what_a_source_does_not_say(claim, source, wrong):
    language = written_in("de") if "Tag" in claim else ENGLISH
    assert unsaid(claim, source, language) == wrong


@pytest.mark.parametrize(
    ("claim", "text", "verdict"),
    [
        ("The daily dose for adults is 125 mg.", "The daily dose for adults is 0.125 mg.", False),
        ("Staff get twenty-five days of leave.", "Staff get 25 days of leave.", True),
        ("Staff get twenty-five days of leave.", "Staff get 20 days of leave.", False),
        ("The harbour cost $1.5 million.", "The harbour cost 1,500,000 dollars.", True),
        ("One of the parties may cancel.", "Either of the parties may cancel.", True),
    ],
)
def test_numbers_decide_over_words(claim, text, verdict):
    assert (support(claim, text)[0].verdict == "supported") is verdict


def test_spoilt_claims_are_marked_and_true_ones_are_not():
    verdicts = [(claim.kind, claims.verdict(claim)) for claim in claims.written()]
    marked_true = [v != "supported" for kind, v in verdicts if kind == "true"]
    marked_false = [v != "supported" for kind, v in verdicts if kind != "true"]
    assert sum(marked_true) <= 0.15 * len(marked_true)
    assert sum(marked_false) >= 0.9 * len(marked_false)


def test_a_number_too_long_for_a_float_is_some_number():
    long = ",".join(["999"] * 200) + ".5"
    assert numbers(f"It costs {long} euros.", ENGLISH)


@pytest.mark.parametrize("claim", ["Covered.", "It is not."])
def test_what_is_quoted_word_for_word_is_supported(claim):
    assert support(claim, f"Hail is another matter. {claim} So much for that.")[0].verdict == (
        "supported"
    )


@pytest.mark.parametrize(
    "claim",
    [
        "Employees may carry over five days [1].",
        "Employees may carry over five days.[2, 3]",
        "Employees may carry over five days (1).",
        "Employees may carry over five days.³",
    ],
)
def test_marks_of_citations_are_no_content(claim):
    assert support(claim)[0].verdict == "supported"


@pytest.mark.parametrize(
    ("claim", "text", "expected"),
    [
        ("The 3rd floor houses it.", "The third floor houses it.", "partly"),
        ("The plan began on the 15th of May.", "The plan began on 15 May.", "supported"),
        ("The plan began on May 16th.", "The plan began on 15 May.", "unsupported"),
    ],
)
def test_an_ordinal_is_a_figure_only_in_a_date(claim, text, expected):
    assert support(claim, text)[0].verdict == expected


def read_support(claim, *texts):
    hits = found(*(texts or (LEAVE,)), title="Leave at Harrow Freight")
    return check(claim, quotables(hits, pages_of(hits)), hits, ["en"], shipped())


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (
            "The doctor prescribed the drug to sick kids.",
            "The physician prescribed the medicine to ill children.",
        ),
    ],
)
def test_the_reader_knows_other_words_for_what_the_source_says(claim, text):
    assert support(claim, text)[0].verdict != "supported"
    got = read_support(claim, text)
    assert got.verdict == "supported"
    assert [one.text for one in got.evidence] == [text]


@pytest.mark.parametrize(
    "claim",
    ["Employees may carry over 6 days.", "Employees may not carry over five days.",
     "At Swan Freight employees may carry over five days.", "The moon is made of cheese."],
)  # fmt: skip
def test_the_reader_passes_nothing_that_its_source_contradicts_or_lacks(claim):
    assert read_support(claim).verdict == "unsupported"


def test_the_reader_passes_true_claims_and_marks_spoilt_ones():
    verdicts = [(claim.kind, claims.verdict(claim, shipped())) for claim in claims.written()]
    marked_true = [v != "supported" for kind, v in verdicts if kind == "true"]
    marked_false = [v != "supported" for kind, v in verdicts if kind != "true"]
    assert sum(marked_true) <= 0.15 * len(marked_true)
    assert sum(marked_false) >= 0.9 * len(marked_false)


def test_claims_in_the_form_of_attributionbench_are_measured(tmp_path, capsys):
    path = tmp_path / "claims.jsonl"
    made = [("Employees may carry over five days.", "attributable"),
            ("The moon is made of cheese.", "not attributable")]  # fmt: skip
    path.write_text("\n".join(
        json.dumps({"claim": claim, "references": [LEAVE], "attribution_label": label})
        for claim, label in made
    ))  # fmt: skip
    claims.attribution_report("mine", list(claims.attributions(path)), None)
    assert "2 claims, macro-F1 1.000" in capsys.readouterr().out
