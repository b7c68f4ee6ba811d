"""The part of the Library that takes files in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import streamlit as st

from footnote import jobs
from footnote.home import DEFAULT_COLLECTION
from footnote.web import progress
from footnote.web.words import count

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from footnote.home import Home

# Session state: they change the keys of the drop zone, which empties it, and of the folder's
# form, which closes it.
ROUND, FOLDERS = "upload_round", "folders_added"


def show(home: Home) -> None:
    """Draw the drop zone, the choice of collection, and the folder of this computer."""
    with st.container(border=True, key="upload"):
        drop, choice = st.columns([3, 2], gap="medium")
        with drop:
            files = st.file_uploader(
                "Drop files here, or choose them",
                accept_multiple_files=True,
                key=f"files-{st.session_state.get(ROUND, 0)}",
            )
            st.caption(
                "PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, e-mail, web pages, Markdown,"
                " text and more."
            )
        with choice:
            collection = _collection(home)
            with st.container(horizontal=True):
                if st.button(
                    f"Add {count(len(files), 'file')}" if files else "Add files",
                    type="primary",
                    disabled=not (files and collection),
                ):
                    _add_files(home, files, collection)
                    st.rerun()
                with st.popover(
                    "Add a folder",
                    icon=":material/folder_open:",
                    key=f"folder-{st.session_state.get(FOLDERS, 0)}",
                ):
                    _folder(home, collection)


def _collection(home: Home) -> str:
    names = [collection.name for collection in home.store.collections()] or [DEFAULT_COLLECTION]
    chosen = st.selectbox(
        "Collection",
        names,
        accept_new_options=True,
        placeholder="Choose one, or type a new name",
        help="A collection is a set of documents that you ask together. Type a name to make one.",
        key="collection_to_add_to",
    )
    return (chosen or "").strip()


def _folder(home: Home, collection: str) -> None:
    st.markdown("Read all documents in a folder of the computer that Footnote runs on.")
    with st.form("folder", border=False):
        path = st.text_input(
            "Path of the folder", placeholder="/home/me/documents", key="folder_path"
        )
        if st.form_submit_button("Add the folder", type="primary") and path.strip():
            folder = Path(path.strip()).expanduser()
            if not folder.exists():
                st.error("There is no such file or folder. Check the path.")
            elif not collection:
                st.error("Choose a collection first.")
            else:
                start(home, [folder], [], collection)
                st.session_state[FOLDERS] = st.session_state.get(FOLDERS, 0) + 1
                st.rerun()


def _add_files(home: Home, files: Sequence[UploadedFile], collection: str) -> None:
    """Stage the files under names of our own and have them indexed under their given ones."""
    folder = home.path / "uploads"
    folder.mkdir(exist_ok=True)
    staged = []
    for file in files:
        path = folder / secrets.token_hex(16)
        path.write_bytes(file.getbuffer())
        staged.append(path)
    start(home, staged, given_names([file.name for file in files]), collection, staged=staged)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def start(
    home: Home,
    paths: Sequence[Path],
    names: Sequence[str],
    collection: str,
    staged: Sequence[Path] = (),
) -> None:
    """Have files and folders indexed in the background; staged ones are removed afterwards."""
    job = jobs.submit(
        home,
        "index",
        {
            "paths": [str(path) for path in paths],
            "names": list(names) or None,
            "collection": collection,
            "staged": [str(path) for path in staged],
        },
    )
    progress.watch(job)


def given_names(names: Sequence[str]) -> list[str]:
    """The names without folders; a second `a.pdf` among them becomes `a (2).pdf`.

    Without that the second would pass for a new revision of the first.
    """
    result: list[str] = []
    for name in names:
        path = PurePath(name.replace("\\", "/").rsplit("/", 1)[-1])
        candidate, number = path.name, 1
        while candidate in result:
            number += 1
            candidate = f"{path.stem} ({number}){path.suffix}"
        result.append(candidate)
    return result
