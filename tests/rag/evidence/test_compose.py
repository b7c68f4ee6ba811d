"""What becomes of scored sentences: an answer that is whole, and about what was asked."""

import re

import numpy as np
from passages_found import found, pages_of

from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Block, Document, Hit, Page, Passage, Span
from rag.evidence.compose import DEPENDS, DISAGREE, SAYS_BOTH, UNEXPLAINED, compose
from rag.evidence.extract import score
from rag.evidence.quotables import quotables
from rag.question.analysis import read


class Shelf:
    """Documents made of pages; each page is a text whose lines are blocks."""

    def __init__(self, *documents):
        self._pages, self._passages, self.hits = {}, {}, []
        for n, (title, headings, pages) in enumerate(documents, start=1):
            name = f"d{n}"
            self._passages[name] = []
            for number, text in enumerate(pages, start=1):
                self._pages[name, number] = Page(number, text, blocks=tuple(blocks(text)))
                passage = Passage(
                    text,
                    headings,
                    (Span(number, 0, len(text)),),
                    number - 1,
                    100 * n + number,
                    name,
                )
                self._passages[name].append(passage)
                document = Document(
                    name, 1, f"{n}.txt", title, "", 0, "txt", 1, True, "ready", "", 1, 0, 1, 0.0
                )
                rank = len(self.hits) + 1
                self.hits.append(Hit(rank, 1.0 / rank, passage, document))

    def page(self, document, number):
        return self._pages[document, number]

    def passages_of(self, document):
        return self._passages[document]

    def ask(self, text):
        words = tuple(query_words(text, ["en"]))
        holding = {word.terms: 5 for word in words}
        question = read(text, TermStatistics(words, 100, 5000, holding), ["en"])
        pages = self._pages
        return compose(
            question, self.hits, score(question, self.hits, quotables(self.hits, pages)), self
        )


def blocks(text):
    """A line is a block: a list item, a table (lines with bars), a heading (#) or text."""
    place = 0
    table = None
    for line in text.splitlines(keepends=True):
        start, end = place, place + len(line.rstrip("\n"))
        place += len(line)
        if " | " in line:
            table = Block("table", table.start if table else start, end,
                          header=table.header if table else len(line))  # fmt: skip
            continue
        if table:
            yield table
            table = None
        if line.strip():
            listed = re.match(r"- |\d+\. ", line)
            yield Block("list" if listed else "text", start, end)
    if table:
        yield table


def quoted(shelf, question):
    return [quote.text for quote in shelf.ask(question).quotes]


VALUES = ("Handbook", (), (
    "Company values:\n1. Quality: we make good things.\n2. Honesty: we say what is true.",
    "3. Patience: we wait.\n4. Courage: we dare.\nReviews are held every year.",
))  # fmt: skip


def test_a_list_is_shown_whole_over_the_page_break():
    shelf = Shelf(VALUES)
    answer = shelf.ask("What are the company values?")
    assert answer.quotes[0].text == (
        "Company values:\nQuality: we make good things.\nHonesty: we say what is true.\n"
        "Patience: we wait.\nCourage: we dare."
    )
    assert {span.page for span in answer.quotes[0].spans} == {1, 2}
    assert len(answer.quotes) == 1


def test_a_list_stays_with_the_line_that_announces_it():
    shelf = Shelf(("Handbook", (), (
        "An appeal must contain the following:\n- Your name\n- Your number\nSend it by mail.",
    )))  # fmt: skip
    assert quoted(shelf, "What must an appeal contain?")[0] == (
        "An appeal must contain the following:\nYour name\nYour number"
    )


def test_a_list_is_announced_without_a_colon_and_an_item_goes_on_over_the_page():
    shelf = Shelf(("Paper", (), (
        "Take a sample first. Three common kinds of error are\n- Drift: the scale moves.\n"
        "- Noise: what comes of a",
        "bad room.\n- Bias: the scale is set wrong.\nAll of this takes an hour.",
    )))  # fmt: skip
    assert quoted(shelf, "What are the three common kinds of error?") == [
        "Three common kinds of error are\nDrift: the scale moves.\n"
        "Noise: what comes of a bad room.\nBias: the scale is set wrong."
    ]


def test_an_announcement_brings_what_it_announces_and_what_it_leans_on():
    shelf = Shelf(("Handbook", (), (
        "Whoever sees a theft must report the theft at once. You can do this by:\n"
        "- Calling the hotline\n- Writing to the works council",
    )))  # fmt: skip
    answer = quoted(shelf, "How do I report a theft?")
    assert answer[0].endswith(
        "You can do this by:\nCalling the hotline\nWriting to the works council"
    )


def test_one_item_is_quoted_with_the_line_that_announces_it():
    shelf = Shelf(("Sports", (), (
        "The allowance covers:\n- Gym memberships\n- Health retreats and spas\n- Boxing lessons",
    )))  # fmt: skip
    answer = shelf.ask("Does the allowance cover spas?")
    assert answer.quotes[0].text == "The allowance covers:\nHealth retreats and spas"
    assert answer.lead == "Yes."


def test_no_answer_ends_on_a_colon():
    shelf = Shelf(("Guide", (), ("To reset the station do this:\nHold the round key.",)))
    assert quoted(shelf, "How do I reset the station?") == [
        "To reset the station do this:\nHold the round key."
    ]


def test_nor_at_the_end_of_a_passage():
    shelf = Shelf(("Guide", (), ("To reset the station do this:", "Hold the round key. Wait.")))
    assert quoted(shelf, "How do I reset the station?") == [
        "To reset the station do this:\nHold the round key."
    ]


def test_yes_and_no_are_said_where_the_passage_says_so():
    shelf = Shelf(("Policy", (), (
        "Business class flights are not repaid. Train tickets are repaid.",
    )))  # fmt: skip
    assert shelf.ask("Are business class flights repaid?").lead == "No."
    assert shelf.ask("Are train tickets repaid?").lead == "Yes."


def test_what_follows_upon_a_thing_does_not_say_that_it_is_allowed():
    shelf = Shelf(("Policy", (), (
        "Whoever retaliates against a whistleblower will be subject to disciplinary action.",
    )))  # fmt: skip
    assert shelf.ask("Is retaliation against a whistleblower allowed?").lead == ""
    shelf = Shelf(("Policy", (), ("Retaliation against a whistleblower is prohibited.",)))
    assert shelf.ask("Is retaliation against a whistleblower allowed?").lead == "No."


def test_an_item_of_a_list_contradicts_nothing():
    shelf = Shelf(("Plan", (), (
        "The plan does not cover infertility treatments.",
        "Evidence is needed where the plan is to cover:\n- Infertility treatments\n- Surgery",
    )))  # fmt: skip
    assert shelf.ask("Does the plan cover infertility treatments?").lead == "No."


def test_an_announcement_that_leans_on_what_is_denied_makes_no_yes():
    shelf = Shelf(("Sports", (), (
        "Some things are not covered by the allowance. These include but are not limited to:\n"
        "- Food supplements\n- Travel",
    )))  # fmt: skip
    answer = shelf.ask("Does the allowance cover food supplements?")
    assert answer.lead == ""
    assert answer.quotes[0].text.startswith("Some things are not covered by the allowance. These")


def test_no_yes_where_it_would_have_to_be_worked_out():
    shelf = Shelf(("Policy", (), ("Receipts are needed above 10 euros.",)))
    assert shelf.ask("Are receipts needed for 8 euros?").lead == ""


def test_what_lacks_the_name_asked_for_is_not_quoted():
    shelf = Shelf(
        ("Standard plan details", (), ("The deductible of the plan is 2,000 dollars a year.",)),
        ("Plus plan details", (), ("The deductible is 500 dollars a year for each member.",)),
    )
    assert quoted(shelf, "What is the deductible of the Plus plan?") == [
        "The deductible is 500 dollars a year for each member."
    ]


def test_documents_of_several_names_say_which_is_which():
    shelf = Shelf(
        ("Standard plan details", (), ("The deductible is 2,000 dollars a year.",)),
        ("Plus plan details", (), ("The deductible is 500 dollars a year.",)),
    )
    answer = shelf.ask("How much is the deductible?")
    assert answer.lead == DEPENDS
    assert [quote.about for quote in answer.quotes] == [
        "Standard plan details",
        "Plus plan details",
    ]


def test_documents_that_disagree_are_shown_side_by_side():
    shelf = Shelf(
        ("Handbook", (), ("Staff have 30 days of paid leave a year.",)),
        ("Newsletter", (), ("Staff have 28 days of paid leave a year.",)),
    )
    answer = shelf.ask("How many days of paid leave do staff have?")
    assert answer.lead == DISAGREE
    assert [quote.about for quote in answer.quotes] == ["Handbook", "Newsletter"]


def test_programs_and_tables_of_figures_contradict_nothing():
    for said in ("> fit(staff leave days, paid = 28)", "Staff paid leave days 28 27 26 25 24 23"):
        shelf = Shelf(
            ("Handbook", (), ("Staff have 30 days of paid leave a year.",)),
            ("Newsletter", (), (said,)),
        )
        assert not shelf.ask("How many days of paid leave do staff have?").lead


def test_a_figure_for_one_case_contradicts_nothing():
    shelf = Shelf(
        ("Rules", (), ("The committee consists of up to 8 members.",)),
        ("Votes", (), ("When the committee has fewer than 5 members it appoints members.",)),
    )
    answer = shelf.ask("How many members may the committee have?")
    assert not answer.lead
    assert answer.quotes[0].text == "The committee consists of up to 8 members."


def test_what_is_denied_as_an_exception_has_none_itself():
    shelf = Shelf(("Rules", (), (
        "A person may hold several posts, except that the chair must be somebody else, and that"
        " the leader cannot appoint themselves as a delegate.",
    )))  # fmt: skip
    assert shelf.ask("Can the leader appoint themselves as a delegate?").lead == "No."


def test_what_somebody_may_do_is_the_list_below_it():
    shelf = Shelf(("Rules", (), (
        "A keeper acts alone.\nAn individual keeper may\n- open the gate;\n- close it.",
    )))  # fmt: skip
    assert quoted(shelf, "What can an individual keeper do?")[0] == (
        "An individual keeper may\nopen the gate;\nclose it."
    )


def test_a_field_of_a_record_is_shown_with_what_the_record_is_of():
    shelf = Shelf(("Options", (), (
        "Option: Ask-On-Exit\nDefault: true\nDescription: It asks before it ends.\n"
        "Option: Warn-Not-Root\nDefault: true\nDescription: It asks for root privileges.",
    )))  # fmt: skip
    first = shelf.ask("Does it ask for root privileges?").quotes[0]
    assert first.text == "Description: It asks for root privileges."
    assert first.about == "Option: Warn-Not-Root"


def test_a_name_that_stands_nowhere_is_said_not_answered():
    shelf = Shelf(("Standard plan details", (), ("The Standard plan covers dental care.",)))
    answer = shelf.ask("What does the Platinum plan cover?")
    assert not answer.quotes
    assert "“Platinum”" in answer.notice


def test_a_figure_is_not_answered_by_a_sentence_without_one():
    shelf = Shelf(("Roles", (), ("The director leads the company and its salary policy.",)))
    answer = shelf.ask("How much is the salary of the director?")
    assert not answer.quotes
    assert "figure" in answer.notice


TABLE = ("Prices", ("Stations",), (
    "Item | Price in euros | Weight\nKestrel | 249 | 2 kg\nOsprey | 389 | 4 kg\nHeron | 199 | 3 kg",
))  # fmt: skip


def test_rows_are_counted_by_what_a_column_of_names_is_called():
    shelf = Shelf(("Prices", (), TABLE[2]))
    assert shelf.ask("How many items are listed?").lead.startswith("3, counting the rows")
    assert not shelf.ask("How many kg does it weigh?").lead


def test_the_largest_of_a_column_is_found_with_its_row():
    shelf = Shelf(TABLE)
    answer = shelf.ask("Which of the stations is the most expensive?")
    assert answer.quotes[0].text == "Item: Osprey; Price in euros: 389; Weight: 4 kg"
    assert answer.lead == "The most expensive of 3 rows by “Price in euros”:"
    cheapest = shelf.ask("Which station is the cheapest?")
    assert cheapest.quotes[0].text.startswith("Item: Heron")


def test_items_are_counted_and_cited():
    shelf = Shelf(VALUES)
    answer = shelf.ask("How many company values are there?")
    assert answer.lead == "4, counting the items of this list."
    assert len(answer.quotes[0].text.split("\n")) == 5


def test_what_a_sentence_names_is_counted():
    shelf = Shelf(("Map", (), ("The states served are Ohio, Iowa, Utah and Maine.",)))
    assert shelf.ask("How many states are served?").lead == "4, counting those that this names."


def test_a_sum_is_said_to_be_beyond_quoting():
    shelf = Shelf(TABLE)
    assert "language model" in shelf.ask("What is the price of all stations in total?").notice


def test_every_span_quotes_its_page():
    shelf = Shelf(VALUES, TABLE)
    for question in ("What are the company values?", "Which item is the most expensive?"):
        for quote in shelf.ask(question).quotes:
            document = shelf.hits[quote.hit].document.id
            words = "".join(
                shelf.page(document, span.page).text[span.start : span.end] for span in quote.spans
            )
            last = quote.text.split("\n")[-1].split(": ")[-1]
            assert last in words


RECEIPT = ("Receipt 98765", (), (
    "Store #0342\nPortable Drive 2TB\nThunderbolt 3 STOR-2241 1 @ $289.00\n"
    "Keyboard Cleaning Kit\nCARE-1156 3 @ $12.99\nTOTAL $821.14",
))  # fmt: skip


def test_a_price_is_quoted_with_the_line_that_names_what_it_is_of():
    answer = quoted(Shelf(RECEIPT), "How much did the portable drive cost?")
    assert answer[0].startswith("Portable Drive 2TB\n")
    assert "$289.00" in answer[0]


def test_a_line_under_a_name_carries_it():
    answer = Shelf(RECEIPT).ask("How many keyboard cleaning kits were bought?").quotes
    assert "3 @ $12.99" in answer[0].text
    assert "Keyboard Cleaning Kit" in answer[0].text + answer[0].about


def test_an_amount_in_a_heading_can_be_quoted():
    assert quoted(Shelf(RECEIPT), "What is the total of the receipt?")[0] == "TOTAL $821.14"


def test_what_stands_behind_its_name_explains_it():
    shelf = Shelf(("Groups", (), (
        "disk\nRaw access to the drives.\nOn one machine the group disk owned some devices too.\n"
        "I can think of uses for such a group, say to give some users the disk.",
    )))  # fmt: skip
    assert quoted(shelf, 'What is the group "disk" for?')[0] == "Raw access to the drives."


def test_a_numbered_week_is_quoted_and_no_other():
    shelf = Shelf(("Yoga class", (), (
        "Week 3 Breathing through the nose in the yoga class\nWeek 4 Breathing with the belly\n"
        "Week 5 Breathing in the yoga class in two stages",
    )))  # fmt: skip
    answer = quoted(shelf, "What breathing is practised in week 4 of the yoga class?")
    assert answer[0].startswith("Week 4")


def test_a_step_is_found_by_its_number_alone():
    shelf = Shelf(("Pump service", (), (
        "1. Switch off the pump.\n2. Drain the pump.\n3. Remove the filter.\n4. Tighten the bolts.",
    )))  # fmt: skip
    assert quoted(shelf, "What is step 4?") == ["Tighten the bolts."]


FAQ = ("zlib questions", (), (
    "22. Can I use zlib in my commercial application?\nYes. Please read the license.\n"
    "23. Is zlib under the GNU license?\nNo. Please read the license in its header.\n"
    "42. The code of match.asm is under the GNU license. Does that make zlib GNU?\n"
    "No, only that file is under the GNU license.",
))  # fmt: skip


def test_what_stands_under_a_question_answers_it():
    assert quoted(Shelf(FAQ), "Is zlib under the GNU license?")[0].startswith("No.")
    assert not Shelf(FAQ).ask("Is zlib under the GNU license?").lead
    assert quoted(Shelf(FAQ), "Can I use zlib in a commercial application?")[0].startswith("Yes.")


def test_a_term_that_is_said_to_mean_something_is_explained_by_that():
    shelf = Shelf(("License", (), (
        "The intent is to state under which conditions a Package may be copied.\n"
        '"Package" refers to the collection of files distributed by the holder.',
    )))  # fmt: skip
    answer = quoted(shelf, 'What does "Package" mean in the license?')
    assert answer[0].startswith('"Package" refers to')


def test_a_reason_that_follows_is_quoted_too():
    shelf = Shelf(("Skating", (), (
        "The free leg must hang close to the other leg. Again the reason is obvious. "
        "If four persons met with waving legs, they would hit each other.",
    )))  # fmt: skip
    answer = shelf.ask("Why must the free leg hang close to the other leg?")
    assert "hit each other" in answer.quotes[0].text
    assert not answer.notice


def test_a_figure_of_something_else_is_no_answer():
    shelf = Shelf(("Receipt", (), (
        "Cashier: Emily Rodriguez\nHeadphones @ $349.99\nHub with seven ports @ $79.99",
    )))  # fmt: skip
    answer = shelf.ask("What salary does Emily Rodriguez earn?")
    assert not answer.quotes
    assert "figure" in answer.notice


def test_lines_that_name_nothing_below_them_are_quoted_together():
    shelf = Shelf(("Receipt", (), (
        "Return Policy Rules\nReturns within 30 days\nReceipt required\nItems must be unopened",
    )))  # fmt: skip
    answer = quoted(shelf, "What is the return policy?")
    assert answer[0] == "Returns within 30 days\nReceipt required\nItems must be unopened"


def test_a_number_word_of_a_language_not_written_out_is_not_missed():
    shelf = Shelf(("Museum", (), ("The museum in Tver. Музей откроется в девять утра.",)))
    assert "девять" in quoted(shelf, "Когда откроется музей?")[0]


def test_rows_behind_one_line_are_announced_once():
    shelf = Shelf(("Options", (), (
        "The table shows what each plan costs per paycheck:\nWho | Standard | Plus\n"
        "Employee only | $45.00 | $55.00\nEmployee plus one | $65.00 | $71.00",
    )))  # fmt: skip
    text = "\n".join(quoted(shelf, "What does each plan cost per paycheck?"))
    assert text.count("The table shows") == 1
    assert "$45.00" in text
    assert "$71.00" in text


def test_the_steps_come_with_the_sentence_that_begins_them():
    page = (
        "Many people go on vacation. "
        "First send a mail about your vacation to the list. It is read by all. "
        "Then mark yourself as away in the calendar. "
        "Don't forget to remove the mark. The canteen is open."
    )
    made = Shelf(("Guide", (), [page])).ask("What should I do before going on vacation?")
    assert made.quotes[0].text == (
        "First send a mail about your vacation to the list. It is read by all. "
        "Then mark yourself as away in the calendar. Don't forget to remove the mark."
    )


def test_steps_end_where_a_list_is_announced():
    page = (
        "First see how you heal your units: at most 8 points a turn. You can rest them. "
        "There are two ways to heal units:\n\n- Wait in a village.\n- Stay beside a healer.\n"
    )
    made = Shelf(("Game", (), [page])).ask("How do I heal my units?")
    assert sum(one.text.count("There are two ways") for one in made.quotes) <= 1


def test_sentences_about_different_cases_do_not_disagree():
    shelf = Shelf(
        ("Paint", (), ["The noprint option can be set, which will disable the print button."]),
        ("Paint", (), ["Pressing Alt will print from Paint with another print command."]),
    )
    assert shelf.ask("Can I print from Paint?").lead not in (DISAGREE, SAYS_BOTH, DEPENDS)


def test_a_line_that_breaks_off_brings_the_next():
    page = "To unsubscribe from a list, please send mail to\n\nlist-request@example.org\n\nTea."
    made = Shelf(("Lists", (), [page])).ask("How do I unsubscribe from a list?")
    assert "list-request@example.org" in made.quotes[0].text


def test_what_happens_and_how_it_works_are_asked_and_not_sought():
    page = "Poison\n\nA poisoned unit takes damage each turn.\n\nPotions work on most units."
    made = Shelf(("Game", (), [page])).ask("How does poison work?")
    assert made.quotes[0].text == "A poisoned unit takes damage each turn."


def test_two_names_that_no_passage_has_together_are_no_yes_and_no_no():
    shelf = Shelf(
        ("Borg", (), ("Borg keeps backups of files.",)),
        ("Gramps", (), ("It works with Windows, and Windows users are helped.",)),
    )
    made = shelf.ask("Does Borg support Windows?")
    assert not made.quotes
    assert made.notice == "No passage that was found names “Borg” and “Windows” together."


def test_what_stands_under_the_same_question_comes_before_what_repeats_its_words():
    shelf = Shelf(
        ("Locks", (), ("If several servers keep a single repository, commands in it may wait.",)),
        ("FAQ", (), (
            "Can I backup from several servers into one repository?\n"
            "This is possible, but it is not recommended. The cache lies in a folder.",
        )),
    )  # fmt: skip
    said = quoted(shelf, "Can I back up from several servers into a single repository?")
    assert said == ["This is possible, but it is not recommended. The cache lies in a folder."]


def test_names_that_are_each_explained_below_are_one_list():
    shelf = Shelf(("Manual", (), (
        "The box emulates several sound devices:\n- Buzzer\nIt makes a tone through the speaker.\n"
        "- Adlib\nIts emulation is almost whole.\nIt is placed at 220.\n- Tandy\nIt has three"
        " voices.\nSee also the next part.",
    )))  # fmt: skip
    answer = quoted(shelf, "Which sound devices does the box emulate?")
    assert answer[0] == "The box emulates several sound devices:\nBuzzer\nAdlib\nTandy"


def test_a_reason_may_stand_behind_a_colon():
    shelf = Shelf(("History", (), (
        "Version 1.0 was never released: a vendor had shipped an early copy by mistake.",
    )))  # fmt: skip
    assert not shelf.ask("Why was version 1.0 never released?").notice


GLOSSARY = ("Manual", (), (
    "Armour Class\nAbbreviated to \"AC\". Your AC reduces the damage that you suffer.\n"
    "Evasion\nAbbreviated to \"EV\". This helps you avoid being hit. Elsewhere it rains.",
))  # fmt: skip


def test_a_term_is_explained_by_all_that_speaks_of_it():
    (quote,) = Shelf(GLOSSARY).ask("What is Evasion good for?").quotes
    assert (quote.about, quote.text) == (
        "Evasion", "Abbreviated to \"EV\". This helps you avoid being hit.",
    )  # fmt: skip


def test_two_terms_are_compared_by_what_explains_them():
    answer = Shelf(GLOSSARY).ask("What is the difference between Evasion and Armour Class?")
    assert answer.lead == "Side by side:"
    assert [(one.about, one.text) for one in answer.quotes] == [
        ("Evasion", 'Abbreviated to "EV". This helps you avoid being hit.'),
        ("Armour Class", 'Abbreviated to "AC". Your AC reduces the damage that you suffer.'),
    ]


def test_lists_below_labels_of_their_own_are_one_answer():
    shelf = Shelf(("Manual", (), (
        "The following factors depend on the species:\nMajor:\n- Hit points\n- Skills\n"
        "Minor:\n- Equipment\nHumans are the average.",
    )))  # fmt: skip
    assert quoted(shelf, "Which factors depend on the species?")[0] == (
        "The following factors depend on the species:\nMajor:\nHit points\nSkills\nMinor:\n"
        "Equipment"
    )


def test_they_are_the_ones_named_before():
    shelf = Shelf(("Guide", (), (
        "Archeologists know dungeons. They start equipped with proper tools. The Barbarians are"
        " warriors with swords.",
    )))  # fmt: skip
    assert "They start" not in quoted(shelf, "What equipment do the Barbarians start with?")[0]


def test_a_question_in_other_words_is_met_by_the_one_that_asks_the_same():
    text = "Can the emulator harm my computer?\n\nIt can harm nothing more than others do."
    hits = found("The emulator runs on every PC of today.", text)
    pages = pages_of(hits) | {("d2", 1): Page(1, text, blocks=(
        Block("heading", 0, 34), Block("text", 36, len(text)),
    ))}  # fmt: skip
    near = {("harm", "damag"), ("comput", "pc")}

    def nearness(words, terms):
        return np.array(
            [[float(any((t, w) in near for w in word)) for t in terms] for word in words]
        )

    words = tuple(query_words("Can the emulator damage my PC?", ["en"]))
    question = read(
        "Can the emulator damage my PC?",
        TermStatistics(words, 100, 5000, {word.terms: 5 for word in words}),
        ["en"],
    )
    told = quotables(hits, pages)
    assert "every PC" in score(question, hits, told)[0].quotable.text
    assert "nothing more" in score(question, hits, told, nearness)[0].quotable.text


def test_a_table_below_a_heading_that_names_what_is_asked_is_the_list():
    rows = "Name | Port\nPrinting | 631\nMail | 143\nTime | 123"
    text = f"There are services running on the main server, which are described.\n{rows}"
    shelf = Shelf(("Manual", ("3.1 Services running on the main server",), (text,)))
    [quote] = quoted(shelf, "Which services run on the main server?")
    assert all(name in quote for name in ("Printing", "Mail", "Time"))


def test_who_made_something_is_not_answered_without_a_name():
    shelf = Shelf(("Manual", (), ("To create a folder in Kite Mail press the IMAP button.",)))
    assert quoted(shelf, "Who created Kite Mail?") == []
    assert "hold no name" in shelf.ask("Who created Kite Mail?").notice


def test_what_is_only_mentioned_is_not_passed_off_as_explained():
    shelf = Shelf(("Notes", (), ("A mast hangs from the kestrel, which nobody had seen before.",)))
    assert shelf.ask("What is the kestrel?").notice == UNEXPLAINED
    shelf = Shelf(("Notes", (), ("The kestrel is a small crane.",)))
    assert not shelf.ask("What is the kestrel?").notice


def test_a_reason_that_is_read_on_to_is_not_said_twice():
    text = "There are two names, Kite and Hawk. Both stayed because each is known in its country."
    shelf = Shelf(("Names", (), (text,)))
    said = " ".join(quoted(shelf, "Why are there two names, Kite and Hawk?"))
    assert said.count("Both stayed") == 1


def test_a_question_for_makers_that_none_names_fails_nowhere():
    shelf = Shelf(("Manual", (), ("The folders are there. They hold mail.",)))
    assert shelf.ask("List who created the folders") is not None
    assert shelf.ask("Who created the folders and why were they created?") is not None
