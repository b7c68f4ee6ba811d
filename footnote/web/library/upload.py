"""The part of the Library that takes files in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import streamlit as st

from footnote.home import DEFAULT_COLLECTION
from footnote.jobs.uploads import free_name
from footnote.rendering.formatting import count, listed, plain
from footnote.web import progress
from footnote.web.server.session import errors_shown

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from footnote.access import Access

# Session state: they change the keys of the drop zone, which empties it, and of the folder's
# form, which closes it.
ROUND, FOLDERS = "upload_round", "folders_added"
KEEP, REPLACE = "Keep both", "Replace"


def show(access: Access) -> None:
    """Draw the drop zone, the choice of collection, and the folder of this computer.

    Nothing for those who may not add documents anywhere.
    """
    if not access.may_add():
        return
    person = access.person
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
            collection = _collection(access, new=person.admin)
            replace = _replaced(access, given_names([file.name for file in files]), collection)
            with st.container(horizontal=True):
                if st.button(
                    f"Add {count(len(files), 'file')}" if files else "Add files",
                    type="primary",
                    disabled=not (files and collection),
                ):
                    with errors_shown():
                        _add_files(access, files, collection, replace)
                        st.rerun()
                if person.admin:
                    with st.popover(
                        "Add a folder",
                        icon=":material/folder_open:",
                        key=f"folder-{st.session_state.get(FOLDERS, 0)}",
                    ):
                        _folder(access, collection)


def _collection(access: Access, *, new: bool) -> str:
    """Draw the choice; `new` says whether another name makes a collection."""
    names = [collection.name for collection in access.collections_to_add_to()]
    chosen = st.selectbox(
        "Collection",
        names or [DEFAULT_COLLECTION],
        accept_new_options=new,
        placeholder="Choose one, or type a new name" if new else "Choose one",
        help="A collection is a set of documents that you ask together."
        + (" Type a name to make one." if new else ""),
        key="collection_to_add_to",
    )
    return (chosen or "").strip()


def _replaced(access: Access, names: Sequence[str], collection: str) -> list[str]:
    """Draw which of these names are taken; those whose documents are to be replaced."""
    there = access.already_there(names, collection)
    if not there:
        return []
    taken = [document.path for document in there]
    st.markdown(f"{plain(listed(taken))} {'is' if len(taken) == 1 else 'are'} there already.")
    if not access.may("manage", there[0].collection):
        st.caption("What you add is kept beside that, under another name.")
        return []
    choice = st.radio(
        "What is there already",
        [KEEP, REPLACE],
        horizontal=True,
        label_visibility="collapsed",
        key=f"replace-{st.session_state.get(ROUND, 0)}",
    )
    return taken if choice == REPLACE else []


def _folder(access: Access, collection: str) -> None:
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
                arguments = {
                    "paths": [str(folder)],
                    "names": None,
                    "collection": collection,
                    "staged": [],
                }
                progress.watch(access.work("index", arguments))
                st.session_state[FOLDERS] = st.session_state.get(FOLDERS, 0) + 1
                st.rerun()


def _add_files(
    access: Access, files: Sequence[UploadedFile], collection: str, replace: Sequence[str]
) -> None:
    """Have the files indexed under their given names, or beside what has those already."""
    names = given_names([file.name for file in files])
    contents = (file.getbuffer() for file in files)
    progress.watch(access.add_files(zip(names, contents, strict=True), collection, replace))
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def given_names(names: Sequence[str]) -> list[str]:
    """The names without folders; a second `a.pdf` among them becomes `a (2).pdf`.

    Without that the second would pass for a new revision of the first.
    """
    result: list[str] = []
    for name in names:
        last = PurePath(name.replace("\\", "/").rsplit("/", 1)[-1]).name
        result.append(free_name(last, lambda one: one in result))
    return result
