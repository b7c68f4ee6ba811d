"""Records as people read them and as JSON that scripts rely on. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from footnote.rendering.formatting import count, duration, harmless

if TYPE_CHECKING:
    from footnote.backup.backup import BackupReport
    from footnote.backup.restore import RestoreReport
    from indexer.doctor.repair import Problem
    from indexer.ingest.progress import IngestPlan, IngestReport
    from indexer.records import Document, Hit, Receipt
    from indexer.search.searcher import SearchResult
    from indexer.search.similar import SimilarDocument
    from rag.explain import Explanation
    from rag.records import Answer, Footnote, Sentence
    from training.evaluation.evaluate import EvalReport
    from training.evaluation.proof import Proof
    from training.evaluation.tasks import TaskReport
    from training.pipeline import TrainingResult
    from training.synthesis.progress import CallEstimate, SynthReport

# Shown behind a sentence whose claim the check did not find in what it cites.
MARKS = {
    "supported": "",
    "partly": " (only partly supported)",
    "unsupported": " (not supported)",
    "deleted": "",
}
SNIPPET_CHARACTERS = 240
# Passages that are shown where there is no answer.
NEAREST = 3


def pages(first: int, last: int) -> str:
    """`page 3` or `pages 3–4`."""
    return f"page {first}" if first == last else f"pages {first}–{last}"


def snippet(text: str, length: int = SNIPPET_CHARACTERS) -> str:
    """The text on one line, cut at a word to at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0] + " …"


def findings_json(found: SearchResult, collections: dict[int, str]) -> dict[str, Any]:
    """The object that `footnote search --json` prints; `notice` only where there is one."""
    hits = [
        {
            "rank": hit.rank,
            "score": hit.score,
            **_passage_json(hit),
            "collection": collections[hit.document.collection],
            "dense_rank": hit.dense_rank,
            "keyword_rank": hit.keyword_rank,
        }
        for hit in found.hits
    ]
    return {"hits": hits, "notice": found.notice} if found.notice else {"hits": hits}


def hits_text(hits: Sequence[Hit]) -> Iterator[str]:
    """Hits for people, best first."""
    if not hits:
        yield "Nothing found."
    for hit in hits:
        heading = " › ".join(hit.passage.headings)
        place = f"{hit.document.title}, {pages(*hit.passage.pages)}"
        yield f"{hit.rank:>3}. {place}" + (f" — {heading}" if heading else "")
        yield f"     {snippet(hit.passage.text)}"


def similar_json(
    document: Document, near: Sequence[SimilarDocument], names: dict[int, str]
) -> dict[str, Any]:
    """Documents near another, for scripts."""
    return {
        "document": document.id,
        "similar": [
            {
                "id": one.document.id,
                "title": one.document.title,
                "path": one.document.path,
                "collection": names.get(one.document.collection, ""),
                "score": one.score,
                "pages": one.passage.pages,
                "passage": one.passage.text,
            }
            for one in near
        ],
    }


def similar_text(near: Sequence[SimilarDocument]) -> Iterator[str]:
    """The same for people."""
    if not near:
        yield "Nothing like it is indexed."
    for rank, one in enumerate(near, 1):
        yield f"{rank:>3}. {one.document.title} ({one.document.path})"
        yield f"     {pages(*one.passage.pages)}: {snippet(one.passage.text)}"


def task_text(report: TaskReport) -> Iterator[str]:
    """What was measured beside search."""
    figures = ", ".join(f"{name} {value:.4f}" for name, value in report.figures.items())
    yield f"{report.task}, {report.count:,} asked: {figures}"


def marked(answer: Answer) -> str:
    """The answer in one piece: its sentences with footnote numbers, and a mark where one is due.

    A sentence that needs its title or heading has it before it; a list begins on its own line.
    """
    said = answer.lead
    for one in answer.sentences:
        about = f"{one.about}: " if one.about else ""
        apart = (
            "\n"
            if said and (about or "\n" in one.text or said.endswith("\n"))
            else " " * bool(said)
        )
        notes = "".join(f"[{n}]" for n in one.footnotes)
        said += f"{apart}{about}{listed(one.text)}{notes}{MARKS[one.verdict]}"
        said += "\n" * ("\n" in one.text)
    return said.strip()


def listed(text: str) -> str:
    """A list with a bullet before each of its items; anything else as it is."""
    first, *items = text.split("\n")
    return "\n".join([first, *(f"- {item}" for item in items)])


def row_of(text: str, quote: str) -> list[tuple[str, str]]:
    """A quoted row of a table as its column names with their cells; nothing for anything else.

    `text` is the row as `column: cell` pairs (`rag.evidence.quotables.row_text`), `quote` as it
    stands in the file: cells may hold what parts the pairs.
    """
    cells = [" ".join(cell.split()) for cell in quote.split(" | ")]
    pairs: list[tuple[str, str]] = []
    rest = text
    for cell in filter(None, cells):
        at = rest.find(f": {cell}")
        if at < 0 or (pairs and not rest.startswith("; ")):
            return []
        pairs.append((rest[:at].removeprefix("; "), cell))
        rest = rest[at + 2 + len(cell) :]
    return pairs if len(pairs) > 1 and not rest else []


def markdown_body(answer: Answer, offset: int = 0) -> str:
    """The sentences as Markdown that loads nothing, their footnotes numbered from the offset on."""
    said = [f"**{harmless(answer.lead)}**"] if answer.lead else []
    quoted = answer.mode == "extractive"
    said += [_markdown_sentence(one, offset, lists=quoted) for one in answer.sentences]
    return " ".join(said)


def _markdown_sentence(sentence: Sentence, offset: int, *, lists: bool) -> str:
    """A sentence in Markdown; with `lists`, its lines after the first are a list."""
    about = f"*{harmless(sentence.about)}:* " if sentence.about else ""
    first, *items = map(harmless, sentence.text.split("\n") if lists else [sentence.text])
    text = first + "".join(f"\n- {item}" for item in items)
    notes = "".join(f"[^{offset + n}]" for n in sentence.footnotes)
    return f"{about}{text}{notes}{MARKS[sentence.verdict]}" + ("\n\n" if items else "")


def markdown_note(n: int, name: str, quote: str) -> str:
    """A footnote as Markdown: where it is from, and what stands there."""
    return f"[^{n}]: {harmless(name)}: “{harmless(quote)}”"


def answer_json(answer: Answer) -> dict[str, Any]:
    """The object that `footnote ask --json` prints."""
    return {
        "answer": marked(answer),
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "certainty": answer.certainty,
        "mode": answer.mode,
        "notice": answer.notice,
        "lead": answer.lead,
        "sentences": [
            {
                "text": s.text,
                "verdict": s.verdict,
                "footnotes": list(s.footnotes),
                "about": s.about,
            }
            for s in answer.sentences
        ],
        "footnotes": [footnote_json(footnote) for footnote in answer.footnotes],
        "nearest": [_passage_json(hit) for hit in answer.hits[:NEAREST]]
        if answer.abstained
        else [],
        "seconds": answer.seconds,
    }


def _passage_json(hit: Hit) -> dict[str, Any]:
    """The passage of a hit and where it stands."""
    return {
        "document": hit.document.id,
        "title": hit.document.title,
        "path": hit.document.path,
        "pages": list(hit.passage.pages),
        "text": hit.passage.text,
        "passage": hit.passage.id,
    }


def footnote_json(footnote: Footnote) -> dict[str, Any]:
    """One footnote of `footnote ask --json`."""
    return {
        "n": footnote.n,
        "document": footnote.document,
        "title": footnote.title,
        "path": footnote.path,
        "pages": list(footnote.pages),
        "quote": footnote.quote,
        "passage": footnote.passage,
        "span": asdict(footnote.span),
    }


def answer_text(answer: Answer) -> Iterator[str]:
    """An answer for people: sentences with their numbers, then the footnotes."""
    if answer.notice:
        yield f"({answer.notice})"
    if answer.abstained and not answer.hits:
        yield "Nothing was found to answer from. `footnote status` shows what is indexed."
        return
    if answer.abstained:
        yield "The documents do not seem to answer this. The nearest passages:"
        yield from hits_text(answer.hits[:NEAREST])
        return
    yield marked(answer)
    yield ""
    if answer.certainty != "sure":
        yield f"({answer.certainty.capitalize()}: {answer.confidence:.0%} that this answers it.)"
    for note in answer.footnotes:
        place = note.label or f"page {note.span.page}"
        yield f"[{note.n}] {note.title}, {place}: “{snippet(note.quote)}”"


def hidden_text(document: Document) -> Iterator[str]:
    """What a document holds that a person does not see in it, a sentence each."""
    if document.state == "failed":
        return
    if document.hidden is None or document.outdated:
        yield "was read by an earlier version, which read less of a file; index it again"
    done = "indexed all the same" if document.hidden_kept else "left out"
    for found in document.hidden or ():
        excerpt = f": “{found.excerpt}”" if found.excerpt else ""
        yield (
            f"hidden text on page {found.page}, {found.how},"
            f" {found.characters} characters, {done}{excerpt}"
        )


def unread(document: Document) -> str:
    """Why a document is not what its file is by now; to follow the file's name."""
    return f"{document.unread} (what it said before is still found)"


def documents_text(documents: Iterable[Document], total: int) -> Iterator[str]:
    """A listing of documents, one a line, and what is wrong with each beneath it."""
    shown = 0
    for document in documents:
        shown += 1
        yield (
            f"{document.id}  {document.state:<8}{document.pages:>5} pages"
            f"{document.passages:>6} passages  {document.title}  ({document.path})"
        )
        if document.problem:
            yield f"                  {document.problem}"
        if document.unread:
            yield f"                  {unread(document)}"
        yield from (f"                  {line}" for line in hidden_text(document))
    yield f"{shown} of {count(total, 'document')}"


def index_json(report: IngestReport) -> dict[str, Any]:
    """The object that `footnote index --json` prints."""
    return asdict(report)


def index_text(report: IngestReport) -> Iterator[str]:
    """What an indexing run did, for people."""
    yield (
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged,"
        f" {len(report.failed)} failed: {count(report.pages, 'page')},"
        f" {count(report.passages, 'passage')} in {report.seconds:.1f} s"
    )
    if report.reread:
        yield f"{count(report.reread, 'document')} read again: more is read of a file by now"
    if report.pages_without_text:
        yield f"{count(report.pages_without_text, 'page')} without text (see `footnote documents`)"
    if report.with_hidden_text:
        documents = count(report.with_hidden_text, "document")
        yield f"{documents} with hidden text (see `footnote documents`)"
    if not (report.added or report.updated or report.unchanged or report.deleted):
        yield "No file could be read." if report.failed else "No file was found there to read."
    for failure in report.failed:
        yield f"  {failure.path}: {failure.error}"


def receipt_text(receipt: Receipt) -> str:
    """What a deletion removed, for people."""
    return (
        f"Deleted {count(len(receipt.documents), 'document')}: {count(receipt.pages, 'page')},"
        f" {count(receipt.passages, 'passage')}, {count(receipt.vectors, 'vector')},"
        f" {count(receipt.files, 'file')}, {count(receipt.bytes, 'byte')},"
        f" {count(receipt.quotes, 'quote')} in past answers"
    )


def backup_text(report: BackupReport) -> str:
    """A backup, in one line."""
    return (
        f"{report.file}: {count(report.documents, 'document')},"
        f" {count(report.originals, 'original')}, {count(report.embedders, 'embedder')},"
        f" {count(report.runs, 'training run')};"
        f" {report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s"
    )


def restore_text(report: RestoreReport) -> str:
    """A restored home, and what was left out of its settings."""
    documents, files = count(report.documents, "document"), count(report.files, "file")
    said = f"{report.home}: {documents} restored, {files} checked"
    said += f"; what was there before is at {report.before}" if report.before else ""
    if report.left_out:
        settings = ", ".join(f"{name} = {value}" for name, value in report.left_out.items())
        said += (
            f"\nleft out of its settings: {settings}; put them into settings.toml yourself, or "
            "restore with --accept-settings, if you know them"
        )
    return said


def eval_text(report: EvalReport) -> Iterator[str]:
    """An evaluation as a small table."""
    documents, queries = report.documents, count(report.queries, "query", "queries")
    yield f"{report.dataset}: {count(documents, 'document')}, {queries}"
    names = list(next(iter(report.modes.values())))
    yield f"{'':<9}" + "".join(f"{name:>12}" for name in names)
    for mode, values in report.modes.items():
        yield f"{mode:<9}" + "".join(f"{values[name]:>12.4f}" for name in names)
    yield f"{report.seconds:.1f} s"


def plan_text(plan: IngestPlan) -> Iterator[str]:
    """What an indexing run would do, for people."""
    for what, names in (("add", plan.added), ("update", plan.updated)):
        yield from (f"{what:<8}{name}" for name in names)
    yield from (f"{'fail':<8}{failed.path}: {failed.error}" for failed in plan.failed)
    yield (
        f"would add {len(plan.added)}, update {len(plan.updated)}, leave {plan.unchanged} unchanged"
    )


def explanation_text(explanation: Explanation) -> Iterator[str]:
    """Where an expected passage was lost, for people."""
    yield f"The passage was {explanation.stage}."
    yield from (f"- {finding}" for finding in explanation.findings)
    if explanation.remedies:
        yield "What would help:"
        yield from (f"- {remedy}" for remedy in explanation.remedies)


def embedders_text(names: Sequence[str], current: str) -> Iterator[str]:
    """The installed embedders, the one in use marked."""
    yield from (f"{'*' if name == current else ' '} {name}" for name in names)


def synth_estimate_text(
    estimate: CallEstimate, concurrency: int, price_in: float, price_out: float
) -> str:
    """What writing training data will take, for people. Prices are per million tokens."""
    read, wrote = (round(n, -3) or n for n in (estimate.tokens_in, estimate.tokens_out))
    cost = estimate.cost(price_in, price_out)
    return (
        f"About {count(estimate.calls, 'call')}, {read:,} tokens in and {wrote:,} out"
        f"{f', costing {cost:,.2f}' if cost else ''};"
        f" {duration(estimate.seconds(concurrency))} where the server writes 50 tokens a second"
        f" for each of {concurrency} calls at once. Dropped replies come on top."
    )


def synth_text(report: SynthReport) -> Iterator[str]:
    """What a run of `footnote synth` wrote, for people."""
    yield (
        f"{count(report.added, 'example')} written in {count(report.calls, 'call')}"
        f" and {report.seconds:.0f} s;"
        f" {report.file} holds {report.examples}"
    )
    if report.rejected:
        yield "dropped: " + ", ".join(f"{n} {name}" for name, n in report.rejected.items())


def learning_json(result: TrainingResult) -> dict[str, Any]:
    """A training run as others rely on it."""
    proof = result.proof
    return {
        "run": result.run,
        "examples": result.examples,
        "steps": result.steps,
        "proof": proof
        and {
            "queries": proof.queries,
            "before": proof.before,
            "after": proof.after,
            "keyword": proof.keyword,
            "interval": {"dense": asdict(proof.dense_gain), "fused": asdict(proof.fused_gain)},
            "real": proof.real,
            "offered": proof.offered,
            "verdict": proof.verdict,
            "in_words": proof.in_words,
            "advice": proof.advice,
        },
        "promoted": result.promoted,
        "balanced": result.balanced,
        "embedder": result.embedder,
        "seconds": result.seconds,
    }


def kept_out(proof: Proof) -> str:
    """What the proof asked about, and how many of the real questions were among it."""
    what = "about documents that were kept out of training"
    if not proof.whole_documents:
        what = (
            "about passages that were kept out of training (there are too few documents to keep"
            " whole ones out)"
        )
    if proof.again:
        taught = count(proof.again, "question")
        what = f"that were not learnt from ({taught} about documents that other questions taught)"
    return what + (f", {proof.real} of {proof.offered} real ones" if proof.offered else "")


def learning_text(result: TrainingResult) -> Iterator[str]:
    """A training run, for people."""
    minutes = result.seconds / 60
    examples, steps = count(result.examples, "example"), count(result.steps, "step")
    yield f"run {result.run}: {examples}, {steps}, {minutes:.1f} min"
    if result.steps and result.kept == 0:
        yield "nothing that was learnt was better for certain on unseen documents; none was kept"
    if proof := result.proof:
        yield f"{count(proof.queries, 'question')} {kept_out(proof)}, nDCG@10:"
        yield f"{'':<10}{'before':>8}{'after':>8}"
        for side in ("dense", "fused"):
            yield f"{side:<10}{proof.before[side]:>8.3f}{proof.after[side]:>8.3f}"
        yield f"{'keyword':<10}{proof.keyword['ndcg@10']:>8.3f}"
        yield proof.in_words
        yield proof.verdict
        if proof.advice:
            yield proof.advice
    weighed = "; meaning is weighed beside the words as the questions say"
    before = "" if result.promoted else ", as before"
    yield f"{result.embedder} is in use{before}{weighed if result.balanced else ''}"


def problems_text(problems: Sequence[Problem]) -> Iterator[str]:
    """What the doctor found, for people."""
    if not problems:
        yield "ok"
    for problem in problems:
        yield f"{problem.code}: {problem.what} ({problem.where}). {problem.remedy}"
