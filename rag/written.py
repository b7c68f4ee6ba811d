"""What a language model writes of a reading, each sentence checked against the documents."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from indexer.parsers.layout import clean
from rag.evidence import cite
from rag.evidence.footnotes import Notes
from rag.llm import generate
from rag.llm.client import ChatModel, LanguageModelError, MalformedReplyError
from rag.reading import Drafted, OnText, Reading
from rag.records import Footnote, Sentence

# A generated answer of five sentences with its citations has some 200 tokens; a reasoning
# model thinks for a few hundred before.
_ANSWER_TOKENS = 1200

# Characters of a reply that are made into an answer: ten times what that limit lets through.
_LONGEST_REPLY = 40_000

_ENDS = (".", "!", "?", "。", "！", "？", "।", ":", ")", '"', "”", "’", "»", "」", "؟", "۔")


def rewritten(reading: Reading, llm: ChatModel, told: OnText, quoted: Drafted) -> Drafted:
    """What was quoted as a language model puts it; as it was where that fails."""
    try:
        return generated(reading, llm, told)
    except LanguageModelError as error:
        notice = f"{error}. The document's own sentences are shown instead."
        return replace(quoted, notice=notice)


def generated(reading: Reading, llm: ChatModel, told: OnText) -> Drafted:
    """Let the model write, then check each sentence. Raises where not a word came.

    What the passages hold none of, on a question that they do not seem to answer, is not shown.
    """
    messages = generate.prompt(reading.question.text, reading.hits, secrets.token_hex(4))
    pieces: list[str] = []
    notice = ""
    refusing = True  # as far as can be seen yet; nobody is shown the word for it
    try:
        for spoken in generate.spoken(llm.stream(messages, _ANSWER_TOKENS)):
            piece = clean(spoken[:_LONGEST_REPLY])  # a model may repeat what a document hides
            pieces.append(piece)
            if refusing:
                piece = "".join(pieces)
                refusing = generate.may_refuse(piece)
            if not refusing:
                told(piece)
    except LanguageModelError as error:
        if not "".join(pieces).strip():
            raise
        notice = f"{error}. What had come by then is shown."
    reply = generate.thought_out("".join(pieces)[:_LONGEST_REPLY])
    if not reply.strip():
        raise MalformedReplyError("the language model sent an empty answer")
    claims = generate.claims(reply, len(reading.hits))
    sentences, footnotes = _checked(claims, reading, whole=not notice)
    doubtful = generate.refuses(reply) or reading.doubtful
    if doubtful and not any(sentence.footnotes for sentence in sentences):
        return Drafted("generated", notice=notice)
    return Drafted("generated", sentences, footnotes, notice)


def _checked(
    claims: Sequence[generate.Claim], reading: Reading, *, whole: bool
) -> tuple[tuple[Sentence, ...], tuple[Footnote, ...]]:
    """A reply's sentences with verdicts, and footnotes that lead to what holds them.

    A sentence that cites nothing, or the wrong passage, is given the passage that plainly
    holds it, if there is one; otherwise it stays marked as unsupported. Where the reply is not
    `whole`, a last sentence without its end is shown as such and supported by nothing.
    """
    notes = Notes(reading.hits, lambda document, number: reading.pages[document, number])
    sentences = []
    for place, claim in enumerate(claims, start=1):
        if not whole and place == len(claims) and not claim.text.endswith(_ENDS):
            sentences.append(Sentence(f"{claim.text} …", "unsupported", ()))
            continue
        support = _support(claim, reading)
        sentences.append(Sentence(claim.text, support.verdict, notes.add(support.evidence)))
    return tuple(sentences), notes.footnotes


def _support(claim: generate.Claim, reading: Reading) -> cite.Support:
    languages = reading.question.languages
    cited = [q for q in reading.quotables if q.hit + 1 in claim.cited]
    reader = reading.judges.reader
    support = cite.check(claim.text, cited, reading.hits, languages, reader)
    if support.verdict == "supported":
        return support
    elsewhere = cite.check(claim.text, reading.quotables, reading.hits, languages, reader)
    return elsewhere if elsewhere.verdict == "supported" else support
