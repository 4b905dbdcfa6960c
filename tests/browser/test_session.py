"""A session on the published site: keys, undo, corrections, choices, settings, progress on other pages."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DESKTOP, DESKTOP_DARK, NO_JAVASCRIPT, PHONE, VIEWS, Opener, View
from tests.browser.places import BOOK
from tests.browser.test_study import answer, choose_file, export, grades

HEADER = "document.querySelector('.md-header').getBoundingClientRect().bottom"
LAPTOP = View("laptop", "light", 1280, 800)
CORRECTED = next(entry for entry in BOOK.entries if entry.corrections)
CHAPTERS = {chapter.id: [entry.id for entry in chapter.entries] for chapter in BOOK.chapters}
CHAPTER = BOOK.chapters[0].id
NEW_PER_DAY = 10


@pytest.fixture
def study(open_page: Opener) -> Page:
    """The study page of a reader who has not studied yet."""
    return open_page("study/")


def asked(page: Page) -> str:
    """The id of the card that is asked."""
    return page.locator(".study-list .card:visible").get_attribute("data-card") or ""


def top_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def open_settings(page: Page) -> Locator:
    """Open Settings, behind the drawer on a phone; return the dialog."""
    page.locator(".study-choose").evaluate("one => one.open = true")
    page.get_by_role("button", name="Settings").click()
    return page.get_by_role("dialog", name="Settings")


def no_limit(page: Page) -> None:
    """Let all new cards be asked today."""
    dialog = open_settings(page)
    dialog.get_by_label("New cards a day").fill("999")
    dialog.get_by_role("button", name="Close").click()
    page.locator("h1").click()


def test_no_key_of_the_page_leaves_it(study: Page) -> None:
    assert study.locator("link[rel=next]").count() == 1 and study.locator("link[rel=prev]").count() == 1
    address = study.url
    first = asked(study)
    for key in "np.,":
        study.keyboard.press(key)
    study.keyboard.down("n")
    study.keyboard.down("n")
    study.keyboard.up("n")
    study.keyboard.press("?")
    for key in "np.,1u":
        study.keyboard.press(key)
    study.keyboard.press("Escape")
    study.wait_for_timeout(300)
    assert study.url == address and asked(study) != first
    study.keyboard.press("u")
    study.keyboard.press("u")
    assert asked(study) == first


@pytest.mark.parametrize("view", [PHONE, LAPTOP], ids=lambda view: view.name)
@pytest.mark.parametrize("far", [True, False], ids=["to-the-end", "to-the-grades"])
def test_next_question_is_never_under_the_header(open_page: Opener, view: View, far: bool) -> None:
    page = open_page("study/", view)
    no_limit(page)
    seen = 0
    for _ in BOOK.entries:
        page.keyboard.press("Space")
        target = page.locator(".card:visible .card-actions" if far else ".card:visible .card-grades")
        target.scroll_into_view_if_needed()
        page.keyboard.press("4")
        question = page.locator(".study-list .card-question:visible, .study-done:visible")
        box = question.bounding_box()
        assert box is not None
        assert box["y"] >= page.evaluate(HEADER), seen
        assert box["y"] + box["height"] <= view.height
        assert not page.locator(".md-top").is_visible()
        seen += 1
    assert seen == len(BOOK.entries)


def test_grade_is_told_and_taken_back_by_touch(open_page: Opener) -> None:
    page = open_page("study/", PHONE)
    first = asked(page)
    title = page.locator(".study-list h3:visible > a").first.inner_text()
    page.locator(".card:visible .card-answer summary").click()
    page.get_by_role("button", name="Good").click()
    line = page.locator(".study-last")
    expect(line).to_contain_text(f"Good: {title}, next in 10 minutes.")
    assert line.is_visible() and top_of(line) >= page.evaluate(HEADER)
    undo = line.get_by_role("button", name="Undo")
    box = undo.bounding_box()
    assert box is not None and box["height"] >= 44 and box["width"] >= 44
    undo.click()
    assert asked(page) == first
    assert page.locator(".study-counts").inner_text().endswith(f"{len(BOOK.entries)} new")
    page.get_by_role("button", name="Skip").click()
    expect(line).to_contain_text("Skipped")
    line.get_by_role("button", name="Undo").click()
    assert asked(page) == first


@pytest.mark.parametrize("path", ["chapter", "study"])
def test_correction_stands_in_the_answer_before_the_grades(open_page: Opener, path: str) -> None:
    chapter = next(chapter for chapter in BOOK.chapters if CORRECTED in chapter.entries)
    page = open_page("study/" if path == "study" else f"chapters/{chapter.id}/")
    if path == "study":
        while asked(page) != CORRECTED.id:
            page.keyboard.press("n")
    card = page.locator(f".card[data-card='{CORRECTED.id}']")
    correction = card.locator(".card-correction").first
    expect(correction).to_be_hidden()
    expect(card.locator(".card-answer > summary")).to_contain_text("Answer · corrected")
    card.locator(".card-answer > summary").click()
    expect(correction).to_be_visible()
    last = card.locator(".card-correction").last
    assert top_of(card.locator(".card-answer p").first) < top_of(correction)
    assert top_of(last) < top_of(card.locator(".card-grades"))
    for entry in BOOK.entries:
        if not entry.corrections:
            summary = page.locator(f".card[data-card='{entry.id}'] .card-answer > summary")
            assert all("corrected" not in text for text in summary.all_text_contents())


@pytest.mark.parametrize("view", VIEWS[:2], ids=lambda view: view.name)
@pytest.mark.parametrize("path", ["study/", f"chapters/{CHAPTER}/"])
def test_every_variable_of_our_styles_is_defined(open_page: Opener, path: str, view: View) -> None:
    page = open_page(path, view)
    used, missing = page.evaluate(
        """() => {
          const rulesOf = (one) => one.cssRules?.length ? [...one.cssRules].flatMap(rulesOf) : [one];
          const ours = [...document.styleSheets].filter((sheet) => /book[^/]*\\.css/.test(sheet.href ?? ""));
          const isDefined = (name) => (one) => getComputedStyle(one).getPropertyValue(name) !== "";
          const [used, missing] = [new Set(), new Set()];
          for (const rule of ours.flatMap(rulesOf).filter((rule) => rule.selectorText))
            for (const [, name, fallback] of rule.cssText.matchAll(/var\\((--[\\w-]+)(,?)/g)) {
              used.add(name);
              if (fallback || isDefined(name)(document.body)) continue;
              const selector = rule.selectorText.replace(/::?[a-z-]+(?=[ ,{]|$)/g, "");
              const places = document.querySelectorAll(selector);
              // What no element of this page uses may be defined where it is used.
              if (![...places].every(isDefined(name))) missing.add(`${name}: ${rule.selectorText}`);
            }
          return [used.size, [...missing]];
        }"""
    )
    assert used > 20 and missing == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_controls_have_an_edge_that_can_be_seen(open_page: Opener, view: View) -> None:
    page = open_page("study/", view)
    page.locator(".study-choose").evaluate("one => one.open = true")
    ratio = """(one) => {
      const light = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).map((n) => n / 255)
          .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const { borderTopColor, borderTopWidth } = getComputedStyle(one);
      const [a, b] = [light(borderTopColor), light(getComputedStyle(document.body).backgroundColor)];
      return parseFloat(borderTopWidth) >= 1 ? (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) : 0;
    }"""
    for control in page.locator(".study-toolbar :is(select, input, .study-button)").all():
        if control.is_visible():
            assert control.evaluate(ratio) >= 3


def test_space_and_enter_reveal_then_grade_good_and_a_card_stays_put(study: Page) -> None:
    first = asked(study)
    study.keyboard.press("Enter")
    expect(study.locator(".card-answer[open]:visible")).to_have_count(1)
    before = study.evaluate("scrollY")
    study.keyboard.press("Enter")
    study.keyboard.press("Space")
    study.keyboard.press("Space")
    assert [grade for _, grade in grades(study)] == [3, 3]
    assert grades(study)[0][0] == first
    assert abs(study.evaluate("scrollY") - before) < 400


def test_undo_by_key_keeps_the_keyboards_place(study: Page) -> None:
    answer(study, 3)
    study.keyboard.press("u")
    expect(study.locator(".card-answer-body:visible")).to_be_focused()
    study.keyboard.press("n")
    study.keyboard.press("u")
    expect(study.locator(".card-question:visible")).to_be_focused()


def test_on_a_phone_the_question_is_seen_at_once_and_a_tap_shows_the_grades(open_page: Opener) -> None:
    page = open_page("study/", PHONE)
    assert top_of(page.locator(".card-question:visible")) < PHONE.height / 2
    no_limit(page)
    for _ in BOOK.entries:
        card = page.locator(".study-list .card:visible")
        card.locator(".card-answer > summary").click()
        # The event that tells of an open answer comes a moment after it is open.
        expect(card.locator(".card-grades")).to_be_visible()
        height = card.locator(".card-recall").evaluate("one => one.getBoundingClientRect().height")
        if height <= PHONE.height - 80:
            expect(card.locator(".card-grades")).to_be_in_viewport(ratio=1)
        card.get_by_role("button", name="Easy").click()


def test_list_sets_each_heading_to_its_own_card(study: Page) -> None:
    study.get_by_role("button", name="List").click()
    gaps = study.evaluate(
        """() => [...document.querySelectorAll(".study-list > h3:not([hidden])")].slice(1).map((heading) => {
          const box = (one) => one.getBoundingClientRect();
          const before = heading.previousElementSibling.matches("h2:not([hidden])")
            ? heading.previousElementSibling.previousElementSibling : heading.previousElementSibling;
          const after = heading.nextElementSibling;
          return [box(heading).top - box(before).bottom, box(after).top - box(heading).bottom];
        })"""
    )
    assert len(gaps) == NEW_PER_DAY - 1
    assert all(above > below for above, below in gaps)


def test_card_answered_in_a_list_stays_there_with_its_way_back(study: Page) -> None:
    study.get_by_role("button", name="List").click()
    card = study.locator(".study-list .card:visible").nth(2)
    card.locator(".card-answer > summary").click()
    card.get_by_role("button", name="Good").click()
    expect(card.locator(".card-graded")).to_be_focused()
    expect(card.locator(".card-graded")).to_contain_text("Good: next in 10 minutes.")
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("button", name="Good")).to_be_focused()
    expect(study.locator(".study-counts")).to_have_text(
        f"{NEW_PER_DAY} cards to answer · {len(BOOK.entries)} new"
    )


def test_choice_is_remembered_and_a_link_may_choose_a_chapter(study: Page, served: str) -> None:
    chapter = study.get_by_role("combobox", name="Chapter", exact=True)
    study.get_by_role("combobox", name="Cards", exact=True).select_option("new")
    chapter.select_option(BOOK.chapters[1].id)
    study.get_by_role("button", name="Shuffle").click()
    study.reload()
    assert chapter.input_value() == BOOK.chapters[1].id
    assert study.get_by_role("combobox", name="Cards", exact=True).input_value() == "new"
    expect(study.get_by_role("button", name="Shuffle")).to_have_attribute("aria-pressed", "true")
    expect(study.locator(".study-choose > summary")).to_contain_text("Only new")
    study.goto(f"{served}study/?chapter={CHAPTER}")
    assert chapter.input_value() == CHAPTER and asked(study) in CHAPTERS[CHAPTER]
    study.goto(served + "study/")
    assert chapter.input_value() == BOOK.chapters[1].id


@pytest.mark.parametrize("wanted", ["nowhere", "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "x" * 5000])
def test_an_address_of_no_chapter_is_told_and_all_are_asked(study: Page, served: str, wanted: str) -> None:
    study.goto(f"{served}study/?chapter={wanted}")
    expect(study.locator(".study-note:visible").first).to_contain_text("This book has no chapter")
    assert asked(study) == BOOK.entries[0].id
    assert study.evaluate("document.documentElement.scrollWidth") <= DESKTOP.width


def test_new_cards_have_a_daily_limit_and_the_end_says_what_was_done_and_what_comes(study: Page) -> None:
    for _ in range(NEW_PER_DAY):
        answer(study, 4)
    done = study.locator(".study-done")
    expect(done).to_contain_text(
        f"Done: {NEW_PER_DAY} answers to {NEW_PER_DAY} cards in this session ({NEW_PER_DAY} Easy)."
    )
    left = len(BOOK.entries) - NEW_PER_DAY
    expect(done).to_contain_text(f"Today's {NEW_PER_DAY} new cards are done; {left} more are new.")
    expect(done).to_contain_text(re.compile(r"The next card is due in \d+ days\."))
    study.reload()
    expect(study.locator(".study-list .card:visible")).to_have_count(0)
    study.get_by_role("button", name="Ask 10 more new cards").click()
    assert asked(study) == BOOK.entries[NEW_PER_DAY].id
    open_settings(study).get_by_label("New cards a day").fill("3")
    study.keyboard.press("Tab")
    study.reload()
    expect(study.locator(".study-done")).to_contain_text("Today's 3 new cards are done")


def test_settings_tell_today_and_the_next_days_and_retention_moves_due_dates(study: Page) -> None:
    answer(study, 4)
    answer(study, 3)
    dialog = open_settings(study)
    expect(dialog.locator(".study-today")).to_have_text("Today: 2 answers, 2 new cards.")
    rows = dialog.locator("tbody tr")
    expect(rows).to_have_count(7)
    assert sum(int(text) for text in rows.locator("td").all_inner_texts()) == 1
    dialog.get_by_label("Recall to aim for").select_option("0.95")
    dialog.get_by_role("button", name="Close").click()
    state = export(study)
    assert state["settings"]["retention"] == 0.95
    due = datetime.fromisoformat(state["cards"][BOOK.entries[0].id]["due"])
    assert due - datetime.now(UTC) < timedelta(days=6)


def due_soon(page: Page, *cards: str) -> None:
    """Give a reader cards that were answered long ago and are due."""
    reviews = [{"card": card, "at": "2026-01-05T09:00:00.000Z", "grade": 3} for card in cards]
    file = {"format": "cardbook-progress", "schema": 1, "reviews": reviews, "undos": []}
    choose_file(page, json.dumps(file))
    expect(page.locator(".study-message")).to_contain_text("Imported")


PAGES = ["", f"chapters/{CHAPTER}/", "study/", "about/", "nowhere/"]


@pytest.mark.parametrize("view", [DESKTOP_DARK, PHONE], ids=lambda view: view.name)
def test_every_page_leads_to_study_and_says_how_many_cards_are_due(
    open_page: Opener, served: str, view: View
) -> None:
    page = open_page("study/", view)
    due_soon(page, *CHAPTERS[CHAPTER], "card-that-was-removed")
    for path in PAGES:
        page.goto(served + path)
        link = page.get_by_role("banner").get_by_role("link", name="Study")
        expect(link.locator(".study-badge")).to_have_text(str(len(CHAPTERS[CHAPTER])))
        assert link.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= view.width
        link.click()
        expect(page.locator(".study-list .card:visible")).to_have_count(1)
    open_page.trouble.errors[:] = [text for text in open_page.trouble.errors if "404" not in text]


def test_without_javascript_study_is_found_too(open_page: Opener) -> None:
    page = open_page(f"chapters/{CHAPTER}/", NO_JAVASCRIPT)
    page.get_by_role("banner").get_by_role("link", name="Study").click()
    assert page.url.endswith("/study/")


def test_home_and_chapter_show_what_is_new_due_and_known(open_page: Opener, served: str) -> None:
    page = open_page("")
    lines = page.locator(".contents .card-counts")
    expect(lines).to_have_count(len(CHAPTERS))
    count = len(CHAPTERS[CHAPTER])
    expect(lines.first).to_contain_text(f"{count} card{'s' * (count > 1)} · {count} new")
    page.goto(served + "study/")
    due_soon(page, CHAPTERS[CHAPTER][0])
    page.goto(served)
    expect(lines.first).to_contain_text("1 due")
    expect(page.locator("article .md-button", has_text="Study 1 due")).to_be_visible()
    page.goto(f"{served}chapters/{CHAPTER}/")
    expect(page.locator(".chapter-progress .card-counts")).to_contain_text("1 due")
    dots = page.locator(".md-sidebar--secondary .card-dot")
    expect(dots).to_have_count(count)
    expect(dots.first).to_have_attribute("data-state", "due")
    card = page.locator(f".card[data-card='{CHAPTERS[CHAPTER][0]}']").first
    card.locator(".card-answer > summary").click()
    card.get_by_role("button", name="Easy").click()
    expect(page.locator(".chapter-progress .card-counts")).to_contain_text("1 known")
    expect(dots.first).to_have_attribute("data-state", "known")
    expect(page.get_by_role("banner").locator(".study-badge")).to_have_text("")
    page.get_by_role("link", name="Study this chapter").first.click()
    assert page.url.endswith(f"study/?chapter={CHAPTER}")


def test_a_chapter_ends_with_a_round_of_its_cards(open_page: Opener, served: str) -> None:
    page = open_page(f"chapters/{CHAPTER}/")
    page.get_by_role("button", name="Answer them here").click()
    places = page.locator(".chapter-round ~ *")
    for left in range(len(CHAPTERS[CHAPTER]), 0, -1):
        expect(places.get_by_text(re.compile(f"^{left} cards? left$"))).to_be_visible()
        expect(places.locator(".card-question")).to_be_focused()
        places.locator(".card-answer > summary").click()
        places.get_by_role("button", name="Good" if left > 1 else "Again").click()
    count = len(CHAPTERS[CHAPTER])
    expect(places.locator(".study-done")).to_contain_text(
        f"Done: {count} card{'s' * (count > 1)} answered, {count - 1} recalled."
    )
    expect(places.locator(".study-done")).to_contain_text("The next card is due in 1 minute")
    page.locator(".study-last").get_by_role("button", name="Undo").click()
    places.locator(".card-answer > summary").click()
    places.get_by_role("button", name="Easy").click()
    assert [grade for _, grade in grades(page)] == [3] * (count - 1) + [1, 4]
    page.goto(served + "study/")
    expect(page.locator(".study-counts")).to_contain_text("1 known")


def test_a_second_device_is_told_how_to_bring_progress_along(open_page: Opener) -> None:
    page = open_page("study/", PHONE)
    note = page.locator(".study-note:visible")
    expect(note).to_contain_text("Have you studied on another device?")
    with page.expect_file_chooser():
        note.get_by_role("button", name="Import progress").click()
    page.locator("h1").click()
    answer(page, 3)
    expect(page.get_by_text("Have you studied on another device?")).to_be_hidden()


@pytest.fixture
def before_names(open_page: Opener, served: str) -> Iterator[Page]:
    """The browser of a reader who studied before keys held the name of the book."""
    page = open_page("about/")
    kept = BOOK.entries[0].id
    entries: dict[str, dict[str, str | int]] = {
        f"review:2026-01-05T09:00:00.000Z:{kept}": {
            "card": kept,
            "at": "2026-01-05T09:00:00.000Z",
            "grade": 3,
        },
        f"review:2026-01-06T09:00:00.000Z:{kept}": {
            "card": kept,
            "at": "2026-01-06T09:00:00.000Z",
            "grade": 1,
        },
        f"undo:2026-01-06T09:00:00.000Z:{kept}": {
            "card": kept,
            "at": "2026-01-06T09:00:00.000Z",
            "undone": "2026-01-06T09:00:05.000Z",
        },
        "review:2026-01-05T09:00:00.000Z:of-another-book": {
            "card": "of-another-book",
            "at": "2026-01-05T09:00:00.000Z",
            "grade": 3,
        },
    }
    for key, entry in entries.items():
        page.evaluate(
            "([key, text]) => localStorage.setItem(key, text)",
            [f"cardbook:{key}", json.dumps({**entry, "schema": 1})],
        )
    page.evaluate("""localStorage.setItem('cardbook:field:reminders', '{"value":{"hour":19}}')""")
    yield page


@pytest.mark.parametrize("path", ["", "study/", f"chapters/{CHAPTER}/", "about/"])
def test_progress_from_before_names_is_taken_over(before_names: Page, served: str, path: str) -> None:
    page = before_names
    page.goto(served + path)
    expect(page.locator(".study-badge")).to_have_text("1")
    page.evaluate(
        "Object.keys(localStorage).filter((key) => key.startsWith('cardbook:'))"
        ".forEach((key) => localStorage.removeItem(key))"
    )
    page.goto(served + "study/")
    file = export(page)
    assert [(one["card"], one["grade"]) for one in file["reviews"]] == [
        (BOOK.entries[0].id, 3),
        (BOOK.entries[0].id, 1),
    ]
    assert len(file["undos"]) == 1 and file["reminders"] == {"hour": 19}
    assert file["book"] == BOOK.name


def test_file_of_another_book_is_refused_with_a_sentence(study: Page) -> None:
    answer(study, 3)
    file = export(study)
    choose_file(study, json.dumps({**file, "book": "another-book"}))
    expect(study.locator(".study-message")).to_contain_text(
        'book: this is the progress of another book, "another-book": import it on the study page of that book'
    )
    assert len(grades(study)) == 1


def test_file_with_a_huge_field_keeps_no_answer_from_being_stored(study: Page) -> None:
    file = {"format": "cardbook-progress", "schema": 1, "reviews": [], "undos": []}
    choose_file(study, json.dumps({**file, "notes": "x" * 9_000_000}))
    expect(study.locator(".study-message")).to_contain_text("too large")
    for _ in range(3):
        answer(study, 3)
    study.reload()
    assert len(grades(study)) == 3
    expect(study.locator(".study-counts")).to_contain_text("3 learning")


def test_stored_field_of_20_000_levels_stops_no_export(study: Page, served: str) -> None:
    deep = "[" * 20_000 + "]" * 20_000
    study.evaluate(
        "([key, text]) => localStorage.setItem(key, text)",
        [f"cardbook/{BOOK.name}/field:x", f'{{"value": {deep}}}'],
    )
    study.goto(served + "study/?")
    answer(study, 3)
    assert len(export(study)["reviews"]) == 1
    assert study.evaluate("key => localStorage.getItem(key).length", f"cardbook/{BOOK.name}/field:x") > 40_000
