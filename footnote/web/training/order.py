"""Step 1 of a training: which collection, how, which examples, with what settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.rendering.formatting import count, listed, plain
from footnote.runs import estimate, service
from footnote.web.server import session
from footnote.web.server.session import errors_shown, problem
from footnote.web.training import time
from footnote.web.training import written as writing
from footnote.web.training.words import SOURCES, source_name
from training.data.weak_pairs import DEFAULT_KINDS, weak_examples
from training.fit.config import Recipe
from training.runs import TrainingRequest
from training.writer.questions import KIND as WRITER

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from footnote.home import Home
    from training.runs import Run

_FILES = ["jsonl", "csv", "tsv"]
QUICK, ADAPT, TRAIN = "Learn from questions", "Adapt only", "Train the whole model"
_WAYS = {
    QUICK: "The model is fitted to the collection and learns how questions ask for its passages:"
    " people’s own, and where there are few of them {others}. Some ten minutes; nothing is embedded"
    " again, and the way back takes a moment.",
    ADAPT: "The model is fitted to what all passages of the collection share, without examples.",
    TRAIN: "The model itself learns, too: twenty minutes and more, and every passage is embedded"
    " again. What is cut out of the documents alone has added nothing this way so far.",
}
_WRITTEN, _CUT = "such as Footnote’s question writer asks", "what the documents’ own words give"

_BUTTONS = {QUICK: "Learn and prove", ADAPT: "Adapt and prove", TRAIN: "Make the examples"}


def show(home: Home) -> None:
    """Draw the form of an order, or the way to documents where there are none."""
    names = [one.name for one in home.store.collections() if home.store.count_passages(one.id) > 0]
    if not names:
        st.markdown("There is nothing to learn from yet. Add documents first.")
        if st.button("Add documents", icon=":material/upload_file:", type="primary"):
            session.go_to("library")
        return
    with st.container(border=True, key="order"):
        collection = st.selectbox("Collection to learn", names, key="train_on")
        kinds = service.usual_kinds(home)
        others = _WRITTEN if WRITER in kinds else _CUT
        captions = [caption.format(others=others) for caption in _WAYS.values()]
        way = st.radio("How it learns", list(_WAYS), captions=captions, key="way")
        recipe, general = Recipe(queries_alone=True) if way == QUICK else Recipe(steps=0), 0.0
        written: Path | None = None
        data: list[UploadedFile] = []
        if way == QUICK:
            written = writing.show(home, collection)
            data = _data()
        if way == TRAIN:
            left, right = st.columns(2, gap="medium")
            with left:
                kinds = _kinds(home, collection)
                written = writing.show(home, collection)
            with right:
                data = _data()
            recipe, general = _settings()
        questions = _questions()
        promote = st.toggle(
            "Switch by itself where the proof holds",
            key="switch_by_itself",
            help="Otherwise you look at the proof and switch with a click.",
        )
        again = st.toggle(
            "Train again when the collection has grown by a tenth",
            key="again",
            help="The same order once more, by itself, after documents were added here.",
        )
        options = service.TrainingOptions(
            collection,
            kinds=kinds,
            data=(written,) if written else (),
            general=general,
            recipe=recipe,
            promote=promote,
            again=again,
        )
        with errors_shown():
            _time(home, options)
        if st.button(
            _BUTTONS[way],
            type="primary",
            disabled=recipe.learns and not (kinds or written or data),
            key="order-it",
        ):
            _order(home, options, data, questions)


def show_made(home: Home, run: Run) -> None:
    """Draw what a run was ordered to learn from; a button where its examples are missing."""
    order, recipe = run.request, run.request.recipe
    if not recipe.learns:
        st.markdown("It adapts to the passages as they are; nothing is learnt from examples.")
        return
    kinds = listed([source_name(kind).lower() for kind in order.kinds], 9)
    files = [Path(path).name.split("-", 1)[-1] for path in order.data]
    lines = (
        f"From the documents: {plain(kinds or 'nothing')}",
        f"From files: {plain(listed(files))}" if files else "",
        f"Questions for the proof: {plain(Path(order.questions).name.split('-', 1)[-1])}"
        if order.questions
        else "",
        _numbers(order),
    )
    st.markdown("\n".join(f"- {line}" for line in lines if line))
    if not run.examples.exists():
        st.button(
            "Make the examples",
            type="primary",
            on_click=session.start_run,
            args=("examples", run),
            key="make-examples",
        )


def _numbers(order: TrainingRequest) -> str:
    recipe = order.recipe
    if recipe.queries_alone:
        return f"Passages keep their vectors; a map of questions’ is learnt · seed {recipe.seed}"
    what = "whole weights" if recipe.whole else f"rank {recipe.rank}"
    return (
        f"{count(recipe.steps, 'step')} of {recipe.batch} questions · {what} · learning"
        f" rate {recipe.rate:g} · {order.general:.0%} general questions · seed {recipe.seed}"
    )


def _kinds(home: Home, collection: str) -> tuple[str, ...]:
    st.markdown("**Examples from the documents themselves**")
    chosen = tuple(
        kind
        for kind in service.usual_kinds(home)
        if st.checkbox(
            f"{SOURCES[kind][0]} :small[:gray[{SOURCES[kind][1]}]]", value=True, key=f"kind-{kind}"
        )
    )
    preview = st.expander("One of each, from your documents", key="samples", on_change="rerun")
    if preview.open:
        with preview, errors_shown():
            for question, passage, kind in _samples(home, home.collection(collection).id):
                st.markdown(
                    f":small[{SOURCES[kind][0]}] **{plain(question)}**  \n"
                    f":small[:gray[{plain(passage)} …]]"
                )
    return chosen


@st.cache_data(max_entries=20, ttl=600, show_spinner="Reading some passages …")
def _samples(_home: Home, collection: int) -> list[tuple[str, str, str]]:
    """A question, the beginning of its passage, and the kind, where a kind gives any."""
    sources = estimate.sample(_home.store, collection)
    found = [(kind, weak_examples(sources, (kind,))[:1]) for kind in DEFAULT_KINDS]
    return [(one.query, one.positive[:160], kind) for kind, some in found for one in some]


def _data() -> list[UploadedFile]:
    st.markdown("**Files of your own**")
    return list(
        st.file_uploader(
            "Questions and passages to learn from",
            type=_FILES,
            accept_multiple_files=True,
            key="data_files",
            help="A table with the columns question and passage (and negative, if you have such),"
            " or JSON lines with query, positive and negatives.",
        )
    )


def _questions() -> UploadedFile | None:
    return st.file_uploader(
        "Real questions for the proof",
        type=_FILES,
        key="question_file",
        help="A table with the columns question and passage, or JSON lines with query and"
        " positive. Each question counts whose passage is in a document that is kept out of"
        " training. They are asked beside those cut out of the documents.",
    )


def _settings() -> tuple[Recipe, float]:
    usual = Recipe()
    with st.expander("Settings", icon=":material/tune:"):
        st.caption("Nothing here has to be set.")
        columns = st.columns(3)
        steps = columns[0].number_input(
            "Steps", 1, 1000, usual.steps, help="Training ends earlier where nothing improves."
        )
        batch = columns[1].number_input(
            "Batch", 2, 1024, usual.batch, help="Questions a step; each is told from the others."
        )
        rate = columns[2].number_input(
            "Learning rate",
            1e-6,
            1e-1,
            None,
            step=1e-4,
            format="%.6f",
            placeholder=f"{usual.rate:f}",
        )
        rank = columns[0].number_input(
            "Rank",
            0,
            256,
            usual.rank,
            help="Of LoRA: how much of the model can change; one trained so before keeps its own."
            " With 0 only the map from its states to the vector changes, which takes"
            " a hundredth of the time.",
        )
        general = columns[1].slider(
            "General questions",
            0,
            90,
            50,
            format="%d %%",
            help="Share of questions of many styles that come with Footnote. They keep the model"
            " from unlearning what a question looks like.",
        )
        seed = columns[2].number_input(
            "Seed", 0, 2**31 - 1, usual.seed, help="The same seed gives the same training."
        )
        whole = columns[1].toggle(
            "Whole weights",
            help="Train the model's own weights, not an adapter beside them: for many examples and"
            " a GPU. Unless you set a learning rate, it is then a lower one.",
        )
    recipe = replace(
        usual,
        steps=int(steps),
        batch=int(batch),
        learning_rate=rate,
        rank=int(rank),
        alpha=max(int(rank), 1) * usual.alpha // usual.rank,
        whole=whole,
        seed=int(seed),
    )
    return recipe, general / 100


def _time(home: Home, options: service.TrainingOptions) -> None:
    start = home.embedder_of(home.collection(options.collection).id).spec.name
    order = TrainingRequest(
        options.collection, start, options.recipe or Recipe(), options.kinds or ()
    )
    time.show(home, order, made=False)


def _order(
    home: Home,
    options: service.TrainingOptions,
    data: list[UploadedFile],
    questions: UploadedFile | None,
) -> None:
    """Make the run, start on it, and go to its page."""
    with TemporaryDirectory() as folder:
        paths = [_staged(Path(folder), file) for file in data]
        options = replace(
            options,
            data=(*options.data, *paths),
            questions=_staged(Path(folder), questions) if questions else None,
        )
        try:
            run = service.order(home, options)
        except FootnoteError as error:
            problem(str(error).replace(f"{folder}/", ""))
            return
    recipe = run.request.recipe
    looks_first = recipe.learns and not recipe.queries_alone
    session.start_run("examples" if looks_first else "train", run)
    st.query_params["run"] = run.id
    st.rerun()


def _staged(folder: Path, file: UploadedFile) -> Path:
    """An upload as a file of its own name; two of one name do not meet."""
    place = folder / file.file_id
    place.mkdir(exist_ok=True)
    path = place / Path(file.name.replace("\\", "/")).name
    path.write_bytes(file.getbuffer())
    return path
