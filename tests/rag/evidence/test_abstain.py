"""When to say that the documents hold no answer."""

from dataclasses import astuple, fields

import numpy as np
import pytest

from rag.evidence import abstain
from training.bundled.abstention import auroc, curve, fit, material


def test_the_shipped_fit_belongs_to_the_features():
    shipped = abstain.shipped()
    count = len(fields(abstain.Features))
    assert len(shipped.means) == len(shipped.scales) == len(shipped.coefficients) == count
    assert min(shipped.coefficients) >= 0
    assert 0 < shipped.threshold < 1


def test_nothing_found_is_no_hope():
    nothing = abstain.Features(*[0.0] * len(fields(abstain.Features)))
    assert abstain.shipped().probability(nothing) < abstain.shipped().threshold


def test_more_of_anything_never_means_less_hope():
    shipped = abstain.shipped()
    middle = list(shipped.means)
    for place in range(len(middle)):
        more = [x + (n == place) for n, x in enumerate(middle)]
        less = shipped.probability(abstain.Features(*middle))
        assert shipped.probability(abstain.Features(*more)) >= less


def test_the_fit_finds_what_parts_the_classes_and_nothing_negative():
    draw = np.random.default_rng(0)
    answerable = draw.random(2000) < 0.7
    telling = draw.normal(size=2000) + 2.0 * answerable
    misleading = draw.normal(size=2000) - 1.0 * answerable
    rows = np.column_stack([telling, misleading, np.ones(2000)])
    found = fit(rows, answerable)
    assert found.coefficients[0] > 1
    assert found.coefficients[1:] == (0.0, 0.0)
    logits = (rows[:, 0] - found.means[0]) / found.scales[0] * found.coefficients[0]
    passed = 1 / (1 + np.exp(-(logits + found.intercept))) >= found.threshold
    assert passed[answerable].mean() > 0.6
    assert passed[~answerable].mean() < 0.4


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [([2, 3], [0, 1], 1.0), ([0, 1], [2, 3], 0.0), ([1, 1], [1], 0.5), ([0, 2], [1], 0.5)],
)
def test_auroc_is_the_chance_of_the_right_order(high, low, expected):
    assert auroc(high, low) == expected


def test_the_curve_trades_answers_for_refusals():
    points = curve([0.9, 0.6, 0.3], [0.5, 0.1])
    answered, refused = ([astuple(p)[n] for p in points] for n in (1, 2))
    assert answered == sorted(answered, reverse=True)
    assert refused == sorted(refused)
    assert (answered[0], refused[-1]) == (1.0, 1.0)


def test_unanswerable_questions_have_lost_their_document():
    made = material()
    texts = {text for _, text in made.documents}
    answerable = sum(case.answerable for case in made.cases)
    assert answerable == len(made.documents) == len(texts)
    assert 0.3 < answerable / len(made.cases) < 0.8


def test_two_probabilities_are_one():
    assert abs(abstain.together(0.5, 0.5) - 0.5) < 1e-9
    assert 0.5 < abstain.together(0.9, 0.4) < 0.9
    assert abstain.together(1.0, 0.0) == pytest.approx(0.5)
