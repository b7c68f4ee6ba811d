"""From the first start to a second reader who is shut out again, in a real browser."""

import os
from pathlib import Path

import pytest

from footnote.accounts import audit
from footnote.accounts.people import People
from indexer.ingest.sources import find
from tests.footnote.web.test_browser import ask, browser, button, pytestmark, reading, serving_home

__all__ = ["browser", "pytestmark"]  # the fixture and the marks of the other walks

PASSWORD = "correct horse battery"
PICTURES = os.environ.get("PICTURES")  # a folder: the walk leaves pictures there


def picture(page, name):
    if PICTURES:
        page.wait_for_timeout(700)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def sign_in(page, name, password=PASSWORD):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    button(page, "Sign in").click()


def choose(page, opener, item):
    opener.click()
    page.get_by_text(item, exact=True).click()


@pytest.fixture
def two_collections(papers_home, tmp_path):
    (tmp_path / "Salaries.txt").write_text("The salary of the director is a secret of the board.")
    papers_home.index(find([tmp_path / "Salaries.txt"]), "board")
    return papers_home


def register_first(admin):
    button(admin, "Let others in").wait_for()
    picture(admin, "01-first-start")
    button(admin, "Let others in").click()
    admin.get_by_label("Your name").fill("ann")
    admin.get_by_label("Password", exact=True).fill(PASSWORD)
    admin.get_by_label("Password again").fill(PASSWORD)
    picture(admin, "02-first-admin")
    button(admin, "Register me as admin").click()
    admin.wait_for_url("**/sign-in**")
    sign_in(admin, "ann", "wrong wrong wrong")
    admin.get_by_role("alert").wait_for()
    picture(admin, "03-wrong-password")
    sign_in(admin, "ann")


def add_a_reader(admin):
    admin.get_by_role("link", name="People").click()
    button(admin, "Add somebody").click()
    admin.get_by_label("Name, to sign in with").fill("bob")
    admin.get_by_label("Password", exact=True).fill(PASSWORD)
    admin.get_by_label("Password again").fill(PASSWORD)
    picture(admin, "04-add-somebody")
    button(admin, "Add").click()
    admin.get_by_text("bob", exact=True).wait_for()
    admin.get_by_label("papers is read by").click()
    admin.get_by_role("option", name="bob").click()
    admin.keyboard.press("Escape")
    admin.wait_for_timeout(500)
    picture(admin, "05-people")


def read(reader, address, foreign):
    """What a reader does, tries, and does not get."""
    picture(reader, "06-sign-in")
    sign_in(reader, "bob")
    ask(reader, "What is the right of every employee?")
    reader.locator(".footnote").first.click()
    reader.locator(".sheet, .writing").first.wait_for()
    picture(reader, "07-reader-asks")
    assert reader.get_by_role("link", name="Training").count() == 0
    reader.get_by_role("link", name="Library").click()
    reader.get_by_text("24 documents in 1 collection").wait_for()
    picture(reader, "08-reader-library")
    reader.goto(f"{address}/library?document={foreign}")
    reader.get_by_text("it may have been deleted").wait_for()
    assert reader.get_by_text("Salaries").count() == 0
    picture(reader, "09-refused-document")
    reader.goto(f"{address}/people")
    reader.get_by_text("not found").first.wait_for()
    picture(reader, "10-refused-page")
    reader.goto(address)
    reader.get_by_text("What would you like to know?").wait_for()
    reader.reload()  # signed in still
    reader.get_by_text("What would you like to know?").wait_for()


def check_cookie(page):
    (cookie,) = (one for one in page.context.cookies() if one["name"].startswith("footnote_"))
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert "footnote_" not in page.evaluate("document.cookie")


def withdraw_and_remove(home, admin, reader):
    admin.locator(".st-key-shares").get_by_label("Clear all").first.click()
    admin.locator(".st-key-shares").get_by_text("bob").wait_for(state="detached")
    admin.wait_for_timeout(500)
    reader.reload()
    reader.get_by_text("no documents have been shared with you").wait_for()
    picture(reader, "11-nothing-shared")
    People(home.store).remove("bob", "ann")  # and the open page ends at the next click
    reader.get_by_role("link", name="Library").click()
    reader.wait_for_url("**/sign-in**")
    sign_in(reader, "bob")
    reader.get_by_role("alert").wait_for()


def test_the_first_admin_and_a_reader(browser, two_collections):
    home = two_collections
    (foreign,) = home.store.documents([home.collection("board").id]).rows
    with (
        serving_home(home.path.parent) as address,
        reading(browser, address, "/library") as admin,
    ):
        register_first(admin)
        add_a_reader(admin)
        with reading(browser, address) as reader:
            read(reader, address, foreign.id)
            check_cookie(reader)
            withdraw_and_remove(home, admin, reader)
        choose(admin, button(admin, "ann"), "Sign out")
        admin.wait_for_url("**/sign-in**")
        picture(admin, "12-signed-out")
        admin.goto(f"{address}/library")
        admin.wait_for_url("**/sign-in?next=**")
        sign_in(admin, "ann")
        admin.wait_for_url("**/library")
    said = [(entry.who, entry.what) for entry in audit.entries(home.store).rows][::-1]
    assert said[:2] == [("this computer", "person added"), ("ann", "sign-in failed")]
    assert {("bob", "sign-in"), ("ann", "shared"), ("ann", "sign-out")} <= set(said)
