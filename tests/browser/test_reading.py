"""Reading in a real browser: what one sees, copies and reaches."""

import json
import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from cardbook.pages.notebook import without_script_metadata
from cardbook.records.status import Project
from cardbook.source.book import Chapter
from tests.browser.chromium import DESKTOP, NO_JAVASCRIPT, PHONE_DARK, TOUCH, Opener, View
from tests.browser.places import BOOK, CARD, CHAPTER, EXAMPLE, NOTEBOOK
from tests.conftest import ROOT


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.mark.parametrize("path", ["", CHAPTER, NOTEBOOK, "about/", "licences/", "nowhere/"])
@pytest.mark.parametrize("view", [DESKTOP, PHONE_DARK], ids=lambda view: view.name)
def test_no_page_is_wider_than_the_window_and_none_asks_another_host(
    open_page: Opener, view: View, path: str
) -> None:
    page = open_page(path, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= view.width
    assert page.locator("h1").is_visible()
    if path == "nowhere/":
        # The browser itself says on the console that the page is missing.
        assert "404" in open_page.trouble.errors.pop()


def test_copy_button_copies_exactly_the_cell(open_page: Opener, project: Project) -> None:
    page = open_page(CHAPTER)
    for number, cell in enumerate(project.plans[EXAMPLE].example.code_cells, 1):
        block = page.locator(f'[data-cell="{EXAMPLE}-{number}"]')
        block.hover()
        # On a wide screen the button appears with the pointer; code may be folded.
        block.get_by_role("button", name=f"Copy cell {number}").click()
        block.get_by_text("Copied").wait_for()
        assert clipboard(page) == cell.source


def test_whole_example_is_copied_as_the_script(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    example = page.locator(f'[data-example="{EXAMPLE}"]')
    example.get_by_role("button", name="Copy all of the example").click()
    example.get_by_text("Copied").wait_for()
    script = (ROOT / "examples" / f"{EXAMPLE}.py").read_text(encoding="utf-8")
    assert without_script_metadata(clipboard(page)) == script


def test_chapter_is_copied_as_markdown(open_page: Opener, site: Path) -> None:
    page = open_page(CHAPTER)
    page.get_by_role("button", name="Copy this chapter as Markdown").click()
    page.locator(".as-text").get_by_text("Copied").wait_for()
    link = page.locator(".as-text a").get_attribute("href") or ""
    assert clipboard(page) == (site / CHAPTER / link).resolve().read_text(encoding="utf-8")
    for entry in BOOK.entries:
        assert (f"## {entry.card.title}\n" in clipboard(page)) == (
            f'data-card="{entry.id}"' in page.content()
        )


def test_line_that_runs_it_is_the_address_of_the_script(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    run = page.locator(f'[data-example="{EXAMPLE}"] .run-line')
    run.get_by_role("button", name="Copy the line that runs it").click()
    run.get_by_text("Copied").wait_for()
    command, _, address = clipboard(page).rpartition(" ")
    assert command == "uv run"
    assert page.request.get(address).text().startswith("# /// script\n")


def test_install_line_is_copied(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    install = page.locator(f'[data-install="{EXAMPLE}"]')
    page.locator(f'[data-example="{EXAMPLE}"] .run').get_by_text("Install with pip").click()
    install.get_by_role("button").click()
    install.get_by_text("Copied").wait_for()
    assert clipboard(page) == install.locator("code").inner_text()


def test_downloads_keep_their_names(open_page: Opener, site: Path) -> None:
    page = open_page(CHAPTER)
    example = page.locator(f'[data-example="{EXAMPLE}"]')
    names = {"Script .py": f"{EXAMPLE}.py", "Notebook .ipynb": f"{EXAMPLE}.ipynb"}
    for label, name in names.items():
        with page.expect_download() as started:
            example.get_by_role("link", name=label, exact=True).click()
        assert started.value.suggested_filename == name
        assert Path(started.value.path()).read_bytes() == (site / "downloads" / name).read_bytes()


def test_deep_link_leads_to_its_card(open_page: Opener) -> None:
    page = open_page(f"{CHAPTER}#{CARD}")
    page.wait_for_function("scrollY > 500")
    top = page.locator(f"#{CARD}").evaluate("heading => heading.getBoundingClientRect().top")
    assert 0 <= top < 300


def test_without_javascript_all_is_there(open_page: Opener) -> None:
    page = open_page(CHAPTER, NO_JAVASCRIPT)
    card = page.locator(f'[data-card="{CARD}"]')
    assert not card.locator(".card-answer p").first.is_visible()
    card.locator(".card-answer summary").click()
    assert card.locator(".card-answer p").first.is_visible()
    assert page.locator("article button").count() == 0
    assert page.locator("a[rel=next]").first.is_visible()


def test_cards_and_chapters_are_reached_by_keyboard_and_show_it(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    page.locator(f'[data-card="{CARD}"] .card-answer summary').focus()
    page.keyboard.press("Enter")
    assert page.locator(f'[data-card="{CARD}"] .card-answer p').first.is_visible()
    seen = set()
    page.locator("h1").evaluate("heading => { heading.tabIndex = -1; heading.focus() }")
    for _ in range(12):
        page.keyboard.press("Tab")
        name, width = page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineWidth]"
        )
        assert width != "0px", name
        seen.add(name)
    assert {"SUMMARY", "A"} <= seen


def test_answers_are_open_on_paper(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    page.emulate_media(media="print")
    answer = page.locator(f'[data-card="{CARD}"] .card-answer p').first
    assert answer.is_visible() and answer.evaluate("p => p.getBoundingClientRect().height") > 10
    assert not page.get_by_role("button", name="Copy all of the example").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_light_and_has_every_figure_once(
    open_page: Opener, scheme: Literal["light", "dark"]
) -> None:
    page = open_page(CHAPTER, View("print", scheme))
    page.emulate_media(media="print", color_scheme=scheme)
    # As a reader's eye has it, from 0 for black to 255.
    lightness = """element => {
        const canvas = document.createElement("canvas").getContext("2d");
        const [ink, ground] = ["color", "backgroundColor"].map(key => {
            for (let one = element; one; one = one.parentElement) {
                canvas.fillStyle = "#fff"; canvas.fillRect(0, 0, 1, 1);
                const value = getComputedStyle(one)[key];
                canvas.fillStyle = value; canvas.fillRect(0, 0, 1, 1);
                if (key === "color" || !/, 0\\)|transparent/.test(value)) break;
            }
            const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
            return 0.3 * red + 0.6 * green + 0.1 * blue;
        });
        return [ink, ground];
    }"""
    assert "dark" not in page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    for place in ("h1", ".card-question", ".card-answer p", ".highlight code", "pre.output", ".provenance"):
        ink, ground = page.locator(f"article {place}").first.evaluate(lightness)
        assert ink < 120 < 200 < ground, place
    shown = page.locator("figure img").evaluate_all("all => all.map(one => [one.src, one.checkVisibility()])")
    assert {address.endswith("#only-light") for address, visible in shown if visible} == {True}
    assert sum(visible for _, visible in shown) * 2 == len(shown) > 0


def test_on_paper_all_code_is_there_and_a_title_keeps_its_card(open_page: Opener, project: Project) -> None:
    page = open_page(CHAPTER)
    page.emulate_media(media="print")
    hidden = page.locator("[data-cell] code").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 10).length"
    )
    assert hidden == 0
    assert page.locator("details.fold").count() > 0
    assert page.locator("article h2").first.evaluate("one => getComputedStyle(one).breakAfter") == "avoid"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "12px"


CUT = """() => [...document.querySelectorAll(".highlight[data-cell] code")].filter(code => {
    for (let one = code; !one.matches("[data-cell]"); one = one.parentElement)
        if (one.scrollWidth > one.clientWidth) return true;
}).map(code => code.closest("[data-cell]").dataset.cell)"""


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_no_code_is_cut_where_there_is_room(open_page: Opener, chapter: Chapter) -> None:
    page = open_page(f"chapters/{chapter.id}/")
    page.locator("details.fold").evaluate_all("all => all.forEach(one => one.open = true)")
    for width in (1024, 1280, 1366, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("innerWidth") == width
        assert page.evaluate(CUT) == [], width
        # The faces of some systems are wider than the one that is here.
        room = page.locator("[data-cell] code:visible").first.evaluate(
            "code => code.clientWidth - 2 * parseFloat(getComputedStyle(code).paddingLeft)"
        )
        assert room >= 76 * 0.62 * 14, width


def test_buttons_of_a_cell_never_lie_on_code(open_page: Opener) -> None:
    page = open_page(CHAPTER, TOUCH)
    page.locator("details.fold").evaluate_all("all => all.forEach(one => one.open = true)")
    overlaps = page.evaluate("""() => [...document.querySelectorAll("[data-cell]")].filter(cell => {
        const code = cell.querySelector("code").getBoundingClientRect();
        const buttons = [...cell.querySelectorAll("button")];
        return buttons.some(one => one.getBoundingClientRect().bottom > code.top + 1);
    }).length""")
    assert overlaps == 0
    assert page.locator("[data-cell] button.copy").first.is_visible()


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_what_is_wider_than_a_phone_shows_that_there_is_more(open_page: Opener, chapter: Chapter) -> None:
    page = open_page(f"chapters/{chapter.id}/", TOUCH)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    page.wait_for_timeout(300)
    faults = page.evaluate("""() => [...document.querySelectorAll("article *")]
        .filter(one => one.clientWidth && one.scrollWidth > one.clientWidth + 1
            && /auto|scroll|hidden/.test(getComputedStyle(one).overflowX)
            && !one.closest(".unseen, summary"))
        .filter(one => one.tabIndex !== 0 || getComputedStyle(one).overflowX === "hidden"
            || !getComputedStyle(one).backgroundAttachment.includes("local"))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert faults == []


def test_lines_of_code_wrap_when_asked_and_stay_so(open_page: Opener) -> None:
    page = open_page(CHAPTER, TOUCH)
    assert page.evaluate(CUT)
    page.get_by_role("button", name="Wrap long lines, cell 1", exact=True).first.tap()
    assert page.evaluate(CUT) == []
    page.reload()
    page.wait_for_function("document.documentElement.classList.contains('wrap')")
    assert page.evaluate(CUT) == []


def test_figure_is_enlarged_by_tap_and_by_keyboard(open_page: Opener) -> None:
    page = open_page(CHAPTER, TOUCH)
    link = page.locator("a.enlarge:visible").first
    narrow = link.locator("img").evaluate("one => one.clientWidth")
    link.tap()
    dialog = page.locator("dialog.enlarged")
    assert dialog.locator("img").evaluate("one => one.clientWidth") >= 1.5 * narrow
    assert dialog.get_by_role("button", name="Close").is_visible()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    link.focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Close").press("Enter")
    dialog.wait_for(state="detached")
    assert link.evaluate("one => one === document.activeElement")


def test_figure_is_a_link_without_javascript(open_page: Opener, site: Path) -> None:
    page = open_page(CHAPTER, NO_JAVASCRIPT)
    links = page.locator("a.enlarge:visible")
    assert links.count() * 2 == page.locator("a.enlarge").count() > 0
    address = links.first.get_attribute("href") or ""
    assert (site / CHAPTER / address).resolve().is_file()


def test_view_is_chosen_and_remembered(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    cell, output = (
        page.locator(f'[data-cell="{EXAMPLE}-1"]'),
        page.locator(f'[data-example="{EXAMPLE}"] .output'),
    )
    assert cell.is_visible() and output.first.is_visible()
    long = page.evaluate("document.body.scrollHeight")
    results = page.locator(f'[data-example="{EXAMPLE}"] .run').get_by_role("button", name="Results")
    results.evaluate("one => one.scrollIntoView({block: 'center'})")
    top = results.evaluate("one => one.getBoundingClientRect().top")
    results.click()
    assert abs(results.evaluate("one => one.getBoundingClientRect().top") - top) < 2
    assert not cell.is_visible() and output.first.is_visible()
    assert page.evaluate("document.body.scrollHeight") < 0.9 * long
    page.reload()
    page.wait_for_function("document.querySelector('.views')")
    assert not cell.is_visible()
    page.locator(f'[data-example="{EXAMPLE}"] .run').get_by_role("button", name="Code").click()
    assert cell.is_visible() and not output.first.is_visible()
    assert page.locator("details.fold:not([open])").count() == 0
    assert page.locator(f'[data-example="{EXAMPLE}"] .run [aria-pressed="true"]').inner_text() == "Code"


def test_address_of_a_cell_leads_to_it_in_every_view(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    page.locator(f'[data-example="{EXAMPLE}"] .run').get_by_role("button", name="Results").click()
    page.goto(page.url.partition("#")[0] + f"#{EXAMPLE}-2")
    page.reload()
    cell = page.locator(f'[data-cell="{EXAMPLE}-2"]')
    page.wait_for_function("scrollY > 500")
    assert cell.is_visible()
    assert 40 <= cell.evaluate("one => one.getBoundingClientRect().top") < 300


def test_long_and_drawing_cells_are_folded_and_open_without_javascript(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    fold = page.locator("details.fold").first
    assert not fold.locator("code").is_visible()
    assert re.search(r"^Code.*, \d+ lines$", fold.locator("summary").inner_text())
    fold.locator("summary").click()
    assert fold.locator("code").is_visible()
    bare = open_page(CHAPTER, NO_JAVASCRIPT)
    assert bare.locator("details.fold code").evaluate_all("all => all.every(one => one.clientHeight > 10)")


def test_contents_go_down_to_the_sections_of_an_example(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    sections = page.locator(f'[data-example="{EXAMPLE}"] h4')
    assert sections.count() > 0
    for section in sections.all():
        assert page.locator(f'.md-sidebar--secondary a[href="#{section.get_attribute("id")}"]').count() == 1
    sections.last.scroll_into_view_if_needed()
    last = page.locator(f'.md-sidebar--secondary a[href="#{sections.last.get_attribute("id")}"]')
    page.goto(f"{page.url.partition('#')[0]}#{sections.last.get_attribute('id')}")
    expect(last).to_be_visible()


def test_only_what_scrolls_is_a_stop_and_it_has_a_name(open_page: Opener) -> None:
    for view in (DESKTOP, TOUCH):
        page = open_page(CHAPTER, view)
        page.wait_for_timeout(300)
        stops = page.locator("article :is(.output, pre, code)[tabindex]")
        names = stops.evaluate_all(
            "all => all.map(one => [one.scrollWidth > one.clientWidth, one.ariaLabel ?? ''])"
        )
        assert [one for one in names if not one[0] or not re.search(r"of cell \d+$", one[1])] == []
        assert view is DESKTOP or names


def test_buttons_and_outputs_have_names_of_their_own(open_page: Opener) -> None:
    page = open_page(CHAPTER)
    example = page.locator(f'[data-example="{EXAMPLE}"]')
    names = example.get_by_role("button").evaluate_all(
        "all => all.map(one => one.ariaLabel ?? one.textContent)"
    )
    assert len(names) == len(set(names))


def test_first_use_of_a_term_is_explained(open_page: Opener, site: Path) -> None:
    glossary = json.loads((site / "glossary.json").read_text(encoding="utf-8"))
    listed = open_page("glossary/").locator("article dt").all_inner_texts()
    assert listed == list(glossary) and len(glossary) > 20
    meanings = {term.lower(): meaning for term, meaning in glossary.items()}
    for chapter in BOOK.chapters:
        page = open_page(f"chapters/{chapter.id}/", TOUCH)
        terms = page.locator("abbr.term")
        terms.first.wait_for()
        found = terms.evaluate_all("all => all.map(one => [one.textContent.toLowerCase(), one.title])")
        names = [word if word in meanings else word.removesuffix("s") for word, _ in found]
        assert [meanings[name] for name in names] == [meaning for _, meaning in found]
        assert len(names) == len(set(names))
        assert page.locator(":is(.card, code, a, h2, h3, h4) abbr").count() == 0
        terms.last.tap()
        after = "one => getComputedStyle(one, '::after').content"
        assert found[-1][1] in str(terms.last.evaluate(after)).replace("\\", "")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.close()


def test_chapters_lead_on_to_each_other(open_page: Opener) -> None:
    page = open_page()
    page.get_by_role("link", name="Start with chapter 1").click()
    titles = [page.locator("h1").inner_text()]
    while page.locator("a.turn-on").count() and "/chapters/" in page.url:
        page.locator("a.turn-on").click()
        titles.append(page.locator("h1").inner_text())
    assert len(titles) == len(set(titles)) >= len(BOOK.chapters)


LIGHTNESS = """property => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = getComputedStyle(document.body)[property];
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data[1];
}"""


@pytest.mark.parametrize("path", [CHAPTER, "study/", "nowhere/"])
def test_dark_system_gets_dark_pages_without_javascript_too(open_page: Opener, path: str) -> None:
    page = open_page(path, View("no-javascript-dark", "dark", javascript=False))
    assert page.evaluate(LIGHTNESS, "backgroundColor") < 60 < 180 < page.evaluate(LIGHTNESS, "color")
    shown = page.locator("figure img").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.src)"
    )
    assert {address.rpartition("#")[2] for address in shown} <= {"only-dark"}
    assert bool(shown) == (path == CHAPTER)
    page.emulate_media(media="print")
    assert page.evaluate(LIGHTNESS, "backgroundColor") > 200
    bright = open_page(path, NO_JAVASCRIPT)
    assert bright.evaluate(LIGHTNESS, "backgroundColor") > 200 > 60 > bright.evaluate(LIGHTNESS, "color")
    open_page.trouble.errors[:] = [text for text in open_page.trouble.errors if "404" not in text]


@pytest.mark.parametrize("path", ["", CHAPTER, "study/"])
def test_forbidden_storage_leaves_the_switch_of_the_scheme(open_page: Opener, path: str) -> None:
    page = open_page("assets/favicon.svg")
    page.context.add_init_script("""for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } })""")
    page.goto(page.url.replace("assets/favicon.svg", path))
    page.locator("[data-md-component=palette] label:visible").click()
    page.wait_for_function("document.body.dataset.mdColorScheme === 'slate'")


def test_name_of_the_site_stands_once(open_page: Opener) -> None:
    page = open_page("about/")
    name = page.evaluate("document.querySelector('meta[property=\"og:site_name\"]').content")
    seen = page.get_by_text(name, exact=True).evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.className)"
    )
    assert len(seen) == 1
    home = open_page()
    assert home.title() == name
    assert home.locator("meta[property='og:title']").get_attribute("content") == name
    assert home.locator("meta[name='theme-color']").count() >= 2
    assert page.title() == f"How this book is made - {name}"


def test_home_page_is_aligned_and_its_last_chapter_not_alone(open_page: Opener) -> None:
    page = open_page()
    lefts = page.locator("article > :is(h2, p, ul, .contents, .promises, .turn)").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().left)"
    )
    lefts += page.locator("article :is(.contents, .promises) :is(ol, ul)").evaluate_all(
        "all => all.map(one => one.firstElementChild.getBoundingClientRect().left)"
    )
    assert max(lefts) - min(lefts) < 1
    right = "one => one.getBoundingClientRect().right"
    last = page.locator(".contents ol > li").last.evaluate(right)
    assert abs(last - page.locator(".contents ol").last.evaluate(right)) < 1


def test_home_page_loads_the_figure_of_one_scheme(open_page: Opener) -> None:
    page = open_page("assets/favicon.svg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.replace("assets/favicon.svg", ""), wait_until="networkidle")
    assert len([address for address in asked if address.endswith(".webp")]) == 1


def test_key_has_an_edge_on_every_side(open_page: Opener) -> None:
    page = open_page("study/")
    page.locator(".study-list .card-question:visible").first.wait_for()
    page.keyboard.press("?")
    edges = page.locator("dialog kbd").first.evaluate("""key => {
        const style = getComputedStyle(key);
        const edge = side => style[`border${side}Width`] + style[`border${side}Color`];
        return [style.backgroundColor, ...["Top", "Right", "Bottom", "Left"].map(edge)];
    }""")
    ground, *sides = edges
    assert len(set(sides)) == 1
    assert sides[0].startswith("1px") and ground not in sides[0]


def test_first_sheet_of_paper_has_a_card_below_the_title(open_page: Opener) -> None:
    # A4 with the browser's margins, at 96 pixels to an inch.
    page = open_page(CHAPTER, View("paper", width=718, height=1047))
    page.emulate_media(media="print")
    bottom = page.locator("article .card").first.evaluate("one => one.getBoundingClientRect().bottom")
    assert bottom < 1047
    example = page.locator("article .example h3").first
    assert example.evaluate("one => getComputedStyle(one).breakAfter") == "avoid"


def test_first_column_of_a_wide_table_stays_in_sight(open_page: Opener) -> None:
    wide = 0
    for chapter in BOOK.chapters:
        page = open_page(f"chapters/{chapter.id}/", TOUCH)
        page.wait_for_timeout(300)
        for table in page.locator(".output-table.scrolls").all():
            table.evaluate("one => { one.scrollLeft = one.scrollWidth }")
            cell = table.locator("tbody td").first
            assert (
                cell.evaluate("""cell => {
                const outside = cell.closest(".output-table").getBoundingClientRect();
                return Math.abs(cell.getBoundingClientRect().left - outside.left);
            }""")
                < 24
            )
            wide += 1
        page.close()
    assert wide > 0
