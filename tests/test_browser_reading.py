"""Reading in a real browser: what one sees, copies and reaches."""

import pytest

from tests.browser import VIEWS, Opener, View


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_chapter_opens_in_every_view(open_page: Opener, view: View) -> None:
    page = open_page("chapters/language-models/", view)
    assert page.locator("[data-card]").count() >= 2
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= view.width
