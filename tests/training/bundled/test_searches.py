"""The searches that the bundled embedder is trained on last."""

import json

from training.bundled.train import searches


def test_searches_are_read_with_their_source_every_tenth_passage_apart(tmp_path):
    rows = [
        {
            "id": n,
            "source": "cooking",
            "passage": f"Passage {n}.",
            "queries": [{"style": "plain", "text": f"what of {n}"}, {"style": "half", "text": "?"}],
        }
        for n in range(9, 12)
    ]
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    learnt, held_out = searches(path), searches(path, held_out=True)
    assert [one.positive for one in learnt] == ["Passage 9."] * 2 + ["Passage 11."] * 2
    assert [one.query for one in held_out] == ["what of 10", "?"]
    assert {one.source for one in (*learnt, *held_out)} == {"searches of cooking"}
