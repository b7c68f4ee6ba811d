"""Evaluation folders: read strictly, measured through the real store and search."""

from __future__ import annotations

import json

import pytest

from training.evaluation.beir import EvaluationError, read
from training.evaluation.evaluate import MODES, evaluate, subsample

CORPUS = [
    {"_id": "a", "title": "Leave", "text": "Parental leave is paid for sixteen weeks."},
    {"_id": "b", "title": "Plans", "text": "The deductible of the standard plan is high."},
    {"_id": "c", "title": "Food", "text": "The cafeteria serves soup on Mondays."},
    {"_id": "d", "title": "Food", "text": "The cafeteria serves soup on Mondays."},
    {"_id": "e", "title": "Only a heading", "text": ""},
    {"_id": "f", "title": "", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "parental leave paid weeks"},
    {"_id": "q2", "text": "standard plan deductible"},
    {"_id": "q3", "text": "cafeteria soup Mondays"},
    {"_id": "q4", "text": "nobody judged this"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t2\nq2\tc\t0\nq3\tc\t1\nq3\td\t1\n"


def write(folder, corpus=CORPUS, queries=QUERIES, qrels=QRELS):
    folder.mkdir(exist_ok=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "qrels.tsv").write_text(qrels)
    return folder


def test_a_corpus_is_measured_in_all_modes_and_kept(tmp_path, tiny_embedder):
    folder, home, seen = write(tmp_path / "small"), tmp_path / "home", []

    def progress(stage, done, total):
        seen.append((stage, done, total))

    first = evaluate(folder, home, tiny_embedder, progress=progress)
    assert (first.dataset, first.documents, first.queries) == ("small", 6, 3)
    assert tuple(first.modes) == MODES
    assert set(first.modes["fused"]) == {"ndcg@10", "recall@10", "recall@100", "mrr@10"}
    # Two entries with the same text are two documents, and both are found.
    assert first.modes["keyword"] == dict.fromkeys(first.modes["keyword"], 1.0)
    assert ("indexing", 0, 6) in seen

    seen.clear()
    again = evaluate(folder, home, tiny_embedder, ["fused"], progress=progress)
    assert again.modes == {"fused": first.modes["fused"]}
    assert not any(stage == "indexing" for stage, _, _ in seen)


def test_a_changed_corpus_is_another_one(tmp_path, tiny_embedder):
    home = tmp_path / "home"
    write(tmp_path / "small")
    before = evaluate(tmp_path / "small", home, tiny_embedder, ["keyword"])
    write(tmp_path / "small", [*CORPUS, {"_id": "g", "text": "Parental leave paid weeks again."}])
    after = evaluate(tmp_path / "small", home, tiny_embedder, ["keyword"])
    assert (before.documents, after.documents) == (6, 7)
    assert after.modes["keyword"]["mrr@10"] <= before.modes["keyword"]["mrr@10"]


def test_an_unknown_mode_is_refused(tmp_path, tiny_embedder):
    with pytest.raises(EvaluationError, match="no mode 'magic'"):
        evaluate(write(tmp_path / "small"), tmp_path / "home", tiny_embedder, ["magic"])


def test_a_limit_takes_queries_from_all_over():
    assert subsample(range(10), 5) == [0, 2, 4, 6, 8]
    assert subsample(range(3), 5) == range(3)


def test_judgements_are_found_where_beir_has_them_and_a_byte_order_mark_is_no_harm(tmp_path):
    folder = write(tmp_path / "small")
    (folder / "qrels").mkdir()
    (folder / "qrels.tsv").rename(folder / "qrels" / "test.tsv")
    corpus = folder / "corpus.jsonl"
    corpus.write_bytes(b"\xef\xbb\xbf" + corpus.read_bytes())
    assert [query.id for query in read(folder).queries] == ["q1", "q2", "q3"]


BAD = {
    "line 2: not JSON": {"corpus": [CORPUS[0], '{"_id": "x", "text']},
    "line 1: expected an object with the strings _id, text": {"corpus": [{"_id": 7, "text": "x"}]},
    "line 2: the id 'a' stands there twice": {"corpus": [CORPUS[0], CORPUS[0]]},
    "line 2: judges the unknown document 'zz'": {"qrels": "q\tc\ts\nq1\tzz\t1\n"},
    "line 2: judges the unknown query 'zz'": {"qrels": "q\tc\ts\nzz\ta\t1\n"},
    "line 3: expected query id, document id and a whole number": {
        "qrels": "q\tc\ts\nq1\ta\t1\nq2\tb\thigh\n"
    },
    "no query with a relevant document": {"qrels": "q\tc\ts\nq1\ta\t0\n"},
}


@pytest.mark.parametrize("message", BAD)
def test_a_folder_that_cannot_be_used_says_where_and_why(tmp_path, message):
    with pytest.raises(EvaluationError, match=message):
        read(write(tmp_path / "bad", **BAD[message]))


def test_a_missing_folder_or_file_is_named(tmp_path):
    with pytest.raises(EvaluationError, match="is no folder"):
        read(tmp_path / "nowhere")
    (write(tmp_path / "small") / "queries.jsonl").unlink()
    with pytest.raises(EvaluationError, match=r"no queries\.jsonl"):
        read(tmp_path / "small")
