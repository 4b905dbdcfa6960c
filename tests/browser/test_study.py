"""Studying in a real browser: by keyboard, in two tabs, with a full storage, for a month, after edits."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cardbook.pages.generate import make_pages, write_pages
from cardbook.records.status import load_project
from tests.browser.chromium import DESKTOP, NO_JAVASCRIPT, PHONE, TOUCH, VIEWS, Opener, View, serve
from tests.conftest import MKDOCS, ROOT, build_site, replace, write

CARDS = {"alpha": "numbers", "beta": "numbers", "gamma": "letters", "delta": "letters", "epsilon": "letters"}

HOSTILE = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@dataclass(frozen=True)
class Library:
    """A book of five cards whose site is served, and can be built anew at the same address."""

    root: Path
    address: str

    def write_cards(self, places: dict[str, str], question: str = "What is {}?") -> None:
        """Write these cards, each in its chapter, in this order."""
        texts = [
            f"#### Card {name}\nContext of {name}.\n:p {question.format(name)}\n??x\nAnswer {name}.\nx??\n"
            for name in places
        ]
        write(self.root / "flashcards" / "part-01.md", "# Flashcards\n\n---\n\n" + "\n---\n\n".join(texts))
        lines = ["name: library", "title: A library", "deck: part-01", "chapters:"]
        for chapter in sorted(set(places.values()), reverse=True):
            lines += [
                f"  - id: {chapter}",
                f"    title: The {chapter}",
                "    description: About.",
            ]
            lines += ["    introduction: Read.", "    cards:"]
            for name in (name for name, place in places.items() if place == chapter):
                lines.append(f"      - {{id: {name}, card: Card {name}}}")
        write(self.root / "book.yml", "\n".join(lines) + "\n")
        ids = [f'{name}: "Card {name}"' for name in places]
        gone = [f"{name}: {{retired: 2026-12-31, reason: tested}}" for name in CARDS if name not in places]
        write(self.root / "card-ids.yml", "\n".join(ids + gone) + "\n")

    def build(self) -> None:
        """Build the site."""
        write_pages(self.root / "docs", make_pages(load_project(self.root, "offline"), []))
        shutil.rmtree(self.root / "site", ignore_errors=True)
        build_site(self.root)


@contextmanager
def open_library(root: Path, *, instant: bool = False) -> Iterator[Library]:
    """A library in a folder of its own; if `instant`, scripts replace pages instead of loading them."""
    (root / "site").mkdir()
    (root / "examples").mkdir()
    write(root / "mkdocs.yml", MKDOCS)
    write(root / "docs" / "index.md", "# Library\n\n[Study](study/index.md) [Numbers](chapters/numbers.md)\n")
    with serve(root / "site") as address:
        if instant:
            theme = "  name: material\n"
            replace(root / "mkdocs.yml", theme, f"{theme}  features: [navigation.instant]\n")
            replace(root / "mkdocs.yml", "site_name: Small\n", f"site_name: Small\nsite_url: {address}\n")
        library = Library(root, address)
        library.write_cards(CARDS)
        library.build()
        yield library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library that no test changes."""
    with open_library(tmp_path_factory.mktemp("library")) as library:
        yield library


@pytest.fixture
def study(open_page: Opener, library: Library) -> Page:
    """The study page of a reader who has not studied yet."""
    return open_page("study/", address=library.address)


def stored(page: Page) -> list[dict[str, Any]]:
    """The entries that the browser has stored, in order of time."""
    items = page.evaluate("Object.entries(localStorage)")
    kinds = re.compile(r"cardbook/[^/]+/(review|undo|suspension):")
    entries = [json.loads(text) for key, text in items if kinds.match(key)]
    return sorted(entries, key=lambda entry: entry.get("at", ""))


def grades(page: Page) -> list[tuple[str, int]]:
    """The stored reviews: card and grade."""
    return [(entry["card"], entry["grade"]) for entry in stored(page) if "grade" in entry]


def question(page: Page) -> str:
    """The question that is asked."""
    return page.locator(".study-list .card:visible .card-question").inner_text().strip()


def answer(page: Page, grade: int) -> None:
    """Answer the card that is asked, by keyboard."""
    page.keyboard.press("Space")
    page.keyboard.press(str(grade))


def test_keys_reveal_grade_and_undo(study: Page) -> None:
    expect(study.locator(".card:visible")).to_have_count(1)
    assert question(study) == "What is alpha?"
    expect(study.get_by_text("Answer alpha.")).to_be_hidden()
    study.keyboard.press("3")
    assert grades(study) == []
    study.keyboard.press("Space")
    expect(study.get_by_text("Answer alpha.")).to_be_visible()
    expect(study.locator(".card-answer-body:visible")).to_be_focused()
    study.keyboard.press("3")
    assert question(study) == "What is beta?"
    expect(study.locator(".card:visible .card-question")).to_be_focused()
    answer(study, 1)
    assert grades(study) == [("alpha", 3), ("beta", 1)]
    study.keyboard.press("u")
    assert question(study) == "What is beta?"
    expect(study.get_by_text("Answer beta.")).to_be_visible()
    study.keyboard.press("4")
    assert [entry["undone"] > entry["at"] for entry in stored(study) if "undone" in entry] == [True]
    study.keyboard.press("u")
    study.keyboard.press("u")
    assert question(study) == "What is alpha?"
    expect(study.locator(".study-counts")).to_have_text("5 cards to answer · 5 new")


def test_help_is_a_key_away_and_takes_the_other_keys(study: Page) -> None:
    study.keyboard.press("?")
    expect(study.get_by_role("dialog", name="Keys")).to_be_visible()
    study.keyboard.press("n")
    study.keyboard.press("Escape")
    expect(study.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert question(study) == "What is alpha?"


def test_keys_are_left_alone_where_they_mean_something_else(study: Page) -> None:
    search = study.get_by_label("Search cards")
    search.click()
    study.keyboard.type("a 1 n u ?")
    assert search.input_value() == "a 1 n u ?"
    search.fill("")
    study.get_by_role("combobox", name="Cards", exact=True).focus()
    study.keyboard.press("n")
    study.get_by_role("button", name="Shuffle").focus()
    study.keyboard.press("Space")
    expect(study.get_by_role("button", name="Shuffle")).to_have_attribute("aria-pressed", "true")
    expect(study.locator("details[open].card-answer")).to_have_count(0)
    study.locator(".card:visible summary").first.focus()
    study.keyboard.press("Space")
    expect(study.locator("details[open].card-answer:visible")).to_have_count(1)
    for modifier in ("Control", "Alt", "Meta"):
        study.keyboard.press(f"{modifier}+3")
    assert grades(study) == []


def test_a_held_key_counts_once(study: Page) -> None:
    for _ in range(3):
        study.keyboard.down("n")
    assert question(study) == "What is beta?"
    study.keyboard.up("n")
    answer(study, 3)
    answer(study, 3)
    for _ in range(3):
        study.keyboard.down("u")
    assert len([entry for entry in stored(study) if "undone" in entry]) == 1


def test_a_skipped_card_is_asked_later_and_writes_nothing(study: Page) -> None:
    for _ in CARDS:
        study.keyboard.press("n")
    expect(study.locator(".study-done")).to_contain_text("Ask the 5 cards skipped")
    assert stored(study) == []
    study.get_by_role("button", name="Ask the 5 cards skipped").click()
    assert question(study) == "What is alpha?"


def test_chapter_search_filter_and_list_choose_the_cards(study: Page) -> None:
    visible = study.locator(".study-list .card:visible")
    study.get_by_role("combobox", name="Chapter", exact=True).select_option("letters")
    assert question(study) == "What is gamma?"
    study.get_by_role("button", name="List").click()
    expect(visible).to_have_count(3)
    expect(study.locator(".study-list h2:visible")).to_have_count(1)
    study.get_by_label("Search cards").fill("DELTA context")
    expect(visible).to_have_count(1)
    study.get_by_label("Search cards").fill("no such words")
    expect(visible).to_have_count(0)
    expect(study.locator(".study-done")).to_have_text("No card has these words.")
    study.get_by_label("Search cards").fill("")
    study.get_by_role("button", name="List").click()
    study.get_by_role("combobox", name="Cards", exact=True).select_option("due")
    expect(study.locator(".study-done")).to_contain_text("Nothing more to answer here.")
    study.get_by_role("button", name="Study ahead").click()
    assert question(study) == "What is gamma?"


def test_a_shuffle_asks_every_card_once(study: Page) -> None:
    study.get_by_role("button", name="Shuffle").click()
    study.locator("h1").click()
    for _ in CARDS:
        answer(study, 4)
    assert sorted(card for card, _ in grades(study)) == sorted(CARDS)


def test_what_happens_is_announced(study: Page) -> None:
    status = study.locator(".study-status[role=status]")
    study.keyboard.press("Space")
    expect(status).to_have_text("Answer shown. Grade your recall below it.")
    study.keyboard.press("3")
    expect(status).to_have_text("Next in 10 minutes. 4 cards left.")
    study.keyboard.press("u")
    expect(status).to_have_text("Undone. Grade your recall again.")


def test_a_card_is_answered_in_its_chapter(open_page: Opener, library: Library) -> None:
    page = open_page("chapters/numbers/", address=library.address)
    card = page.locator("[data-card=alpha]")
    expect(card.get_by_text("Unanswered")).to_be_visible()
    expect(card.get_by_role("button", name="Again")).to_be_hidden()
    card.get_by_text("Answer", exact=True).click()
    expect(card.get_by_role("button")).to_have_text(
        [
            re.compile("Again.*1 minute"),
            re.compile("Hard.*6 minutes"),
            re.compile("Good.*10 minutes"),
            re.compile("Easy.*8 days"),
        ]
    )
    card.get_by_role("button", name="Easy").click()
    expect(card.locator(".card-graded")).to_contain_text("Easy: next in 8 days.")
    expect(card.locator(".card-graded")).to_be_focused()
    page.reload()
    expect(card.get_by_text("Due in 8 days")).to_be_visible()
    card.get_by_text("Answer", exact=True).click()
    card.get_by_role("button", name="Again").click()
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("button", name="Good")).to_be_focused()
    expect(card.get_by_text("Due in 8 days")).to_be_visible()
    page.goto(library.address + "study/")
    expect(page.locator(".study-counts")).to_contain_text("4 new · 1 known")


def test_a_suspended_card_is_not_asked_until_it_is_resumed(open_page: Opener, library: Library) -> None:
    page = open_page("study/", address=library.address)
    page.get_by_role("button", name="Suspend").click()
    assert question(page) == "What is beta?"
    expect(page.locator(".study-last")).to_contain_text("Suspended: Card alpha.")
    expect(page.locator(".study-counts")).to_have_text("4 cards to answer · 4 new · 1 suspended")
    page.get_by_role("button", name="Undo").click()
    assert question(page) == "What is alpha?"
    page.get_by_role("button", name="Suspend").click()
    page.goto(library.address + "chapters/numbers/")
    card = page.locator("[data-card=alpha]")
    card.get_by_text("Answer", exact=True).click()
    expect(card.get_by_text("Answer alpha.")).to_be_visible()
    expect(card.get_by_text("Suspended")).to_be_visible()
    expect(card.get_by_role("button", name="Good")).to_be_hidden()
    page.goto(library.address + "study/")
    assert question(page) == "What is beta?"
    page.get_by_role("button", name="Settings").click()
    settings = page.get_by_role("dialog", name="Settings")
    expect(settings.locator("li")).to_contain_text("Card alpha")
    settings.get_by_role("button", name="Resume").click()
    expect(settings.get_by_text("None.")).to_be_visible()
    settings.get_by_role("button", name="Close").click()
    expect(page.locator(".study-counts")).to_have_text("5 cards to answer · 5 new")


def test_nothing_moves_when_cards_become_answerable(open_page: Opener, library: Library) -> None:
    script = "document.querySelector('[data-card=beta]').getBoundingClientRect().top"
    plain = open_page("chapters/numbers/", NO_JAVASCRIPT, library.address)
    assert plain.evaluate(script) == open_page("chapters/numbers/", DESKTOP, library.address).evaluate(script)


def test_without_javascript_every_card_can_be_revealed(open_page: Opener, library: Library) -> None:
    page = open_page("study/", NO_JAVASCRIPT, library.address)
    for name in CARDS:
        expect(page.get_by_text(f"Answer {name}.")).to_be_hidden()
        page.locator(f"[data-card={name}] .card-answer summary").click()
        expect(page.get_by_text(f"Answer {name}.")).to_be_visible()


def test_if_the_script_never_comes_the_list_appears(open_page: Opener, library: Library) -> None:
    page = open_page("", address=library.address)
    page.route("**/book.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(library.address + "study/")
    expect(page.get_by_text("What is alpha?")).to_be_hidden()
    # The style sheet shows it after some seconds, which are over at once here.
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    expect(page.get_by_text("What is alpha?")).to_be_visible()


def test_cards_out_of_sight_are_not_styled_before_the_script_starts(open_page: Opener) -> None:
    page = open_page("assets/favicon.svg", TOUCH)
    page.route("**/book.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(page.url.replace("assets/favicon.svg", "study/"))
    shown = page.locator(".study-list > .card .card-question").evaluate_all(
        "all => all.map(one => one.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert shown[0] and not shown[-1]
    assert sum(shown) < 0.7 * len(shown)
    expect(page.locator(".card-question").first).to_be_visible(timeout=8000)
    page.locator(".card-question").last.scroll_into_view_if_needed()
    assert page.locator(".card-question").last.is_visible()


def test_two_tabs_lose_no_review(study: Page, library: Library) -> None:
    other = study.context.new_page()
    other.goto(library.address + "study/")
    study.bring_to_front()
    answer(study, 3)
    expect(other.locator(".study-counts")).to_contain_text("4 new · 1 learning")
    assert question(other) == "What is beta?"
    # Both have the same card open, and both grade it.
    study.keyboard.press("Space")
    other.keyboard.press("Space")
    study.keyboard.press("3")
    other.keyboard.press("2")
    answer(other, 4)
    answer(study, 4)
    assert sorted(grades(study)) == [("alpha", 3), ("beta", 2), ("beta", 3), ("delta", 4), ("gamma", 4)]
    for page in (study, other):
        expect(page.locator(".study-counts")).to_contain_text("1 new · 2 learning · 2 known")


def fill_storage(page: Page) -> None:
    page.evaluate(
        """() => {
          let size = 4_000_000;
          for (let i = 0; size >= 1; ) {
            try {
              localStorage.setItem(`filler-${i}`, "x".repeat(size));
              i += 1;
            } catch {
              size = Math.floor(size / 2);
            }
          }
        }"""
    )


def test_a_full_storage_is_told_and_loses_nothing(study: Page) -> None:
    fill_storage(study)
    answer(study, 3)
    answer(study, 4)
    notice = study.get_by_role("alert")
    expect(notice).to_contain_text("storage is full")
    expect(notice).to_contain_text("Not stored: 2 entries.")
    assert question(study) == "What is gamma?"
    assert study.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))") is False
    with study.expect_download() as download:
        notice.get_by_role("button", name="Export progress").click()
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert [(review["card"], review["grade"]) for review in exported["reviews"]] == [
        ("alpha", 3),
        ("beta", 4),
    ]
    assert grades(study) == []
    study.evaluate(
        "Object.keys(localStorage).filter((key) => key.startsWith('filler'))"
        ".forEach((key) => localStorage.removeItem(key))"
    )
    notice.get_by_role("button", name="Try to store again").click()
    expect(notice).to_be_hidden()
    assert grades(study) == [("alpha", 3), ("beta", 4)]
    assert study.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))") is True


@pytest.mark.parametrize(
    "forbidden",
    [
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };",
        "Object.defineProperty(window, 'localStorage', {"
        " get() { throw new DOMException('no', 'SecurityError'); } });",
    ],
    ids=["writing", "altogether"],
)
def test_with_a_forbidden_storage_one_can_still_study(
    open_page: Opener, library: Library, forbidden: str
) -> None:
    page = open_page("", address=library.address)
    page.context.add_init_script(forbidden)
    page.goto(library.address + "study/")
    answer(page, 3)
    assert question(page) == "What is beta?"
    expect(page.get_by_role("alert")).to_contain_text("does not let the site store anything")
    expect(page.get_by_role("alert")).to_contain_text("Not stored: 1 entry.")


def choose_file(page: Page, content: str, name: str = "progress.json") -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": content.encode()}
    )


def export(page: Page) -> dict[str, Any]:
    with page.expect_download() as download:
        page.locator(".study-keep").get_by_role("button", name="Export progress").click()
    exported: dict[str, Any] = json.loads(download.value.path().read_text(encoding="utf-8"))
    return exported


def test_progress_goes_from_one_browser_to_another(open_page: Opener, library: Library) -> None:
    one = open_page("study/", address=library.address)
    answer(one, 4)
    answer(one, 1)
    one.keyboard.press("u")
    file = export(one)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", file["exported"][:10])
    file["reviews"].append(
        {"card": "no-such-card", "at": "2026-01-05T09:00:00.000Z", "grade": 2, "device": "phone"}
    )
    file["reminders"] = {"hour": 19}
    other = open_page("study/", address=library.address)
    answer(other, 3)
    choose_file(other, json.dumps(file))
    expect(other.locator(".study-message")).to_have_text(
        "Imported 4 of 4 entries; the others were here already."
    )
    expect(other.locator(".study-counts")).to_contain_text("4 new · 1 known")
    choose_file(other, json.dumps(file))
    expect(other.locator(".study-message")).to_have_text(
        "Imported 0 of 4 entries; the others were here already."
    )
    other.reload()
    again = export(other)
    assert [review for review in file["reviews"] if review not in again["reviews"]] == []
    assert len(again["reviews"]) == 4 and again["undos"] == file["undos"]
    assert again["reminders"] == {"hour": 19}
    assert set(again["cards"]) == {"alpha", "no-such-card"}


def test_a_bad_file_is_refused_whole(study: Page) -> None:
    answer(study, 3)
    before = stored(study)
    file = export(study)
    good = {"card": "beta", "at": "2026-01-05T09:00:00.000Z", "grade": 2}
    for bad in ({**good, "grade": 7}, {**good, "at": "soon"}, {**good, "card": HOSTILE}):
        choose_file(study, json.dumps({**file, "reviews": [good, bad]}), f"{HOSTILE}.json".replace("/", ""))
        expect(study.locator(".study-message")).to_contain_text("Nothing was imported from <img")
        expect(study.locator(".study-message")).to_contain_text("reviews[1]")
        assert stored(study) == before
    choose_file(study, "no json at all")
    expect(study.locator(".study-message")).to_contain_text("the file is not JSON")
    expect(study.locator(".study-counts")).to_contain_text("4 new · 1 learning")


def test_text_of_an_imported_file_is_never_markup(study: Page) -> None:
    title = study.title()
    review = {
        "card": "alpha",
        "at": "2026-01-05T09:00:00.000Z",
        "grade": 2,
        HOSTILE: HOSTILE,
        "__proto__": {"x": HOSTILE},
    }
    file = {"format": "cardbook-progress", "schema": 1, "reviews": [review], "undos": [], HOSTILE: HOSTILE}
    text = json.dumps(file)
    choose_file(study, text)
    expect(study.locator(".study-message")).to_contain_text("Imported 1 of 1 entries")
    study.reload()
    assert export(study)[HOSTILE] == HOSTILE
    assert export(study)["reviews"][0]["__proto__"] == {"x": HOSTILE}
    assert study.locator("img[src=x]").count() == 0
    assert study.title() == title
    assert study.evaluate("({}).x") is None


def test_progress_survives_edits_of_text_order_and_chapter(open_page: Opener, tmp_path: Path) -> None:
    with open_library(tmp_path) as library:
        page = open_page("study/", address=library.address)
        answer(page, 4)
        answer(page, 4)
        moved = {"epsilon": "letters", "beta": "letters", "alpha": "numbers", "delta": "numbers"}
        library.write_cards(moved, "Please say what {} is!")
        library.build()
        page.reload()
        expect(page.locator(".study-counts")).to_contain_text("2 new · 2 known")
        page.goto(library.address + "chapters/letters/")
        expect(page.locator("[data-card=beta]").get_by_text("Due in 8 days")).to_be_visible()
        library.write_cards({"gamma": "letters", "delta": "letters"})
        library.build()
        page.goto(library.address + "study/")
        answer(page, 3)
        expect(page.locator(".study-counts")).to_contain_text("1 new · 1 learning")
        library.write_cards(CARDS)
        library.build()
        page.reload()
        expect(page.locator(".study-counts")).to_contain_text("2 new · 1 learning · 2 known")
        assert set(export(page)["cards"]) == {"alpha", "beta", "gamma"}


def test_a_month_of_study_loses_nothing(open_page: Opener, library: Library) -> None:
    page = open_page("study/", address=library.address)
    page.clock.install(time="2026-11-01T08:00:00Z")
    given: list[tuple[str, int]] = []
    for day in range(30):
        page.clock.set_fixed_time(f"2026-11-{day + 1:02}T08:00:00Z")
        page.goto(library.address + ("study/" if day % 3 else "study/index.html"))
        minute = 0
        while page.locator(".card:visible").count() and minute < 40:
            name = question(page).removeprefix("What is ").removesuffix("?")
            grade = 1 if (len(given) % 7 == 3) else 3
            answer(page, grade)
            given.append((name, grade))
            minute += 1
            page.clock.set_fixed_time(f"2026-11-{day + 1:02}T08:{minute:02}:00Z")
    assert len(given) > 20
    assert grades(page) == given
    exported = export(page)
    assert [(review["card"], review["grade"]) for review in exported["reviews"]] == given
    assert set(exported["cards"]) == set(CARDS)
    times = Counter(card for card, _ in given)
    assert {card: state["reps"] for card, state in exported["cards"].items()} == times
    expect(page.locator(".study-retention")).to_contain_text(re.compile(r"Retention: \d+ %"))
    page.get_by_text("The same as a table").first.click()
    counted = [int(text) for text in page.locator(".study-table").first.locator("td").all_inner_texts()]
    assert sum(counted) == len(given)
    for picture in page.locator(".study-picture").all():
        assert picture.locator("title").first.text_content() and picture.locator("desc").text_content()


def test_studying_works_after_instant_navigation(open_page: Opener, tmp_path: Path) -> None:
    with open_library(tmp_path, instant=True) as library:
        page = open_page("", address=library.address)
        page.evaluate("window.sameDocument = true")
        page.locator("article a", has_text="Study").click()
        expect(page.locator(".card:visible")).to_have_count(1)
        answer(page, 3)
        assert question(page) == "What is beta?"
        page.locator("h3:visible a", has_text="Card beta").click()
        card = page.locator("[data-card=alpha]")
        expect(card.get_by_text("Due in 10 minutes")).to_be_visible()
        card.get_by_text("Answer", exact=True).click()
        card.get_by_role("button", name="Easy").click()
        page.go_back()
        expect(page.locator(".study-counts")).to_contain_text("4 new · 1 known")
        answer(page, 4)
        assert [card for card, _ in grades(page)] == ["alpha", "alpha", "beta"]
        assert page.evaluate("window.sameDocument") is True


def test_studying_works_on_pages_opened_as_files(chromium: Browser, site: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((site / "study" / "index.html").as_uri())
    answer(page, 4)
    page.reload()
    expect(page.locator(".study-counts")).to_contain_text("1 known")
    context.close()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_study_is_accessible_and_fits(open_page: Opener, library: Library, view: View) -> None:
    page = open_page("study/", view, library.address)
    axe = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    answer(page, 4)
    for key in ("Tab", "Space", "?"):
        page.keyboard.press(key)
        page.evaluate(axe)
        found = page.evaluate("axe.run('article', { resultTypes: ['violations'] })")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= view.width


def test_studying_works_on_the_published_site(open_page: Opener) -> None:
    page = open_page("study/")
    name = page.locator(".study-list .card:visible").get_attribute("data-card")
    answer(page, 4)
    assert grades(page) == [(name, 4)]
    assert export(page)["reviews"][0]["card"] == name
    page.locator("h3:visible a").first.click()
    due = page.locator(f"[data-card={name}]").get_by_text("Due in 8 days")
    expect(due).to_be_visible()


def test_buttons_are_wide_enough_for_a_thumb(open_page: Opener, library: Library) -> None:
    page = open_page("study/", PHONE, library.address)
    page.keyboard.press("Space")
    for button in page.locator("article :is(button, select, input, summary):visible").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= 44 and box["width"] >= 44, button.inner_text()
