"""A document is summed up in its own sentences, in order."""

from passages_found import found, pages_of

from rag.evidence.quotables import quotables
from rag.evidence.summary import summary

SECTIONS = (
    "Stations measure wind and rain every sixteen seconds. For example, a station in Lyon does.",
    "Stations are repaired within ten working days of their arrival. They are sent back by post.",
    "This document is for demonstration purposes only and may change. Rain gauges are cleaned "
    "every three months with clear water.",
    "Which stations are covered?\nThe warranty of stations holds for five years from the purchase.",
)


def held(*texts):
    hits = found(*texts)
    return [one.text for one in summary(hits, quotables(hits, pages_of(hits)), ["en"])]


def test_each_section_is_heard_in_its_order():
    assert held(*SECTIONS)[:4] == [
        "Stations measure wind and rain every sixteen seconds.",
        "Stations are repaired within ten working days of their arrival.",
        "Rain gauges are cleaned every three months with clear water.",
        "The warranty of stations holds for five years from the purchase.",
    ]


def test_what_leans_on_another_sentence_or_is_no_sentence_is_left_out():
    said = held(*SECTIONS, "Summary of Parts\nW2-100\nW2-210")
    assert not [one for one in said if one.startswith(("They", "For example", "This doc", "W2"))]


def test_nothing_to_say_is_an_empty_summary():
    assert held("Contents\nPage 3") == []
