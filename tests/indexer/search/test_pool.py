"""The pool of passages that a weight is fitted on and a proof asks: searched as people search."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.search import fusion
from indexer.search.calibration import FusionWeight
from indexer.search.pool import Pool
from indexer.search.pseudo_queries import PseudoQuery
from indexer.search.searcher import Scope, Searcher
from indexer.store.store import Store
from tests.homes import add_lines
from tests.synonyms import Synonyms, paragraph


def test_the_pool_scores_as_search_does(tmp_path):
    store, model = Store.open(tmp_path / "home"), Synonyms(noise=0.5)
    number = store.create_collection("all").id
    lines = [paragraph(one) for one in range(120)]
    vectors = model.embed_passages([f"all > Part\n{line}" for line in lines])
    add_lines(store, number, tmp_path / "all.txt", lines, vectors, model.fingerprint)
    weight = FusionWeight(0.8)
    store.set_fusion_weight(number, model.fingerprint, weight.to_json())
    pool = Pool.of(store, number, model.fingerprint)
    texts = [" ".join(lines[place].split()[:9]) for place in range(0, 120, 8)]
    asked = [PseudoQuery(8 * place, text, lines[8 * place]) for place, text in enumerate(texts)]
    fused = fusion.fuse(*pool.evidence(asked, model), weight.weight)
    searcher = Searcher(store, tmp_path / "index", lambda _: model)
    places = {passage.id: place for place, passage in enumerate(pool.passages)}
    for row, text in zip(fused, texts, strict=True):
        hits = searcher.search(text, Scope(frozenset({number})), 10)
        found = [row[places[hit.passage.id]] for hit in hits]
        assert found == pytest.approx([hit.score for hit in hits], abs=0.05)  # float16 vectors
        assert np.sort(row)[-10:].min() >= min(found) - 0.05
