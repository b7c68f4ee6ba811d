"""Processes killed in the midst of their work; `python -m benchmarks.faults` does it 200 times."""

import subprocess
import sys

import pytest

from benchmarks import faults
from benchmarks.kills import ROOT, content
from indexer.store.store import Store
from training.promote import promote


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("kills") / "whole"
    faults.template(place, documents=8)
    return place


@pytest.mark.parametrize("name", faults.WORK)
def test_killed_work_costs_what_was_in_flight_and_can_be_done_again(whole, tmp_path, name):
    known = faults.undisturbed(name, whole, tmp_path / "one")
    # A moment in the middle; where that came too late, earlier ones.
    moments = [known.seconds * share for share in (0.5, 0.25, 0.1, 0.02, 0.0)]
    for moment in moments:
        wrong = faults.kill(name, whole, tmp_path / "one", known, moment)
        if wrong is not None:
            break
    assert wrong == []


# Where in a promotion the process dies: after half of the vectors, or just before the switch.
PLACES = {
    "half embedded": "promote(store, search, faults.NEW, 1, lambda done: die())",
    "sealed": "writes.switch_generation = lambda *_: die()\npromote(store, search, faults.NEW, 1)",
    "weight fitted": "search.maintain = lambda *_: die()\npromote(store, search, faults.NEW, 1)",
}


@pytest.mark.parametrize("where", PLACES)
def test_after_a_broken_promotion_the_old_embedder_answers_and_a_repeat_goes_on(
    whole, tmp_path, where
):
    import shutil

    home = tmp_path / "home"
    shutil.copytree(whole / "home", home)
    before = content(home)
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from benchmarks import faults\n"
        "from indexer.vector import generations; from indexer.store.store import writes\n"
        "from indexer.store.store import Store\n"
        "from training.promote import promote\n"
        "home = Path(sys.argv[1])\n"
        "store = Store.open(home)\n"
        "search = faults.searcher(store, home)\n"
        "generations._BATCH = 20\n"
        "def die():\n"
        "    os.kill(os.getpid(), 9)\n"
    ) + PLACES[where]
    ended = subprocess.run([sys.executable, "-c", program, home], cwd=ROOT, check=False)
    assert ended.returncode == -9

    assert faults._sound(home, faults.OLD.fingerprint) == []
    assert content(home).differences(before) == []
    store = Store.open(home)
    assert store.generation(1) == faults.OLD.fingerprint
    left = len(store.unembedded(1, faults.NEW.fingerprint, -1))
    assert left < store.count_passages(1)  # what was embedded is not embedded again

    assert promote(store, faults.searcher(store, home), faults.NEW, 1)
    assert store.generation(1) == faults.NEW.fingerprint
    assert faults._sound(home, faults.NEW.fingerprint) == []
    assert store.return_to_previous_generation(1) == faults.OLD.fingerprint
    assert faults._sound(home, faults.OLD.fingerprint) == []
