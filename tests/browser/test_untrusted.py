"""Hostile cards and outputs, in a real browser: they are text, and nothing else happens."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from cardbook.records.interactive import kinds
from tests.browser.chromium import DESKTOP, NO_JAVASCRIPT, Opener, View, serve
from tests.conftest import MKDOCS, Cardbook, build_site, write

ATTACKS = (
    "<script>document.title = 'taken'; alert(1)</script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    "</code></pre></div></details></article><h1 onclick=alert(1)>Taken</h1>",
    "[press](javascript:alert(1)) ![pixel](https://other.invalid/pixel.png)",
    "{{ config.site_name }} {% include 'main.html' %}",
    "<iframe src='https://other.invalid/'></iframe><base href='https://other.invalid/'>",
    "<style>body { display: none }</style><meta http-equiv=refresh content='0;https://other.invalid/'>",
    "<svg/onload=alert(1)>",
    "$</span><script>alert(1)</script>$ $\\text{<img src=x onerror=alert(1)>}$",
    "$W \\approx U \\cdot V^T$",
)
PROGRAM = """\
# %% [markdown]
# # Hostile

# %%
import sys

from IPython.display import HTML, SVG, Javascript, Markdown, display

attacks = ATTACKS
print(attacks)
print(attacks, file=sys.stderr)
print("| a |\\n|---|\\n| " + attacks.replace("\\n", " ") + " |")

# %%
for kind in (HTML, Markdown, Javascript):
    display(kind(attacks))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"))

# %%
texts = [*attacks.split("\\n\\n"), "__proto__", "constructor", "\u202etxet"]
sampling = {"prompt": texts[0], "tokens": texts, "logits": [1.0] * len(texts), "groups": []}
tokens = {"tokenizers": [{"name": text, "lines": [[[text, 1] for text in texts]]} for text in texts[:2]]}
weights = [[0.5] * len(texts)] * len(texts)
attention = {"sentences": [{"title": texts[1], "tokens": texts, "weights": weights, "start": 1000}]}
points = [[1, 2, 7, text] for text in texts]
kinds = {"sampling": sampling, "tokens": tokens, "attention": attention}
kinds["map"] = {"groups": texts[:8], "points": points}
for kind, data in kinds.items():
    display({f"application/vnd.cardbook.{kind}+json": data, "text/plain": texts[2]}, raw=True)
"""
BOOK = """\
title: Small
deck: part-01
chapters:
  - id: one
    title: One
    description: One.
    introduction: One.
    cards:
      - id: hostile
        card: TITLE
        example: hostile
"""
TITLE = "<script>alert(1)</script> <img src=x onerror=alert(1)> {{ config }}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Iterator[str]:
    """The address of a book in which every text that is not ours attacks, built as the real one is."""
    folder = tmp_path_factory.mktemp("hostile")
    write(folder / "mkdocs.yml", MKDOCS)
    write(folder / "docs" / "index.md", "# Home\n")
    text = "\n\n".join(ATTACKS)
    card = f"#### {TITLE}\n{text}\n:p Which?\n\n{text}\n??x\n{text}\n\n```python\n{text}\n```\nx??\n"
    write(folder / "flashcards" / "part-01.md", f"# Flashcards: Small (Part 1)\n\n---\n\n{card}")
    write(folder / "card-ids.yml", f"hostile: {json.dumps(TITLE)}\n")
    write(folder / "book.yml", BOOK.replace("TITLE", json.dumps(TITLE)))
    write(folder / "examples" / "hostile.py", PROGRAM.replace("ATTACKS", repr(text)))
    for command in ("run", "pages"):
        outcome = cardbook(command, "--root", folder)
        assert outcome.returncode == 0, outcome.stderr
    with serve(build_site(folder)) as address:
        yield address


@pytest.mark.parametrize("view", [DESKTOP, NO_JAVASCRIPT], ids=lambda view: view.name)
@pytest.mark.parametrize("path", ["chapters/one/", "notebooks/hostile/", "study/"])
def test_hostile_text_does_nothing(open_page: Opener, hostile: str, path: str, view: View) -> None:
    page = open_page(path, view, hostile)
    page.wait_for_timeout(300)
    assert page.url == hostile + path
    assert "taken" not in page.title()
    assert page.locator("h1").count() == 1 and page.locator("h1").is_visible()
    assert page.locator("article").count() == 1
    inside = page.locator("article").locator(
        "script, iframe, style, svg:not(button svg), base, meta, [onerror]"
    )
    assert inside.count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0
    assert page.locator("footer").is_visible()
    # Dialogs, requests to other hosts and anything the policy had to refuse fail in `open_page`.


def test_hostile_text_is_shown_letter_by_letter(open_page: Opener, hostile: str) -> None:
    page = open_page("chapters/one/", DESKTOP, hostile)
    assert page.locator("#hostile").inner_text().rstrip("#").strip() == TITLE
    printed = page.locator("pre[data-output='hostile-1']").first.text_content()
    assert printed == "\n\n".join(ATTACKS)


@pytest.mark.parametrize("kind", kinds())
def test_hostile_data_are_text_in_a_control(open_page: Opener, hostile: str, kind: str) -> None:
    page = open_page("chapters/one/", DESKTOP, hostile)
    place = page.locator(f"[data-interactive={kind}]")
    place.scroll_into_view_if_needed()
    expect(place).to_have_attribute("data-state", "drawn")
    assert place.locator("> p").text_content() == ATTACKS[2]
    assert place.locator("script, iframe, style, h1, img, base, meta, a:not([data-source])").count() == 0
    # Spaces of tokens are dots.
    text = (place.text_content() or "").replace("·", " ")
    assert ATTACKS[0] in text
    page.wait_for_timeout(200)
    assert "taken" not in page.title()


def test_a_formula_is_shown_beside_it(open_page: Opener, hostile: str) -> None:
    page = open_page("chapters/one/", DESKTOP, hostile)
    page.locator(".card-answer summary").click()
    formula = page.locator(".card-answer .formula math").last
    assert formula.text_content() == "W≈U⋅VT"
    assert formula.is_visible()


def test_hostile_title_does_nothing_in_the_search(open_page: Opener, hostile: str) -> None:
    page = open_page("chapters/one/", DESKTOP, hostile)
    page.keyboard.press("/")
    page.keyboard.type("alert")
    page.locator(".md-search-result__item").first.wait_for()
    assert page.locator(".md-search-result").locator("script, img, iframe").count() == 0


def test_policy_stops_a_script_that_gets_into_a_page(open_page: Opener, hostile: str) -> None:
    page = open_page("chapters/one/", DESKTOP, hostile)
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')"
    )
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))"
    )
    page.wait_for_timeout(200)
    assert page.title() != "1"
    assert sum("Content Security Policy" in error for error in open_page.trouble.errors) == 2
    open_page.trouble.errors.clear()
