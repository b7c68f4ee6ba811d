"""The maths of ranking, against trec_eval itself."""

import random

import pytest

from training.evaluation.metrics import (
    METRICS,
    NothingRelevantError,
    bootstrap,
    ndcg,
    recall,
    reciprocal_rank,
)

TREC_EVAL = {"ndcg@10": "ndcg_cut_10", "recall@10": "recall_10", "recall@100": "recall_100"}


def cases(seed):
    """A hundred queries with graded judgements (some zero, some absent) and their rankings."""
    draw = random.Random(seed)
    documents = [f"d{i}" for i in range(300)]
    for number in range(100):
        grades = {d: draw.choice([0, 1, 1, 2, 3]) for d in draw.sample(documents, 12)}
        grades[draw.choice(documents)] = 1
        yield f"q{number}", grades, draw.sample(documents, draw.choice([0, 3, 50, 200]))


@pytest.mark.parametrize("name", TREC_EVAL)
def test_agrees_with_trec_eval(name):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    queries = list(cases(seed=1))
    evaluator = pytrec_eval.RelevanceEvaluator(
        {q: grades for q, grades, _ in queries}, {"ndcg_cut.10", "recall.10,100"}
    )
    run = {q: {d: -float(i) for i, d in enumerate(ranking)} for q, _, ranking in queries}
    theirs = evaluator.evaluate(run)
    for query, grades, ranking in queries:
        if not ranking:  # trec_eval leaves such a query out, which would flatter the mean
            assert METRICS[name](ranking, grades) == 0
            continue
        assert METRICS[name](ranking, grades) == pytest.approx(theirs[query][TREC_EVAL[name]])


def test_reciprocal_rank_agrees_with_trec_eval_on_a_list_of_ten():
    pytrec_eval = pytest.importorskip("pytrec_eval")
    for query, grades, ranking in cases(seed=2):
        if not ranking:
            continue
        run = {query: {d: -float(i) for i, d in enumerate(ranking[:10])}}
        theirs = pytrec_eval.RelevanceEvaluator({query: grades}, {"recip_rank"}).evaluate(run)
        assert reciprocal_rank(ranking, grades) == pytest.approx(theirs[query]["recip_rank"])


def test_a_query_without_relevant_documents_is_refused():
    for metric in (ndcg, recall, reciprocal_rank):
        with pytest.raises(NothingRelevantError):
            metric(["a"], {"a": 0})


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says():
    draw = random.Random(3)
    covered = 0
    for trial in range(200):
        interval = bootstrap([draw.random() < 0.3 for _ in range(120)], resamples=500, seed=trial)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.88 <= covered / 200 <= 0.99


def test_bootstrap_is_the_same_for_the_same_seed_and_refuses_nothing():
    values = [0.1, 0.9, 0.4]
    assert bootstrap(values, seed=7) == bootstrap(values, seed=7)
    with pytest.raises(ValueError, match="no query"):
        bootstrap([])
