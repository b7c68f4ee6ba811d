"""The part of the Library that takes files in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import listed, plain
from footnote.web import progress
from footnote.web.language import _, counted
from footnote.web.library import web_page
from footnote.web.library.collection import choose
from footnote.web.server.session import errors_shown
from indexer.store.moving import free_name

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from footnote.access import Access

# Session state: they change the keys of the drop zone, which empties it, and of the folder's
# form, which closes it.
ROUND, FOLDERS = "upload_round", "folders_added"
KEEP, REPLACE = "Keep both", "Replace"
FILES, FOLDER, SERVER, WEB = "Files", "A folder", "A folder of the server", "A web page"


def show(access: Access) -> None:
    """Draw the drop zone, the choice of collection, and what else can be added.

    Nothing for those who may not add documents anywhere.
    """
    if not access.may_add():
        return
    with st.container(border=True, key="upload"):
        drop, choice = st.columns([3, 2], gap="medium")
        with drop:
            way = _way(access)
            files = _files(whole_folder=way == FOLDER) if way in (FILES, FOLDER) else []
            place = st.container()
        with choice:
            collection = choose(access)
            if way in (FILES, FOLDER):
                names = given_names([one.name for one in files], folders=way == FOLDER)
                _add_button(access, dict(zip(names, files, strict=True)), collection)
        with place:
            if way == SERVER:
                _server_folder(access, collection)
            elif way == WEB:
                web_page.show(access, collection)


def _way(access: Access) -> str:
    """Draw where the documents come from."""
    ways = [FILES, FOLDER]
    if access.person.admin:
        ways.append(SERVER)
    if access.may_fetch():
        ways.append(WEB)
    return st.segmented_control(
        _("Add documents"),
        ways,
        default=FILES,
        format_func=_,
        required=True,
        wrap=True,
        key="way_to_add",
    )


def _files(*, whole_folder: bool) -> list[UploadedFile]:
    """Draw the drop zone; what has been dropped there."""
    files = st.file_uploader(
        _("Drop a folder here, or choose it")
        if whole_folder
        else _("Drop files here, or choose them"),
        accept_multiple_files="directory" if whole_folder else True,
        key=f"{'folder' if whole_folder else 'files'}-{st.session_state.get(ROUND, 0)}",
    )
    st.caption(
        _(
            "PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, e-mail, web pages, Markdown, text"
            " and more. Drop the same again, and only what has changed is read."
        )
    )
    return files or []


def _add_button(access: Access, files: Mapping[str, UploadedFile], collection: str) -> None:
    replace = _replaced(access, list(files), collection)
    lacking = "" if collection else _("Give the new collection a name first.")
    lacking = lacking if files else _("Choose files first.")
    if st.button(
        _("Add {files}").format(files=counted(len(files), "file")) if files else _("Add files"),
        type="primary",
        disabled=bool(lacking),
    ):
        with errors_shown():
            _add_files(access, files, collection, replace)
            st.rerun()
    if lacking:
        st.caption(lacking)


def _replaced(access: Access, names: Sequence[str], collection: str) -> list[str]:
    """Draw which of these names are taken; those whose documents are to be replaced."""
    there = access.already_there(names, collection)
    if not there:
        return []
    taken = [document.path for document in there]
    st.markdown(f"{plain(listed(taken))} {'is' if len(taken) == 1 else 'are'} there already.")
    if not access.may("manage", there[0].collection):
        st.caption(_("What you add is kept beside that, under another name."))
        return []
    choice = st.radio(
        "What is there already",
        [KEEP, REPLACE],
        horizontal=True,
        label_visibility="collapsed",
        key=f"replace-{st.session_state.get(ROUND, 0)}",
    )
    return taken if choice == REPLACE else []


def _server_folder(access: Access, collection: str) -> None:
    """A folder of the computer that Footnote runs on, once or from now on."""
    with st.form(f"folder-{st.session_state.get(FOLDERS, 0)}", border=False):
        path = st.text_input(
            _("Path of the folder"),
            placeholder="/home/me/documents",
            help=_("A folder of the computer that Footnote runs on."),
            key="folder_path",
        )
        follow = st.checkbox(
            _("Keep in step"),
            help=_(
                "What is added, changed or deleted in the folder is followed, until you stop it."
            ),
            key="folder_follow",
        )
        if st.form_submit_button(_("Add the folder"), type="primary") and path.strip():
            folder = Path(path.strip()).expanduser()
            if not folder.exists():
                st.error(_("There is no such file or folder. Check the path."))
            elif not collection:
                st.error(_("Choose a collection first."))
            else:
                arguments = {
                    "paths": [str(folder)],
                    "names": None,
                    "collection": collection,
                    "staged": [],
                }
                progress.watch(access.work("watch" if follow else "index", arguments))
                st.session_state[FOLDERS] = st.session_state.get(FOLDERS, 0) + 1
                st.rerun()


def _add_files(
    access: Access, files: Mapping[str, UploadedFile], collection: str, replace: Sequence[str]
) -> None:
    """Have the files indexed under their given names, or beside what has those already."""
    contents = ((name, file.getbuffer()) for name, file in files.items())
    progress.watch(access.add_files(contents, collection, replace))
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def given_names(names: Sequence[str], *, folders: bool = False) -> list[str]:
    """The names without folders, or with those that they have in a folder that was chosen.

    Nothing leads up or away. A second `a.pdf` becomes `a (2).pdf`: it would pass for a new
    revision of the first.
    """
    result: list[str] = []
    for name in names:
        parts = [one for one in name.replace("\\", "/").split("/") if one not in ("", ".", "..")]
        whole = "/".join(parts if folders else parts[-1:]) or "file"
        result.append(free_name(whole, lambda one: one in result))
    return result
