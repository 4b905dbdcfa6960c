"""Formulas in a real browser: drawn without a script, whole on a phone, in both colour schemes."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import DESKTOP, NO_JAVASCRIPT, PHONE, PHONE_DARK, Opener, View, serve
from tests.browser.test_access import find_faults
from tests.conftest import Cardbook, build_site, replace, write_small

FORMULAS = r"""Right after text:
$$
W = \begin{bmatrix} w_{11} & \cdots & w_{1n} \\ \vdots & \ddots & \vdots \\ w_{m1} & \cdots & w_{mn}
\end{bmatrix}
$$

where $w_{11}$ is large, and
\[ a + b + c + d + e + f + g + h + i + j + k + l + m + n = \sqrt{x} \]
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Iterator[str]:
    """The address of a small book whose first card has formulas."""
    folder = write_small(tmp_path_factory.mktemp("formulas"))
    replace(folder / "flashcards" / "part-01.md", "One is `1`.", FORMULAS)
    for command in ("run", "pages"):
        outcome = cardbook(command, "--root", folder)
        assert outcome.returncode == 0, outcome.stderr
    with serve(build_site(folder)) as address:
        yield address


@pytest.mark.parametrize("view", [DESKTOP, PHONE, PHONE_DARK, NO_JAVASCRIPT], ids=lambda view: view.name)
def test_formulas_are_drawn(open_page: Opener, address: str, view: View) -> None:
    page = open_page("chapters/numbers/", view, address)
    page.locator("#first ~ .card .card-answer summary").first.click()
    matrix, inline, long = (page.locator(".card-answer math").nth(place) for place in range(3))
    index = page.locator(".card-answer math mtd msub mn").first
    entry = page.locator(".card-answer math mtd msub").first
    boxes = [element.bounding_box() for element in (matrix, inline, long, index, entry)]
    assert all(boxes)
    drawn, line, _, low, whole = (box for box in boxes if box)
    # Three rows with brackets around them; an index below its line.
    assert drawn["height"] > 2.5 * line["height"]
    assert low["y"] > whole["y"] + 2
    brackets = page.locator(".card-answer math > mrow > mo, .card-answer math mo").filter(has_text="[").first
    assert (brackets.bounding_box() or {"height": 0})["height"] > 0.8 * drawn["height"]
    # What is wider than the screen scrolls inside the card; the page does not.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") or not view.javascript
    scroller = page.locator(".card-answer .formula-display").last
    wide = scroller.evaluate("element => element.scrollWidth > element.clientWidth")
    assert wide == (view.width < 500)


def test_the_font_of_formulas_is_fetched_where_there_are_formulas(open_page: Opener, address: str) -> None:
    def fonts(path: str) -> list[str]:
        page = open_page(path, DESKTOP, address)
        if path:
            page.locator("details.card-answer summary").first.click()
        page.wait_for_timeout(300)
        fetched: list[str] = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
        return [name for name in fetched if "formulas" in name]

    assert fonts("") == []
    assert [name.rpartition("/")[2] for name in fonts("chapters/numbers/")] == ["formulas.woff2"]


@pytest.mark.parametrize("view", [PHONE, PHONE_DARK], ids=lambda view: view.name)
def test_axe_finds_nothing_serious_in_formulas(open_page: Opener, address: str, view: View) -> None:
    page = open_page("chapters/numbers/", view, address)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    open_page.trouble.errors.clear()
    assert [fault for fault in find_faults(page) if "formula" in fault or "math" in fault] == []
