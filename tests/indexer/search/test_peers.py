"""Homes that do not answer: each round waits once, and what hangs is not asked again meanwhile."""

import threading
import time

import pytest

from indexer.search.peers import PeerError, Rounds, Voice


class Home:
    """Says which languages it has, when it may."""

    def __init__(self, name, answers=None):
        self.name, self.asked, self._answers = name, 0, answers

    def ask(self, what, **given):
        self.asked += 1
        if self._answers is not None:
            self._answers.wait(20)
        return ["en"]


@pytest.fixture
def answers():
    let_go = threading.Event()
    yield let_go
    let_go.set()


def asked(rounds, *homes):
    away = []
    voices = [Voice(home, place, {"reports": 1}) for place, home in enumerate(homes)]
    return rounds.ask(voices, away, "languages", lambda one: {}), away


def test_several_that_hang_are_waited_for_together(answers):
    rounds = Rounds(patience=1)
    began = time.monotonic()
    said, away = asked(rounds, Home(""), *(Home(f"slow{n}", answers) for n in range(4)))
    assert time.monotonic() - began < 3.5
    assert said == {0: ["en"]}
    assert away == [f"slow{n}" for n in range(4)]


def test_one_that_hangs_does_not_take_the_threads_of_the_others(answers):
    rounds = Rounds(patience=1)
    hanging, quick = Home("slow", answers), Home("quick")
    for _ in range(40):
        said, away = asked(rounds, Home(""), hanging, quick)
        assert said == {0: ["en"], 2: ["en"]}
        assert away == ["slow"]
    assert (hanging.asked, quick.asked) == (1, 40)


def test_one_that_answers_again_is_asked_again(answers):
    rounds = Rounds(patience=1)
    hanging = Home("slow", answers)
    assert asked(rounds, Home(""), hanging) == ({0: ["en"]}, ["slow"])
    answers.set()
    while hanging.asked == 1:
        said, away = asked(rounds, Home(""), hanging)
    assert (said, away) == ({0: ["en"], 1: ["en"]}, [])


def test_one_that_refuses_is_away():
    class Refusing(Home):
        def ask(self, what, **given):
            raise PeerError("no")

    assert asked(Rounds(), Home(""), Refusing("far")) == ({0: ["en"]}, ["far"])
