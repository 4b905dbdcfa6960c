"""Interactive outputs in a real browser: a control shows what the run printed, and nothing moves for it."""

import json
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Literal

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Locator, Page, expect

from cardbook.records.interactive import kinds
from cardbook.records.status import Project
from cardbook.records.text import Table, split_tables
from tests.browser.chromium import DESKTOP, NO_JAVASCRIPT, PHONE, TOUCH, VIEWS, Opener, View
from tests.browser.test_access import find_faults

KINDS = kinds()
# What a reader does with each kind.
TURNS: dict[str, Callable[[Locator], None]] = {
    "sampling": lambda place: set_slider(place, "Top-k", 3),
    "tokens": lambda place: place.get_by_role("radio").last.check(),
    "attention": lambda place: place.get_by_role("button", name="street").first.hover(),
    "map": lambda place: place.get_by_role("slider").fill("100"),
}


@pytest.fixture(scope="session")
def places(site: Path) -> dict[str, str]:
    """Where each kind is: the address of its chapter, by kind."""
    found = {}
    for page in sorted(site.glob("chapters/*/index.html")):
        html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for output in html.select("[data-interactive]"):
            found[str(output["data-interactive"])] = f"chapters/{page.parent.name}/"
    return found


def place_of(page: Page, kind: str) -> Locator:
    """The first interactive output of a kind on a page."""
    return page.locator(f"[data-interactive={kind}]").first


def come_to(page: Page, kind: str) -> Locator:
    """Scroll to the first interactive output of a kind and wait until it is drawn."""
    place = place_of(page, kind)
    place.scroll_into_view_if_needed()
    expect(place).to_have_attribute("data-state", "drawn")
    return place


def printed_of(project: Project, name: str) -> str:
    """What an example printed."""
    record = project.records.read(name)
    assert record is not None
    return "".join(o.text for cell in record.outputs for o in cell if o.get("name") == "stdout")


def set_slider(place: Locator, name: str, value: float) -> None:
    place.get_by_role("slider", name=name).fill(str(value))


def test_every_kind_is_somewhere_in_the_book(places: dict[str, str]) -> None:
    assert set(places) == set(KINDS)


def test_sliders_show_what_the_run_printed(
    open_page: Opener, places: dict[str, str], project: Project
) -> None:
    place = come_to(open_page(places["sampling"]), "sampling")
    printed = split_tables(printed_of(project, "text_generation"))
    table = next(part for part in printed if isinstance(part, Table))
    assert table.header == ("T", "top_k", "top_p", "tokens left", "best token", "perplexity")
    assert len(table.rows) >= 5
    for temperature, top_k, top_p, left, best, perplexity in table.rows:
        set_slider(place, "Temperature", float(temperature))
        set_slider(place, "Top-k", int(top_k))
        set_slider(place, "Top-p", float(top_p))
        digits = perplexity if float(perplexity) < 100 else f"{float(perplexity):.0f}"
        expect(place.locator(".interactive-summary")).to_have_text(
            f"{left} tokens left, best token {best}, perplexity {digits}"
        )
        expect(place.locator("td").first).to_have_text(best)


def test_sliders_start_at_the_model_s_own_distribution(
    open_page: Opener, places: dict[str, str], project: Project
) -> None:
    place = come_to(open_page(places["sampling"]), "sampling")
    perplexity = re.search(r"The sky is …: perplexity (\S+)", printed_of(project, "text_generation"))
    assert perplexity is not None
    expect(place.locator(".interactive-summary")).to_contain_text(f"perplexity {perplexity[1]}")
    shares = [float(text) for text in place.locator("td").all_inner_texts()]
    assert sum(shares) == pytest.approx(1, abs=0.01 * len(shares) / 2)
    assert shares[:-1] == sorted(shares[:-1], reverse=True)


def test_cut_tokens_say_so(open_page: Opener, places: dict[str, str]) -> None:
    place = come_to(open_page(places["sampling"]), "sampling")
    set_slider(place, "Top-k", 3)
    texts = place.locator("td").all_inner_texts()
    assert texts.count("cut") == len(texts) - 3
    assert sum(float(text) for text in texts[:3]) == pytest.approx(1, abs=0.015)


def test_tokens_are_those_that_the_run_counted(
    open_page: Opener, places: dict[str, str], project: Project
) -> None:
    place = come_to(open_page(places["tokens"]), "tokens")
    printed = printed_of(project, "tokenization_and_embeddings")
    table = next(part for part in split_tables(printed) if isinstance(part, Table))
    assert table.header == ("tokenizer", "vocabulary", "English", "code", "Greek")
    printed_ids = [json.loads(line) for line in re.findall(r"^\[[\d, ]+\]$", printed, re.MULTILINE)]
    assert len(printed_ids) == 2
    for number, (name, _, *counts) in enumerate(table.rows):
        place.get_by_role("radio", name=name, exact=True).check()
        lines = place.locator(".chosen > div").all()
        shown = [line.locator("> span").inner_text() for line in lines]
        assert shown[:3] == [f"{count} tokens" for count in counts]
        assert [line.locator("li").count() for line in lines[:3]] == [int(count) for count in counts]
        if number < 2:
            ids = [int(text) for text in lines[3].locator("small").all_inner_texts()]
            # What the tokenizer of BERT adds around a text is not shown.
            assert ids == [i for i in printed_ids[number] if number or i not in (101, 102)]


def test_attention_is_what_the_run_printed(
    open_page: Opener, places: dict[str, str], project: Project
) -> None:
    place = come_to(open_page(places["attention"]), "attention")
    printed = printed_of(project, "illustrated_transformer")
    found = re.findall(r"^too (\w+)\. animal (\S+), street (\S+)$", printed, re.MULTILINE)
    assert [end for end, *_ in found] == ["tired", "wide"]
    for radio, (end, animal, street) in zip(place.get_by_role("radio").all(), found, strict=False):
        radio.check()
        panel = place.locator(".chosen")
        assert panel.get_by_role("button", name=end).count() == 1
        # "it" is chosen at first.
        assert panel.locator("[aria-pressed=true] bdi").inner_text() == "it"
        assert panel.get_by_role("button", name="animal").locator("small").inner_text() == animal
        assert panel.get_by_role("button", name="street").locator("small").inner_text() == street
    dog = re.search(r"^\| dog +\| +(\S+) ", printed, re.MULTILINE)
    place.get_by_role("radio").last.check()
    dogs = place.locator(".chosen").get_by_role("button", name="dog")
    weights = []
    for one, other in ((0, 1), (1, 0)):
        dogs.nth(one).hover()
        weights.append(float(dogs.nth(other).locator("small").inner_text()))
    assert dog is not None and sum(weights) / 2 == pytest.approx(float(dog[1]), abs=0.0101)


def test_map_has_the_stories_that_the_run_printed(
    open_page: Opener, places: dict[str, str], project: Project
) -> None:
    place = come_to(open_page(places["map"]), "map")
    printed = printed_of(project, "text_clustering")
    groups = re.findall(r"^(\d+) stories: (.+)\n   - (.+)\n   - (.+)$", printed, re.MULTILINE)
    assert len(groups) == 8
    legend = place.locator("li").all_inner_texts()
    assert sorted(legend) == sorted(f"{size} texts: {words}" for size, words, *_ in groups)
    texts: list[list[str]] = place.get_by_role("slider").evaluate(
        """slider => Array.from({length: slider.max}, (_, at) => {
            slider.value = at + 1;
            slider.dispatchEvent(new Event("input"));
            return [...slider.parentNode.querySelectorAll("output bdi")].map(part => part.textContent);
        })"""
    )
    assert len(texts) == sum(int(size) for size, *_ in groups) == place.locator("circle:not(.ring)").count()
    # The slider goes through one group after another.
    assert len([group for group, _ in groupby(texts, lambda text: text[0])]) == len(groups)
    for _, words, *stories in groups:
        for story in stories:
            assert any(group == words and text.startswith(story) for group, text in texts)


def test_text_is_that_of_the_point_under_the_pointer(open_page: Opener, places: dict[str, str]) -> None:
    place = come_to(open_page(places["map"]), "map")
    dots = place.locator("circle:not(.ring)")
    text, slider = place.locator("output"), place.get_by_role("slider")
    for at in (5, 120, 280):
        slider.fill(str(at + 1))
        said = text.inner_text()
        slider.fill("1")
        # Others may lie on it.
        dots.nth(at).hover(force=True)
        assert text.inner_text() == said


@pytest.mark.parametrize(
    ("kind", "role", "name", "key"),
    [
        ("sampling", "slider", "Temperature", "ArrowLeft"),
        ("tokens", "radio", "WordPiece", "ArrowDown"),
        ("attention", "button", "it", "Tab"),
        ("map", "slider", "Text", "ArrowRight"),
    ],
)
def test_every_control_follows_the_keyboard(
    open_page: Opener, places: dict[str, str], kind: str, role: Literal["slider"], name: str, key: str
) -> None:
    page = open_page(places[kind])
    place = place_of(page, kind)
    # It is drawn when the keyboard comes to it.
    place.get_by_role("link").focus()
    expect(place).to_have_attribute("data-state", "drawn")
    before = place.locator("> div").evaluate("control => control.outerHTML")
    shown = place.locator("> div").inner_text()
    place.get_by_role(role, name=name).first.focus()
    page.keyboard.press(key)
    assert place.locator("> div").evaluate("control => control.outerHTML") != before
    assert place.locator("> div").inner_text() != shown


@pytest.mark.parametrize("kind", ["tokens", "attention", "map"])
def test_every_control_follows_a_finger(open_page: Opener, places: dict[str, str], kind: str) -> None:
    place = come_to(open_page(places[kind], TOUCH), kind)
    shown = place.locator("> div").inner_text()
    targets = {
        "tokens": place.get_by_text("The same BPE"),
        "attention": place.locator(".chosen").get_by_role("button", name="street"),
        "map": place.locator("svg"),
    }
    targets[kind].tap()
    assert place.locator("> div").inner_text() != shown
    for target in place.locator("button:visible, label:visible, input[type=range]:visible").all():
        box = target.bounding_box()
        assert box is not None and box["height"] >= 44


def test_choice_moves_nothing(open_page: Opener, places: dict[str, str]) -> None:
    for kind in ("tokens", "attention"):
        place = come_to(open_page(places[kind], PHONE), kind)
        heights = set()
        for radio in place.get_by_role("radio").all():
            radio.check()
            stack = place.locator(".interactive-stack")
            heights.add(stack.evaluate("stack => stack.getBoundingClientRect().height"))
        assert len(heights) == 1


def test_temperature_follows_the_keyboard(open_page: Opener, places: dict[str, str]) -> None:
    page = open_page(places["sampling"])
    place = come_to(page, "sampling")
    summary = place.locator(".interactive-summary")
    before = summary.inner_text()
    place.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowLeft")
    expect(place.locator(".interactive-value").first).to_have_text("0.9")
    assert summary.inner_text() != before


def test_sliders_follow_a_finger(open_page: Opener, places: dict[str, str]) -> None:
    page = open_page(places["sampling"], TOUCH)
    place = come_to(page, "sampling")
    slider = place.get_by_role("slider", name="Temperature")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None and box["height"] >= 44
    page.touchscreen.tap(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    assert float(place.locator(".interactive-value").first.inner_text()) < 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_nothing_moves_and_axe_finds_nothing(
    open_page: Opener, places: dict[str, str], kind: str, view: View
) -> None:
    page = open_page(places[kind], view)
    place = place_of(page, kind)
    before = place.evaluate("place => place.getBoundingClientRect().height")
    come_to(page, kind)
    assert place.evaluate("place => place.getBoundingClientRect().height") == before
    # Nothing is cut off.
    assert place.evaluate("place => place.scrollHeight <= place.clientHeight + 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= view.width
    TURNS[kind](place)
    open_page.trouble.errors.clear()
    assert find_faults(page) == []


@pytest.mark.parametrize("kind", KINDS)
def test_data_come_when_they_are_looked_at(open_page: Opener, places: dict[str, str], kind: str) -> None:
    page = open_page(places[kind], PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_timeout(500)
    assert any(url.endswith("/interactive.js") for url in asked)
    data = place_of(page, kind).locator("a").evaluate("link => link.href")
    assert data not in asked
    come_to(page, kind)
    assert asked.count(data) == 1


def test_other_pages_load_nothing_of_it(open_page: Opener) -> None:
    page = open_page()
    assert page.locator("script[src*=interactive]").count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_network_the_text_remains(open_page: Opener, places: dict[str, str], kind: str) -> None:
    page = open_page(places[kind])
    page.route("**/figures/*.json", lambda route: route.abort())
    place = place_of(page, kind)
    place.scroll_into_view_if_needed()
    expect(place).to_have_attribute("data-state", "failed")
    assert place.locator("p").is_visible() and place.locator("a").is_visible()
    assert place.locator("> *").count() == 2
    # The browser itself reports the request.
    assert all("ERR_FAILED" in error for error in open_page.trouble.errors)
    open_page.trouble.errors.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_script_and_on_paper_text_and_figure_remain(
    open_page: Opener, places: dict[str, str], kind: str
) -> None:
    bare = place_of(open_page(places[kind], NO_JAVASCRIPT), kind)
    assert bare.locator("p").is_visible() and bare.locator("a").is_visible()
    height = bare.evaluate("place => place.getBoundingClientRect().height")
    assert height < 130, "no room is kept for a control that cannot come"
    page = open_page(places[kind])
    place = come_to(page, kind)
    page.emulate_media(media="print")
    assert [child.is_visible() for child in place.locator("> *").all()] == [True, False, False]
    example = page.locator(f".example:has([data-interactive={kind}])")
    assert example.locator("img").first.is_visible()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_drawn_again_when_the_page_is_replaced(
    open_page: Opener, places: dict[str, str], kind: str
) -> None:
    """As Material's instant navigation does."""
    page = open_page(places[kind], DESKTOP)
    article = page.locator("article")
    markup = article.inner_html()
    come_to(page, kind)
    article.evaluate("(article, markup) => { scrollTo(0, 0); article.innerHTML = markup; }", markup)
    page.evaluate("document$.next(document)")
    come_to(page, kind)
    assert page.locator("script[src*=interactive]").count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_data_are_kept_for_reading_offline(
    open_page: Opener, places: dict[str, str], site: Path, kind: str
) -> None:
    link = place_of(open_page(places[kind]), kind).locator("a").get_attribute("href") or ""
    file = (site / places[kind] / link).resolve()
    json.loads(file.read_text(encoding="utf-8"))
    worker = (site / "service-worker.js").read_text(encoding="utf-8")
    assert f'"{file.relative_to(site.resolve()).as_posix()}":' in worker
    assert '"assets/built/interactive.js":' in worker and '"assets/built/interactive.css":' in worker
