"""Which sentences are quoted."""

from dataclasses import replace

import pytest
from passages_found import found, pages_of

from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Block, Page
from rag.evidence.choose import choose
from rag.evidence.definitions import headword, spells_out, subject_of
from rag.evidence.extract import score
from rag.evidence.quotables import quotables
from rag.languages import language_of
from rag.question.analysis import expected_kind, holds_kind, read


def asked(text, languages=("en",)):
    words = tuple(query_words(text, languages))
    return read(text, TermStatistics(words, 100, 5000, {w.terms: 5 for w in words}), languages)


def quoted(question, *texts, languages=("en",), **about):
    hits = found(*texts, **about)
    question = asked(question, languages)
    scored = score(question, hits, quotables(hits, pages_of(hits)))
    return [quotable.text for quotable in choose(question, scored)]


def test_the_sentence_that_answers_is_quoted():
    got = quoted(
        "When must the depot manager be told?",
        "Shifts start at six. Tell the depot manager 15 weeks before the date. Lunch is free.",
        "The manager likes tea.",
    )
    assert got == ["Tell the depot manager 15 weeks before the date."]


def test_a_sentence_that_leans_on_the_one_before_brings_it():
    got = quoted(
        "Who may use the sauna after eight in the evening?",
        "The sauna stands in the yard. It may be used after eight in the evening by members only.",
    )
    assert got == [
        "The sauna stands in the yard.",
        "It may be used after eight in the evening by members only.",
    ]


def test_a_rule_goes_before_its_example():
    got = quoted(
        "What is the deductible of the Standard plan?",
        "For example, if another plan has a $1,000 deductible and the Standard plan has a $500"
        " deductible, only the $500 deductible of the other plan is paid.",
        "The deductible for the Standard plan is $2,000 per person, per year.",
    )
    assert got[0] == "The deductible for the Standard plan is $2,000 per person, per year."


def test_a_question_in_a_document_is_answered_by_what_follows():
    got = quoted(
        "How do I reset my password?",
        "How do I reset my password? Open the settings and choose a new one.",
    )
    assert "Open the settings and choose a new one." in got


def test_never_more_than_three_sentences():
    text = " ".join(f"The leave policy has leave rule number {n} on leave." for n in range(9))
    assert 1 <= len(quoted("What is the leave policy?", text)) <= 3


def test_nothing_found_quotes_nothing():
    assert quoted("What is the leave policy?") == []


def test_a_table_row_is_read_with_its_header():
    text = "Plan | Deductible | Copay\nStandard | $2,000 | $35\nPlus | $1,000 | $20"
    hits = found(text)
    pages = pages_of(hits, Block("table", 0, len(text), header=len("Plan | Deductible | Copay")))
    question = asked("What is the deductible of the Plus plan?")
    chosen = choose(question, score(question, hits, quotables(hits, pages)))
    assert chosen[0].text == "Plan: Plus; Deductible: $1,000; Copay: $20"
    assert text[chosen[0].start : chosen[0].end] == "Plus | $1,000 | $20"


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Town | Sum | Note", "Kiel | 12", "Town: Kiel; Sum: 12"),
        (" | Sum | Note", " | 12 | x", "Sum: 12; Note: x"),
        ("Town | Sum", "Kiel | 12 | late", "Town: Kiel; Sum: 12; late"),
        ("Town | Sum", "Kiel | ", "Town: Kiel"),
    ],
)
def test_empty_cells_do_not_cost_a_row_its_column_names(header, row, expected):
    hits = found(f"{header}\n{row}\nBonn | 7")
    whole = hits[0].passage.text
    pages = pages_of(hits, Block("table", 0, len(whole), header=len(header)))
    assert quotables(hits, pages)[0].text == expected


def test_a_row_without_column_names_is_read_with_the_name_of_its_sheet():
    text = "Kestrel | 249\nOsprey | 389"
    for sheet, expected in (("Prices", "Prices: Osprey, 389"), ("Sheet1", "Osprey, 389")):
        hits = found(text, headings=(sheet,))
        block = Block("table", 0, len(text))
        pages = {("d1", 1): Page(1, text, f"sheet {sheet}", (block,))}
        assert quotables(hits, pages)[1].text == expected


def test_a_heading_is_no_answer_but_says_what_it_is_about():
    got = quoted("How long is parental leave?", "Parental Leave\n\nIt is granted for 26 weeks.")
    assert got == ["It is granted for 26 weeks."]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When does it end?", "date"),
        ("How many days are there?", "number"),
        ("Who approves it, and when?", "name"),
        ("Where is the depot?", "name"),
        ("What is a depot?", "any"),
        ("Wann endet die Probezeit?", "date"),
        ("Wie viele Tage gibt es?", "number"),
        ("¿Quién aprueba el viaje?", "name"),
        ("¿Cuántos días hay?", "number"),
        ("Combien de jours ?", "number"),
        ("Où est le dépôt ?", "name"),
    ],
)
def test_what_a_question_asks_for(question, kind):
    assert expected_kind(question, language_of(question)) == kind


@pytest.mark.parametrize(
    ("question", "sentence", "holds"),
    [
        ("How many days?", "There are twelve days.", True),
        ("How many days?", "There are many days.", False),
        ("When was Super Bowl 50?", "Super Bowl 50 was on February 7.", True),
        ("When was Super Bowl 50?", "Super Bowl 50 was great.", False),
        ("Who won?", "The cup went to Maria.", True),
        ("Who won?", "They won the cup.", False),
    ],
)
def test_whether_a_sentence_holds_it(question, sentence, holds):
    assert holds_kind(asked(question), sentence) is holds


def test_a_word_that_no_passage_holds_weighs_most():
    words = tuple(query_words("zebra leave", ["en"]))
    holding = {words[0].terms: 0, words[1].terms: 50}
    question = read("zebra leave", TermStatistics(words, 100, 5000, holding), ["en"])
    assert question.weights[words[0].terms] > 0.8
    assert sum(question.weights.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "kind", "read_as"),
    [
        ("24. Dezember und 31. Dezember gelten als halbe Urlaubstage.", "list", None),
        ("15. März 2026 ist der letzte Tag.", "text", None),
        ("3. The pump is switched off.", "list", "The pump is switched off."),
        ("a. m. sessions begin at nine.", "text", None),
        ("- The pump is switched off.", "text", "The pump is switched off."),
    ],
)
def test_the_day_of_a_date_is_no_marker_of_a_list(text, kind, read_as):
    hits = found(text)
    pages = {place: replace(page, blocks=(Block(kind, 0, len(text)),))
             for place, page in pages_of(hits).items()}  # fmt: skip
    assert quotables(hits, pages)[0].text == (read_as or text)


def test_a_marker_alone_is_nothing_to_quote():
    hits = found("2.\n\nThe pump is switched off.")
    assert [one.text for one in quotables(hits, pages_of(hits))] == ["The pump is switched off."]


def test_a_table_of_contents_is_never_quoted():
    got = quoted(
        "What is the accounting equation?",
        "The static accounting equation .................... 11\n\n"
        "The accounting equation is the heart of double entry.",
    )
    assert got == ["The accounting equation is the heart of double entry."]


def test_what_has_the_very_name_goes_before_what_has_a_longer_one():
    got = quoted(
        "What is depreciation?",
        "A depreciation scheme is a model of how an asset loses value.",
        "Depreciation is the accounting method for spending on assets over time.",
    )
    assert got[0] == "Depreciation is the accounting method for spending on assets over time."


@pytest.mark.parametrize(
    "sentence", ["Such uploads are called Non-Maintainer Uploads (NMU).", "An NMU is an upload."]
)
def test_what_gives_a_name_explains_it(sentence):
    got = quoted(
        "What is an NMU?",
        "Before doing an NMU, ask the maintainer of the NMU.",
        f"Others may help. {sentence}",
    )
    assert sentence in got


def test_what_points_elsewhere_goes_last():
    got = quoted(
        "What is a budget report?",
        "This chapter will introduce what a budget report is and give examples of a budget report.",
        "The budget report compares plans and spending.",
    )
    assert got[0] == "The budget report compares plans and spending."


def test_a_number_word_is_its_figure():
    question = asked("What are the five account types?")
    assert question.covered(frozenset({"5", "account", "type"})) == 1.0


def test_nothing_costs_one():
    question = asked("What is the salary of an editor?")
    assert not holds_kind(question, "Each editor has one desk.")
    assert holds_kind(question, "Editors get nine thousand a year.")
    assert holds_kind(question, "Editors get $9,000.")
    assert not holds_kind(question, "There were about sixty editors at that time.")
    assert holds_kind(question, "Editor: 9000")


def test_a_version_is_no_year_and_a_year_of_a_cited_paper_no_figure():
    version = asked("Since which version are tables read?")
    assert holds_kind(version, "Tables are read since 2.4.0.")
    assert holds_kind(version, "Tables came with version 3.")
    assert not holds_kind(version, "Tables came late (Gaure 2013).")
    count = asked("How many errors are known?")
    assert not holds_kind(count, "Errors are known (Gaure 2013; Moulton 1986, 1990).")
    assert not holds_kind(count, "Gaure (2013a) knew of errors.")
    assert holds_kind(count, "By 2013 there were 12.")


def test_lines_of_a_program_stand_behind_sentences():
    got = quoted(
        "What is the mean of the sample?",
        "> sample.mean <- mean(the sample, na = TRUE)",
        "The mean of the sample is small.",
    )
    assert got[0] == "The mean of the sample is small."


def test_what_a_name_belongs_to_is_no_part_of_it():
    got = quoted(
        "What is the corresponding source?",
        "You need not copy the corresponding source along with the object code.",
        "The corresponding source for a work in object code form means all that it is made of.",
    )
    assert (
        "The corresponding source for a work in object code form means all that it is made of."
        in got
    )


def test_what_is_named_after_a_part_of_it_is_something_else():
    got = quoted(
        "What is a split transaction?",
        "A transaction with only two splits is called a simple transaction. "
        "A transaction with three or more accounts is called a split transaction.",
    )
    assert got == ["A transaction with three or more accounts is called a split transaction."]


def test_the_value_is_asked_for_not_what_it_is():
    got = quoted(
        "What is the deductible of the Standard plan?",
        "Deductibles\n\nA deductible is the amount that you pay before the insurance does.\n\n"
        "The deductible for the Standard plan is $2,000 a year.",
    )
    assert got[0] == "The deductible for the Standard plan is $2,000 a year."


INSTALLS = "Install | RAM | Disk\nNo desktop | 256 MB | 4 GB\nWith desktop | 1 GB | 10 GB"


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How much RAM does a desktop need?", "Install: With desktop; RAM: 1 GB; Disk: 10 GB"),
        ("How much RAM without a desktop?", "Install: No desktop; RAM: 256 MB; Disk: 4 GB"),
    ],
)  # fmt: skip
def test_what_lacks_a_thing_answers_where_its_lack_is_asked_about(question, row):
    hits = found(INSTALLS)
    pages = pages_of(hits, Block("table", 0, len(INSTALLS), header=len("Install | RAM | Disk")))
    read = asked(question)
    assert choose(read, score(read, hits, quotables(hits, pages)))[0].text == row


def test_a_lone_yes_goes_with_what_it_says_yes_to_and_where_that_was_not_asked_it_goes():
    hits = found("May it be sold?\n\nYes. The main part is free.")
    pages = pages_of(hits, Block("heading", 0, 15), Block("text", 17, 44))
    both, alone = (quotables(hits, pages, yes_no=yes_no) for yes_no in (True, False))
    assert [one.text for one in both] == ["Yes. The main part is free."]
    assert [one.text for one in alone] == ["The main part is free."]


def test_the_number_of_a_page_of_the_front_matter_is_no_answer():
    hits = found("The code name is bookworm.\n\nvii")
    assert [one.text for one in quotables(hits, pages_of(hits))] == ["The code name is bookworm."]


def test_a_year_lies_within_two_others():
    got = quoted(
        "Who led the club in 2014?",
        "Ann led the club from April 2010 until April 2013. Lucas led the club from April 2013"
        " until May 2015. Neil led the club from May 2015 until April 2016.",
    )
    assert got == ["Lucas led the club from April 2013 until May 2015."]


def test_this_release_is_the_one_named_before():
    got = quoted(
        "Which ports were added in Woody?",
        "Woody came out in July. Even more ports were added in this release: mips, arm and s390."
        " Sarge came out later, with mips and arm ports.",
    )
    assert got[:2] == [
        "Woody came out in July.",
        "Even more ports were added in this release: mips, arm and s390.",
    ]


def test_what_is_said_to_do_so_goes_before_what_says_something_else_to_do():
    got = quoted(
        "How do I subscribe to the users list?",
        "You can see the users list to which you subscribe in the file.",
        "To subscribe to a users list, send a mail with the word subscribe.",
    )
    assert got[0] == "To subscribe to a users list, send a mail with the word subscribe."


def test_a_key_is_asked_for():
    got = quoted(
        "Which key slows the game down?",
        "Slowing the game down has the effect that it is slow.",
        "CTRL-F11 slows down.",
    )
    assert got == ["CTRL-F11 slows down."]


def test_what_it_is_for_is_what_it_does():
    got = quoted(
        "What is the sidebar for?",
        "This sets the characters between the sidebar and the other panels.",
        "The sidebar shows a list of all mailboxes. Press b in the sidebar.",
    )
    assert got == ["The sidebar shows a list of all mailboxes."]


def test_what_somebody_does_is_told_by_what_they_are_responsible_for():
    got = quoted(
        "What does the Chief Pilot do?",
        "Job Title: Chief Pilot.",
        "The Chief Pilot of the northern fleet will be responsible for training the crews.",
    )
    assert got == [
        "The Chief Pilot of the northern fleet will be responsible for training the crews."
    ]


def test_a_word_of_a_dictionary_names_what_follows_it():
    entry = ":heisenbug: /hi:'zen·buhg/, n."
    text = f"{entry}\n\n[from physics] A bug that goes away when one looks.\n\nCompare heisenbug."
    hits = found(text, "The term says that it is no heisenbug.")
    blocks = [Block("text", 0, len(entry)), Block("text", len(entry) + 2, len(text))]
    read = asked("What is a heisenbug?")
    scored = score(read, hits, quotables(hits, pages_of(hits, *blocks)))
    assert choose(read, scored)[0].text == "[from physics] A bug that goes away when one looks."


def test_a_way_goes_on_with_the_line_that_announced_all_of_them():
    text = "To mount in Windows:\n\n- mount d\n\nin Linux:\n\n- mount e"
    hits = found(text)
    blocks = [Block("text", 0, 20), Block("list", 22, 31), Block("text", 33, 42),
              Block("list", 44, 53)]  # fmt: skip
    leads = [one.lead for one in quotables(hits, pages_of(hits, *blocks)) if one.item]
    assert leads == ["To mount in Windows:", "To mount in Windows: in Linux:"]


def test_a_name_of_a_list_is_what_the_text_below_it_is_about():
    text = "- Gameblaster\n\nIt is placed at 220.\n\n- Adlib\n\nIt is placed at 388."
    hits = found(text)
    blocks = [Block("list", 0, 13), Block("text", 15, 35), Block("list", 37, 44),
              Block("text", 46, 66)]  # fmt: skip
    told = quotables(hits, pages_of(hits, *blocks))
    assert [(one.topic, one.text) for one in told if not one.item] == [
        ("Gameblaster", "It is placed at 220."), ("Adlib", "It is placed at 388."),
    ]  # fmt: skip


def test_a_key_is_found_by_its_very_name():
    table = "Key | Function\nj or <Down> | next entry\nz or <PageDn> | next page"
    hits = found(table, "The most important keys of menus are shown in a table.")
    blocks = (Block("table", 0, len(table), header=len("Key | Function\n")),)
    question = asked("What does the key z do in menus?")
    scored = score(question, hits, quotables(hits, pages_of(hits, *blocks)))
    assert scored[0].quotable.text == "Key: z or <PageDn>; Function: next page"


@pytest.mark.parametrize(
    ("question", "other", "answer"),
    [
        (
            "What language is Kite written in?",
            "One of the languages that Babel has is Kite.",
            "Kite is written in C++.",
        ),
        ("How do I build Kite?", "Tests of Kite build on a script.",
         "The easiest way to build Kite is to run make."),
        ("What is an account in Kite?", "Kite has accounts that do not exist.",
         "An account is anywhere money can go."),
        ("What goes into the attic?", "The attic is not locked at night.",
         "The attic holds chairs."),
        ("What does ERL mean?", "The ERL of men was compared to the ERL of women.",
         "We look at the expected residual lifetime, ERL."),
    ],
)  # fmt: skip
def test_what_says_it_as_it_is_asked_comes_first(question, other, answer):
    hits, asked_for = found(f"{other} {answer}"), asked(question)
    scored = score(asked_for, hits, quotables(hits, pages_of(hits)))
    assert scored[0].quotable.text == answer


def test_an_option_is_found_by_its_very_name():
    text = "-s, --standard\n\nTake the standard alone.\n\n-q, --quiet\n\nSay no welcome."
    hits = found('Special letters are "a" for alert and "q" for a quote.', text)
    blocks = (Block("text", 0, 14), Block("text", 16, 40), Block("text", 42, 53),
              Block("text", 55, len(text)))  # fmt: skip
    pages = pages_of(hits) | {("d2", 1): Page(1, text, blocks=blocks)}
    read = asked("What does the option -q do?")
    best = score(read, hits, quotables(hits, pages))[0].quotable
    assert (best.topic, best.text) == ("-q, --quiet", "Say no welcome.")


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("In health care, an encounter is a contact with a patient.", "an encounter"),
        ("Encounters are often clustered in time.", ""),
        ("Kite is built dynamically only (--shared).", ""),
        ("A deductible is the amount that you pay.", "A deductible"),
        ("Deductibles are fixed amounts.", "Deductibles"),
        ("Why SOAP is bad for the medical record.", ""),
        ("The flag is used to end the run.", "The flag"),
    ],
)
def test_what_a_sentence_explains(sentence, subject):
    assert subject_of(sentence).strip() == subject


def test_an_abbreviation_is_spelt_out_by_its_initials():
    assert spells_out("SOAP", "It has Subjective, Objective, Assessment, and Plan.")
    assert spells_out("DSA", "Debian Security Advisories (DSAs) are signed.")
    assert not spells_out("SOAP", "Why SOAP is bad for the medical record.")
    assert not spells_out("DSA", "The DSA channel is open.")
    assert spells_out("ERL", "We use the label expected residual lifetime, ERL.")
    assert not spells_out("ERL", "An expected residual lifetime is counted.")


def test_what_is_said_of_a_name_in_passing_is_no_part_of_it():
    assert headword("Kite, formerly named Hawk, ").strip() == "Kite"
    assert headword("The upload queue (incoming) ").strip() == "The upload queue"
