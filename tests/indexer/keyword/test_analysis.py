import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.keyword.analysis import (
    _STEMMERS,
    _stemmer,
    detect_language,
    index_terms,
    query_words,
)


def found(query, document, language="en", languages=None):
    """Whether any word of the query stands in the document."""
    terms = set(index_terms(document, language).split())
    words = query_words(query, languages or [language])
    return any(terms.intersection(word.terms) for word in words)


def test_forms_of_a_word_meet_in_their_language():
    assert found("chasing dogs", "The dog chased the cat.")
    assert found("Häuser", "ein großes Haus", "de")
    assert found("книга", "Много книг на полке", "ru")
    assert found("लड़कों", "लड़का", "hi")


def test_a_query_meets_documents_of_every_language_of_the_collection():
    assert found("running", "He runs", "en", ["de", "en"])
    assert found("Zeitungen", "die Zeitung", "de", ["de", "en"])


def test_case_accents_and_width_do_not_matter():
    assert found("RESUME", "résumé", "fr")
    assert found("strasse", "Straße", "de")
    assert found("елка", "Ёлка", "ru")
    assert found("ABC", "ＡＢＣ")
    assert found("lodz", "Łódź", "pl")


def test_vowel_signs_stay_and_points_go():
    assert not found("मल", "मिल माल", "hi")
    assert found("كتاب", "كِتَابٌ", "ar")
    assert found("שלום", "שָׁלוֹם", "he")


def test_scripts_without_blanks_are_found_in_the_middle():
    assert found("北京", "我在北京大学学习", "zh")
    assert found("茶", "日本の茶道", "ja")
    assert found("ラーメン", "東京のラーメン屋", "ja")
    assert found("ภาษา", "เรียนภาษาไทย", "th")
    assert found("한국어", "한국어를 배우다", "ko")
    assert not found("京大", "大阪と京都", "ja")


def test_codes_and_numbers_are_found_whole_and_in_parts():
    text = "See section 4.2 of ISO-9001:2015 and max_open_files, maxTokens, SHA256, COVID-19."
    for query in ("4.2", "ISO 9001", "iso9001:2015", "open", "max_open_files", "maxtokens"):
        assert found(query, text), query
    for query in ("tokens", "sha", "SHA256", "covid"):
        assert found(query, text), query
    assert found("email", "Send an e-mail.")
    assert found("e-mail", "Send an email.")
    assert found("1000", "costs 1,000 dollars")
    assert not found("42", "section 4.2")


def test_names_in_capitals_stay_whole():
    assert not found("script", "JavaScript")


def test_genitives_and_elisions_leave_their_word():
    assert found("company", "the company's rules")
    assert found("école", "l’école", "fr")


def test_stop_words_leave_a_query_only_while_others_remain():
    assert [word.terms for word in query_words("what is the policy", ["en"])] == [("polici",)]
    assert len(query_words("to be or not to be", ["en"])) == 4


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("Who runs IT?", "it"),
        ("What is the birth stone for May?", "may"),
        ("May I park here?", ""),
        ("What MAY I PARK HERE?", ""),
        ("When may we park here?", ""),
        ("How long May we park?", ""),
        ("What is it good for?", ""),
    ],
)
def test_a_stop_word_that_is_written_as_a_name_stays(query, kept):
    terms = {term for word in query_words(query, ["en"]) for term in word.terms}
    assert terms & {"it", "may"} == ({kept} if kept else set())


def test_a_repeated_word_is_counted():
    words = query_words("leave, leaves and more Leave", ["en"])
    assert [(word.terms, word.count) for word in words] == [(("leav",), 3)]


def test_what_some_write_as_one_word_is_looked_for_so_too():
    words = query_words("Can I back up the code name and log in?", ["en"])
    terms = [word.terms for word in words]
    assert terms == [("back", "backup"), ("up", "backup"), ("code", "codenam"),
                     ("name", "codenam"), ("log", "login")]  # fmt: skip


def test_languages_are_told_apart_only_where_there_is_enough_text():
    english = "The quick brown fox jumps over the lazy dog near the river bank."
    german = "Der schnelle braune Fuchs springt über den faulen Hund am Ufer des Flusses."
    assert detect_language(english) == "en"
    assert detect_language(german) == "de"
    assert detect_language("Быстрая лиса прыгает через ленивую собаку у самой реки.") == "ru"
    assert detect_language("report") == detect_language("") == detect_language("12 34 56") == ""


@given(st.text())
def test_terms_hold_no_blank_and_no_operator(text):
    for term in index_terms(text, "en").split(" "):
        assert len(term.split()) <= 1
        assert not set(term) & set("\"'*()^,;{}[]\0")
        assert len(term) <= 128


@given(st.text(min_size=1, max_size=40), st.sampled_from(["", "en", "de", "zh", "hi"]))
def test_a_text_is_found_by_itself(text, language):
    words = query_words(text, [language])
    terms = set(index_terms(text, language).split())
    assert all(terms.intersection(word.terms) for word in words)


@pytest.mark.parametrize(("text", "word"), [("이 법은 시행한다", "법"), ("물을 마신다", "물")])
def test_a_word_of_one_syllable_is_found_with_what_is_written_on_to_it(text, word):
    (asked,) = query_words(word, ["ko"])
    assert set(asked.terms) & set(index_terms(text, "ko").split())


def test_terms_do_not_depend_on_what_else_is_installed(tmp_path):
    """`snowballstemmer.stemmer` is PyStemmer's where that is there (`make bench` installs it)."""
    (tmp_path / "Stemmer.py").write_text(
        "class Stemmer:\n"
        "    def __init__(self, name): pass\n"
        "    def stemWord(self, word): return 'foreign'\n"
        "def algorithms(): return []\n"
    )
    program = "from indexer.keyword.analysis import index_terms; print(index_terms('dogs', 'en'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["dog"]


def test_every_language_with_a_stemmer_has_one():
    for languages in _STEMMERS.values():
        for name in languages.values():
            assert _stemmer(name).stemWord("a")


# As it is typed, as it is written.
WRITTEN_OTHERWISE = [
    ("علي", "علی رفت", "fa"),
    ("علی", "كتب علي رسالة", "ar"),
    ("کتاب", "الكتاب موجود في المكتبة", "ar"),
    ("كليد انبار", "کلید انبار نزد نگهبان است", "fa"),
    ("مؤسسه", "المؤسسة تأسست في القاهرة", "ar"),
    ("موسسة", "المؤسسة تأسست في القاهرة", ""),
    ("الاسعار", "ارتفعت الأسعار", "ar"),
    ("ســـلام", "سلام", ""),
    ("1998", "تأسست سنة ١٩٩٨", "ar"),
    ("1402", "سال ۱۴۰۲ بود", "fa"),
    ("2024", "यह २०२४ में", "hi"),
    ("१५", "15 items", "en"),
    ("42", "๔๒ บาท", ""),
    ("签署", "自簽署之日起", "zh"),
    ("機關", "机关", "zh"),
    ("圖書館", "图书馆在东边", ""),
    ("合同", "合 同", "zh"),
    ("ＡＢＣ１２", "ABC12", "en"),
    ("1234567", "a total of 1\u00a0234\u00a0567 crowns", "en"),
    ("1234567", "a total of 1\u202f234\u202f567 crowns", "en"),
    ("1 234 567", "a total of 1234567 crowns", "en"),
    ("1234567", "CHF 1'234'567", "de"),
    ("1234567", "Summe 1.234.567,00 Euro", "de"),
    ("1234567", "₹ 12,34,567 only", "en"),
    ("confidentiality", "C O N F I D E N T I A L I T Y", "en"),
    ("договор", "Д О Г О В О Р", "ru"),
]


@pytest.mark.parametrize(("query", "document", "language"), WRITTEN_OTHERWISE)
def test_a_word_is_found_in_its_other_written_forms(query, document, language):
    terms = set(index_terms(document, language).split())
    words = query_words(query, [language])
    assert words
    assert any(terms.issuperset(word.terms) for word in words)
    if len(words) == 1:
        assert terms & set(words[0].terms)


def test_what_is_raised_behind_a_number_is_no_part_of_it():
    assert not found("106", "10⁶ cells")
    assert not found("31", "3½ cups")
    assert found("10", "10⁶ cells")
    assert found("m2", "12 m²")


def test_neighbours_that_are_no_groups_stay_apart():
    assert not found("2024150", "in 2024 150 people came")
    assert not found("12345", "items 12 345678")
    assert found("345", "12 345")


@pytest.mark.parametrize(
    ("question", "content"),
    [
        ("契約日はいつですか", "契約日"),
        ("退職願はどこに提出しますか？", "退職願 提出"),
        ("合同什么时候到期？", "合同 到期"),
        ("계약일은 언제입니까?", "계약일은"),
        ("Сколько стоит квартира?", "стоит квартира"),
        ("Що таке договір?", "таке договір"),
        ("מתי נחתם החוזה?", "נחתם החוזה"),
    ],
)
def test_question_words_leave_a_query_whatever_the_documents_are_in(question, content):
    found = {word.terms for word in query_words(question, [""])}
    assert found == {word.terms for word in query_words(content, [""])}


def test_a_query_of_question_words_alone_keeps_them():
    assert query_words("いつですか", ["ja"])


@pytest.mark.parametrize(("plural", "single"), [("DSAs", "DSA"), ("NMUs", "NMU"), ("PDFs", "PDF")])
def test_several_of_an_abbreviation_are_found_by_one(plural, single):
    assert index_terms(plural, "en") == index_terms(single, "en")
