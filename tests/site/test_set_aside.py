"""Cards set aside while Markdown reads a page: the page is the same."""

from pathlib import Path, PurePosixPath

import markdown
import pytest

from cardbook.pages.generate import make_pages
from cardbook.records.status import load_project, statuses_of
from cardbook.site.defaults import EXTENSIONS
from cardbook.site.set_aside import put_back, set_aside
from tests.conftest import replace

TEXT = r"""One </div> `</div>` and <div class="card" data-card="x">

</div>

```html
<div class="card" data-card="y">
</div>
```

| $a$ | b |
|---|---|
| {c} | &amp; |

    <div data-aside="0"></div>
"""


@pytest.mark.parametrize("context", ["Some context.", ""])
def test_a_page_is_the_same(ran: Path, context: str) -> None:
    replace(ran / "flashcards" / "part-01.md", "One is `1`.", TEXT)
    replace(ran / "flashcards" / "part-01.md", "Some context.", context)
    project = load_project(ran, "offline")
    files = make_pages(project, statuses_of(project))
    page = files[PurePosixPath("chapters/numbers.md")].decode()
    expected = markdown.markdown(page, extensions=list(EXTENSIONS), extension_configs=EXTENSIONS)
    text, cards = set_aside(page)
    read = markdown.markdown(text, extensions=list(EXTENSIONS), extension_configs=EXTENSIONS)
    assert put_back(read, cards) == expected
    assert len(cards) == 2 and "data-card=" not in text


def test_a_place_written_by_hand_stays() -> None:
    assert put_back('<p><div data-aside="7"></div></p>', ["card"]) == '<p><div data-aside="7"></div></p>'
