"""From scored sentences to an answer: the fewest that answer, whole, about the right subject. Pure.

`extract` says how well each sentence answers. What becomes of that is decided here: lists and
tables are shown whole, a line that announces something never stands alone, a sentence about
another subject carries its heading, a yes/no question begins with yes or no, documents that
disagree are shown side by side, and what can be counted or compared exactly is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from indexer.records import Hit
from rag.evidence import choose, exact, explaining, verdicts
from rag.evidence.around import Around
from rag.evidence.definitions import called_a, subject_of
from rag.evidence.extract import Scored
from rag.evidence.lacking import may_answer, missing_in
from rag.evidence.lists import Entries, announces
from rag.evidence.quotables import Quotable
from rag.evidence.quotes import Documents, Quote, Quoter
from rag.evidence.steps import first_step, last_step
from rag.evidence.subject import by_subject
from rag.question.analysis import Question, holds_kind, wants_strictly
from rag.question.form import asked_noun, compared, is_procedure

# A table answers a question for several things where its headings hold this share of it.
_NAMED_HELD = 0.8
# Items of one list among the sentences chosen that show that the list is meant.
_MEANT = 2
# An item that holds this share of the question by itself is the answer, not its list.
_ITEM_ALONE = 0.8
# The share of the question that announcement, headings and item must hold for the whole list
# to be the answer to a question for a list.
_LIST_HELD = 0.5
# Sentences that a reason may stand behind what it is the reason of.
_REASON_FOLLOWS = 2
_ANNOUNCES = 60
# … and, behind a colon, one of so many words where what stands before it holds that share.
_REASON_WORDS, _REASON_HELD = 4, 0.6
# The same statement in another document: this share of the best score and of its words.
_RIVAL_SCORE = 0.8
_RIVAL_WORDS = 0.5
_MOST_RIVALS = 2
# A total or mean that a sentence states itself.
_TOTAL = re.compile(r"\b(?:totals?|altogether|in all|sum|average|mean|combined)\b", re.IGNORECASE)
# Headings that hold so much more of the question than the sentence does are shown with it.
_HEADING_SAYS = 0.15
# A sentence that begins, or ends, with the yes or no.
_SAYS_ITSELF = re.compile(r"^\W*(?:yes|no|ja|nein|sí|oui|non)\b|, (?:yes|no)\W*$", re.IGNORECASE)

DISAGREE = "Your documents disagree."
SAYS_BOTH = "This document says different things."
DEPENDS = "Different documents, different answers."
NOT_QUOTING = {
    "total": "Adding up and averaging is more than quoting can do: these are the passages.",
    "compare": "Comparing is more than quoting can do: here is what the documents say of each.",
    "summary": "This quotes what comes nearest. `footnote summary` and the Library sum up a "
    "whole document.",
    "count": "No passage states the number, and no list could be counted: these come nearest.",
    "reason": "No passage gives a reason; this is what they say.",
}
UNEXPLAINED = "No passage says what it is; this is what they say of it."
_NAME_WORDS = 2
_WHAT_IS = re.compile(
    r"\W*(?:what(?:'s|’s| is| are)|was (?:ist|sind)|qué (?:es|son))\b", re.IGNORECASE
)
OFFER = "A language model can: set one up under Settings."


@dataclass(frozen=True, slots=True)
class Composed:
    """An answer by quotation. `lead` is said by Footnote itself, `notice` what it cannot do."""

    quotes: tuple[Quote, ...] = ()
    lead: str = ""
    notice: str = ""


def compose(
    question: Question, hits: Sequence[Hit], scored: Sequence[Scored], documents: Documents
) -> Composed:
    """Put the answer together; without quotes where nothing is about what was asked."""
    named = by_subject(question, hits, scored)
    if not named.scored:
        return Composed()
    missing = missing_in(question, named)
    if missing:
        return Composed(notice=missing)
    if wants_strictly(question):
        strict = tuple(filter(partial(may_answer, question), named.scored))
        named = replace(named, scored=strict or named.scored)
    places = {(one.quotable.hit, one.quotable.order): one.quotable for one in scored}
    quoter = Quoter(hits, places, documents)
    return _Composer(question, hits, named.scored, quoter).compose()


class _Composer:
    """One question with what was found for it."""

    def __init__(
        self,
        question: Question,
        hits: Sequence[Hit],
        scored: Sequence[Scored],
        quoter: Quoter,
    ) -> None:
        self.question, self.hits, self.scored = question, hits, scored
        self._by_place = {(one.quotable.hit, one.quotable.order): one for one in scored}
        self._quoter = quoter
        self._around = Around(question, scored, quoter)

    def compose(self) -> Composed:
        worked = self._worked()
        if worked is not None:
            return worked
        if self.question.form == "compare" and (beside := self._side_by_side()) is not None:
            return beside
        conflict = verdicts.disagreement(self.question, self.scored, self.question.form == "yes_no")
        if conflict is not None:
            return self._conflicting(conflict)
        chosen = choose.choose(self.question, self.scored)
        quotes = self._with_steps(self._with_reason(self._quotes(chosen), chosen))
        if (told := self._around.told_there()) is not None:
            quotes = [told]
        rivals = self._rivals(self.scored[0])
        lead = self._yes_or_no(chosen) if not rivals else ""
        if rivals:
            quotes = [quotes[0], *(self._quoter.quote(one.quotable) for one in rivals)]
            lead = DEPENDS
        return Composed(self._labelled(quotes, bool(rivals)), lead, self._limits())

    # --- what is worked out ----------------------------------------------------------------

    def _worked(self) -> Composed | None:
        """A count or an extreme, with the cells that it comes from."""
        found = None
        if self.question.form == "count":
            found = exact.count(self.question, self.scored, self._quoter.entries, self._quoter.page)
            if found is None and (named := exact.count_in_sentence(self.question, self.scored)):
                number, one = named
                named_in = self._labelled([self._quoter.quote(one.quotable)], False)
                return Composed(named_in, f"{number}, counting those that this names.")
        elif self.question.form == "most":
            found = exact.most(self.question, self.scored, self._quoter.entries, self._quoter.page)
        if found is None:
            return None
        quotes = [self._quoter.whole(found.hit, replace(found.whole, items=found.spans))]
        return Composed(self._labelled(quotes, False), found.lead)

    def _side_by_side(self) -> Composed | None:
        """The best sentence of each of two documents or rows that are compared."""
        best = self.scored[0]
        explained = [self._explains(name) for name in compared(self.question.text)]
        if explained and None not in explained:
            quotes = [
                replace(
                    self._around.explanation(one.quotable) or self._quoter.quote(one.quotable),
                    about=one.quotable.topic if one.quotable.entry else "",
                )
                for one in explained
                if one is not None
            ]
            return Composed(self._labelled(quotes, False), "Side by side:", OFFERED["compare"])
        rivals = self._rivals(best)
        if not rivals:
            return None
        quotes = [self._quoter.quote(one.quotable) for one in (best, *rivals)]
        return Composed(self._labelled(quotes, True), "Side by side:", OFFERED["compare"])

    def _explains(self, name: str) -> Scored | None:
        """The best sentence that says what something is, or stands first under its name."""
        wanted = explaining.content(self.question, name)

        def does(one: Scored) -> bool:
            quotable = one.quotable
            before = self._by_place.get((quotable.hit, quotable.order - 1))
            first = before is None or before.quotable.topic != quotable.topic
            if first and explaining.content(self.question, quotable.topic) == wanted:
                return True
            return explaining.content(self.question, called_a(quotable.text)) == wanted

        return next(filter(does, self.scored), None) if wanted else None

    def _conflicting(self, conflict: verdicts.Disagreement) -> Composed:
        quotes = [self._quoter.quote(one.quotable) for one in (conflict.first, conflict.second)]
        apart = self._speak_of_different(conflict.first, conflict.second)
        same = self._document(conflict.first) == self._document(conflict.second)
        lead = DEPENDS if apart else SAYS_BOTH if same else DISAGREE
        return Composed(self._labelled(quotes, True), lead)

    def _limits(self) -> str:
        """What was asked for that quoting cannot do, '' where it could."""
        form = self.question.form
        if form == "reason" and self._gives_reason():
            return ""
        if form == "fact" and self._unexplained():
            return UNEXPLAINED
        if form == "total" and any(_TOTAL.search(one.quotable.text) for one in self.scored[:3]):
            return ""
        if form == "count" and holds_kind(self.question, self.scored[0].quotable.text):
            return ""
        return OFFERED.get(form, "")

    def _unexplained(self) -> bool:
        """Whether something is to be explained, by a name or two, that the best only mentions."""
        best = self.scored[0]
        name = explaining.to_explain(self.question)
        if not (name and _WHAT_IS.match(self.question.text)) or best.defines or best.asked:
            return False
        if len(name.split()) > _NAME_WORDS:
            return False
        text, topic = best.quotable.text, best.quotable.topic
        wanted = explaining.content(self.question, name)
        headings = self.hits[best.quotable.hit].passage.headings[-1:]
        named = any(
            wanted <= explaining.content(self.question, line) for line in (topic, *headings)
        )
        explains = explaining.content(self.question, subject_of(text)) >= wanted
        return not (named or explains or any(map(str.isdigit, text)) or ": " in text)

    def _with_reason(self, quotes: list[Quote], chosen: Sequence[Quotable]) -> list[Quote]:
        """The quotes, the first one read on to the reason where that follows it."""
        if self.question.form != "reason" or not chosen or not quotes:
            return quotes
        best = self.scored[0].quotable
        if quotes[0].hit != best.hit or best.item or self._is_reason(self.scored[0]):
            return quotes
        for order in range(best.order + 1, best.order + 1 + _REASON_FOLLOWS):
            one = self._by_place.get((best.hit, order))
            if one is not None and self._is_reason(one):
                # "The reason is obvious." announces the sentence after it
                more = (
                    len(one.quotable.text) < _ANNOUNCES and (best.hit, order + 1) in self._by_place
                )
                whole = self._quoter.stretch(best.hit, best.order, order + more)
                return [whole, *(one for one in quotes if not self._quoter.within(one, whole))]
        return quotes

    def _with_steps(self, quotes: list[Quote]) -> list[Quote]:
        """The quotes, that of the best sentence with the steps before and behind it."""
        best = self.scored[0].quotable
        if not is_procedure(self.question.text) or best.item:
            return quotes
        named = {one.quotable.order: one.quotable for one in self.scored
                 if one.quotable.hit == best.hit}  # fmt: skip
        first, last = first_step(best, named.get), last_step(best, named.get)
        whole = self._quoter.stretch(best.hit, first, last, prose=True)
        if first == last or not any(self._quoter.within(one, whole) for one in quotes):
            return quotes
        kept = [one for one in quotes if not self._quoter.within(one, whole)]
        return [whole, *kept]

    def _is_reason(self, one: Scored) -> bool:
        """Whether a sentence gives a reason, or says what is asked about and goes on: "…: a …"."""
        if self.question.language.causal.search(one.quotable.text) is not None:
            return True
        said, _, more = one.quotable.text.partition(": ")
        held = self.question.covered(self.question.terms_of(said))
        return len(more.split()) >= _REASON_WORDS and held >= _REASON_HELD

    def _gives_reason(self) -> bool:
        follows = (
            self._by_place.get((self.scored[0].quotable.hit, self.scored[0].quotable.order + away))
            for away in range(1, 1 + _REASON_FOLLOWS)
        )
        nearest = (*self.scored[:3], *(one for one in follows if one is not None))
        return any(map(self._is_reason, nearest))

    def _yes_or_no(self, chosen: Sequence[Quotable]) -> str:
        """Yes or no, where a sentence chosen says so and no other says the reverse."""
        if self.question.form != "yes_no":
            return ""
        if any(_SAYS_ITSELF.search(one.text) for one in chosen):
            return ""
        said = {
            verdicts.polarity(self.question, one): one
            for one in reversed([self._scored(quotable) for quotable in chosen])
        }
        said.pop("", None)
        if len(said) != 1:
            return ""
        [(polarity, one)] = said.items()
        text = f"{one.quotable.lead} {one.quotable.text}"
        return verdicts.lead(self.question, polarity, text)

    # --- which of several documents --------------------------------------------------------

    def _rivals(self, best: Scored) -> list[Scored]:
        """What other documents state in nearly the same words: for whom does it hold?"""
        found: list[Scored] = []
        seen = {self._document(best)}
        for one in self.scored[1:]:
            if one.score < _RIVAL_SCORE * best.score or len(found) == _MOST_RIVALS:
                break
            shared = len(one.terms & best.terms)
            alike = shared >= _RIVAL_WORDS * min(len(one.terms), len(best.terms))
            fits = holds_kind(self.question, one.quotable.text)
            if self._document(one) in seen or not alike or not fits:
                continue
            if one.quotable.text != best.quotable.text and self._speak_of_different(best, one):
                seen.add(self._document(one))
                found.append(one)
        return found

    def _document(self, one: Scored) -> str:
        return self.hits[one.quotable.hit].document.id

    def _speak_of_different(self, one: Scored, other: Scored) -> bool:
        """Whether two sentences stand in documents with sibling titles, each with its own name."""
        titles = [
            self.question.terms_of(self.hits[each.quotable.hit].document.title)
            for each in (one, other)
        ]
        words = [frozenset(term for term in title if term.isalpha()) for title in titles]
        apart = bool(words[0] - words[1]) and bool(words[1] - words[0])
        return apart and bool(words[0] & words[1])

    # --- whole quotes ----------------------------------------------------------------------

    def _quotes(self, chosen: Sequence[Quotable]) -> list[Quote]:
        quotes: list[Quote] = []
        for quotable in chosen:
            entries = self._quoter.entries(quotable)
            if entries is not None and self._only_announces(quotable, chosen, entries):
                continue
            if entries is not None and self._means_list(quotable, chosen, entries):
                made = self._quoter.whole(quotable.hit, entries)
            else:
                made = (
                    self._quoter.running_on(quotable)
                    or self._around.explanation(quotable)
                    or self._around.record(quotable)
                    or self._quoter.quote(quotable)
                )
            label = self._around.label(quotable)
            said = re.search(rf"(?<!\w){re.escape(label)}(?!\w)", made.text)
            made = replace(made, about="" if said else label)
            if not any(self._quoter.within(made, other) for other in quotes):
                kept = [other for other in quotes if not self._quoter.within(other, made)]
                quotes = [*kept, made]
        quotes = _announced_once(quotes)
        if self.question.form == "list" and not any(one.text.count("\n") for one in quotes):
            quotes = self._named_table() or quotes
        whole = [one for one in quotes if not announces(one.text)] or quotes
        lists = [one for one in whole if one.text.count("\n") >= _MEANT]
        return lists if lists and self.question.form == "list" else whole

    def _named_table(self) -> list[Quote]:
        """The table below a heading that names what is asked for, where it has a few rows."""
        noun = self.question.terms_of(asked_noun(self.question.text))
        for one in self.scored:
            if not one.quotable.item or not noun & one.head:
                continue
            if self.question.covered(one.head) < _NAMED_HELD:
                continue
            entries = self._quoter.entries(one.quotable)
            if entries and entries.kind == "table" and len(entries.items) > _MEANT:
                return [self._quoter.whole(one.quotable.hit, entries)]
        return []

    def _only_announces(
        self, quotable: Quotable, chosen: Sequence[Quotable], entries: Entries
    ) -> bool:
        """Whether this announces a list of which one item, chosen too, is the answer."""
        if quotable.item or self.question.form == "list":
            return False
        places = self._places(entries)
        return any(
            other.item and self._quoter.span(other) in places and self._scored(other).coverage
            for other in chosen
        )

    def _scored(self, quotable: Quotable) -> Scored:
        return self._by_place[quotable.hit, quotable.order]

    def _means_list(self, quotable: Quotable, chosen: Sequence[Quotable], entries: Entries) -> bool:
        """Whether the whole list answers, not the one item."""
        if not quotable.item:
            return True  # the line that announces it
        same = sum(
            1
            for other in chosen
            if other.item and self._quoter.span(other) in self._places(entries)
        )
        several = same >= _MEANT and self._scored(quotable).coverage < _ITEM_ALONE
        if several and entries.kind == "list" and self.question.kind in ("any", "name"):
            return True
        held = self.question.covered(self._scored(quotable).head)
        return self.question.form == "list" and held >= _LIST_HELD

    def _places(self, entries: Entries) -> set[tuple[int, int]]:
        return {(item.page, item.start) for item in entries.items}

    # --- headings --------------------------------------------------------------------------

    def _labelled(self, quotes: Sequence[Quote], titles: bool) -> tuple[Quote, ...]:
        """Quotes of several documents with their titles, of another section with its heading."""
        several = titles or len({self.hits[one.hit].document.id for one in quotes}) > 1
        return tuple(
            replace(one, about=" › ".join(self._above(one, several, quotes))) for one in quotes
        )

    def _above(self, one: Quote, several: bool, quotes: Sequence[Quote]) -> list[str]:
        hit = self.hits[one.hit]
        title = [hit.document.title] if several else []
        if one.about:
            return [*title, one.about]
        heading = hit.passage.headings[-1] if hit.passage.headings else ""
        if not heading or heading == hit.document.title:
            return title
        elsewhere = heading != self._heading(quotes[0])
        own = self.question.covered(self.question.terms_of(one.text))
        both = self.question.covered(self.question.terms_of(f"{one.text} {heading}"))
        return [*title, heading] if elsewhere or both - own >= _HEADING_SAYS else title

    def _heading(self, one: Quote) -> str:
        headings = self.hits[one.hit].passage.headings
        return headings[-1] if headings else ""


def _announced_once(quotes: Sequence[Quote]) -> list[Quote]:
    """Items or rows behind the same line in one quote, the line said once."""
    made: list[Quote] = []
    for one in quotes:
        opening, _, rest = one.text.partition("\n")
        before = made[-1] if made else None
        same = before is not None and before.hit == one.hit and before.spans[:1] == one.spans[:1]
        if before is not None and rest and same and before.text.startswith(f"{opening}\n"):
            text, spans = f"{before.text}\n{rest}", (*before.spans, *one.spans[1:])
            made[-1] = replace(before, text=text, spans=spans)
        else:
            made.append(one)
    return made


OFFERED = {
    form: text if form == "reason" else f"{text} {OFFER}" for form, text in NOT_QUOTING.items()
}
