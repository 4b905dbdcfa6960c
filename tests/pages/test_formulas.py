"""Formulas on their way to the reader: the same one on page, study page, Anki and JSON, without a script."""

import html
import io
import json
import re
import sqlite3
import zipfile
from pathlib import Path, PurePosixPath

import markdown
import pytest
from bs4 import BeautifulSoup

from cardbook.base.errors import InputError
from cardbook.pages.formulas import FormulaError, render_formula, tex_for_anki
from cardbook.pages.generate import make_pages
from cardbook.pages.html import embed_formulas, render_card, render_markdown, title_markdown
from cardbook.records.status import load_project, statuses_of
from tests.conftest import replace

EXTENSIONS = ["admonition", "attr_list", "md_in_html", "toc", "pymdownx.highlight", "pymdownx.superfences"]


def on_page(block: str) -> BeautifulSoup:
    """The block as a reader gets it: between other text, through the site's Markdown."""
    page = markdown.markdown(f"Before.\n\n{block}\n\nAfter.", extensions=EXTENSIONS)
    return BeautifulSoup(page, "html.parser")


# All forms in one card, and the TeX that each output must have, displayed formulas with a D.
CARD = r"""#### The loss $\ell_t$ of a step
It starts with $w_0 = 0$ and costs \$5, not $6 or $7.
:p What is \( \nabla_w \ell \), given
$$w = \begin{pmatrix} a & b \\ c & d \end{pmatrix}$$
??x
Right after a line of text:
$$
\ell_t = \begin{cases} 0 & t < 1 \\ |x_t| & \text{otherwise} \end{cases}

$$where $ x_t $is one, `$not$` and
- in a list \(a_*b_*c\),

  \[
  \begin{aligned} u &= v \\
  - w &> z \end{aligned}
  \]

> quoted:
> $$
> \mathbb{E}[x]
> > 0
> $$

| a | b |
|---|---|
| $p(x|y)$ | $\|x\|$ |

Set $PATH and $HOME with

```sh
echo $a and $b
```
x??
"""
CONTEXT = ["w_0 = 0"]
QUESTION = [r"\nabla_w \ell", r"D w = \begin{pmatrix} a & b \\ c & d \end{pmatrix}"]
ANSWER = [
    r"D \ell_t = \begin{cases} 0 & t < 1 \\ |x_t| & \text{otherwise} \end{cases}",
    "x_t",
    "a_*b_*c",
    r"D \begin{aligned} u &= v \\ - w &> z \end{aligned}",
    r"D \mathbb{E}[x] > 0",
    "p(x|y)",
    r"\|x\|",
]


def shown(markup: str | BeautifulSoup) -> list[str]:
    """Return the TeX of the formulas in HTML in their order."""
    page = BeautifulSoup(markup, "html.parser") if isinstance(markup, str) else markup
    return [
        ("D " if element.get("display") == "block" else "") + str(element["data-tex"])
        for element in page.select("math[data-tex]")
    ]


@pytest.fixture
def files(small: Path) -> dict[PurePosixPath, bytes]:
    """The generated files of a small book with that card."""
    deck = small / "flashcards" / "part-01.md"
    start = deck.read_text().index("#### First Card")
    end = deck.read_text().index("#### Second Card")
    deck.write_text(deck.read_text()[:start] + CARD + "\n" + deck.read_text()[end:])
    replace(small / "book.yml", "card: First Card", r"card: The loss $\ell_t$ of a step")
    replace(small / "card-ids.yml", '"First Card"', r"The loss $\ell_t$ of a step")
    replace(small / "book.yml", "title: A small book", "name: small\ntitle: A small book")
    replace(
        small / "book.yml", "introduction: Some numbers.", r"introduction: From $n_0$ to \(n_1\), for $5."
    )
    prose = "# It prints $x_1*y_1*z$, where:\n#\n# $$\n# a_1 = b_1\n# $$"
    replace(small / "examples" / "first.py", "# It prints one.", prose)
    project = load_project(small, "offline")
    return make_pages(project, statuses_of(project))


def test_a_formula_is_the_same_everywhere(files: dict[PurePosixPath, bytes]) -> None:
    for path in ("chapters/numbers.md", "study/index.md"):
        card = on_page(files[PurePosixPath(path)].decode()).select_one('[data-card="first"]')
        assert card is not None
        assert shown(str(card.select_one(".card-question"))) == QUESTION
        assert shown(str(card.select_one(".card-answer"))) == ANSWER
        assert shown(str(card.select_one(".card-context"))) == CONTEXT
        text = card.get_text()
        assert "costs $5, not $6 or $7." in text and "Set $PATH and $HOME with" in text
        assert "echo $a and $b" in text and "$not$" in text
        assert text.count("$") == 9 and "\\" not in text
    exported = json.loads(files[PurePosixPath("deck/cards.json")])["cards"][0]
    for part, expected in (("question", QUESTION), ("answer", ANSWER), ("context", CONTEXT)):
        assert shown(exported[part]["html"]) == expected


def test_anki_has_the_same_formulas_as_its_mathjax_reads_them(
    files: dict[PurePosixPath, bytes], tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(files[PurePosixPath("deck/small.apkg")])) as package:
        (tmp_path / "notes.db").write_bytes(package.read("collection.anki2"))
    with sqlite3.connect(tmp_path / "notes.db") as notes:
        fields = notes.execute("SELECT flds FROM notes WHERE flds LIKE 'first%'").fetchone()[0].split("\x1f")
    for field, expected in zip(fields[1:4], (QUESTION, ANSWER, CONTEXT), strict=True):
        text = BeautifulSoup(field, "html.parser").get_text()
        found = re.findall(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", text, re.DOTALL)
        assert [" ".join((inline or f"D {display}").split()) for inline, display in found] == expected


def test_titles_introductions_and_prose_have_formulas(files: dict[PurePosixPath, bytes]) -> None:
    page = on_page(files[PurePosixPath("chapters/numbers.md")].decode())
    heading = page.select_one("h2#first")
    assert heading is not None and heading.get_text() == "The loss ℓt of a step" and heading.find("math")
    introduction = page.select_one(".introduction")
    assert introduction is not None and len(introduction.select("math")) == 2
    assert introduction.get_text().strip() == "From n0 to n1, for $5."
    example = page.select_one('[data-example="first"]')
    assert example is not None
    assert [math.get("display") for math in example.select("math")] == [None, "block"]
    assert [math.get_text() for math in example.select("math")] == ["x1∗y1∗z", "a1=b1"]
    assert example.find("em") is None


def test_the_page_of_a_notebook_has_formulas(ran: Path) -> None:
    prose = "# It prints $x_1*y_1*z$ and *one*, where:\n#\n# $$\n# a_1 = b_1\n# $$"
    replace(ran / "examples" / "first.py", "# It prints one.", prose)
    project = load_project(ran, "offline")
    page = on_page(make_pages(project, statuses_of(project))[PurePosixPath("notebooks/first.md")].decode())
    assert [math.get_text() for math in page.select("math")] == ["x1∗y1∗z", "a1=b1"]
    assert [part.get_text() for part in page.select("em")] == ["one"]


def test_a_formula_without_a_rendering_is_an_error_with_its_line(small: Path) -> None:
    deck = small / "flashcards" / "part-01.md"
    replace(deck, "Some context.", "Some\n\n$$\n\\frac{a\n$$")
    replace(deck, "Two is **2**.", "Two\n\nis \\(\\undefined\\) and $\\left( x$.")
    replace(small / "book.yml", "introduction: Some numbers.", r"introduction: Some $\frac{1}$.")
    replace(small / "examples" / "first.py", "# It prints one.", "# It prints\n# $x^2^3$.")
    project = load_project(small, "offline")
    with pytest.raises(InputError) as refused:
        make_pages(project, statuses_of(project))
    lines = deck.read_text().split("\n")
    (second,) = (number for number, line in enumerate(lines, 1) if "undefined" in line)
    assert [(problem.file, problem.line) for problem in refused.value.problems] == [
        ("book.yml", 0),
        ("flashcards/part-01.md", lines.index("$$") + 1),
        ("flashcards/part-01.md", second),
        ("flashcards/part-01.md", second),
        ("examples/first.py", 5),
    ]
    what = r'the formula \undefined cannot be shown: Unknown command "\undefined"'
    assert refused.value.problems[2].what == what


# What occurs in decks about machine learning, and what the converter needs help with.
ACCEPTED = [
    r"\operatorname*{argmax}_{x \in \mathbb{R}} f(x)",
    r"\mathop{\arg\max}\limits_a Q(s, a)",
    r"\sum_{\substack{i < n \\ j > m}} x",
    r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} \begin{vmatrix} 1 \end{vmatrix}",
    r"\begin{split} a &= b \\ c &= d \end{split}",
    r"\begin{align} a &= b \tag{1} \\ c &= d \label{eq:x} \nonumber \end{align}",
    r"\begin{eqnarray} a &=& b \\ &\leq& c \end{eqnarray}",
    r"\begin{alignedat}{2} a &= b \end{alignedat}",
    r"\begin{bmatrix*}[r] 1 \end{bmatrix*}",
    r"\begin{array}{c|c} a & b \\ \hline c & d \end{array}",
    r"\text{if $x > 0$ and reward_t} \mbox{ else } \textbf{b}",
    r"\widetilde{abc} \hat\theta \vec{v} \underbrace{a}_{n} \boxed{x} \cancel{x}",
    r"\mathcal{L} \mathbf{x} \mathbb{1} \mathfrak{g} \bm{w} \boldsymbol{\theta} \mathrm{KL}(p \| q)",
    r"\left.\frac{a}{b}\right|_{x=0} \dfrac12 \binom{n}{k} {n \choose k} \sqrt[3]{x}",
    r"\large a \xrightarrow{n \to \infty} b \pmod{n}",
    r"\color{red}{x} \textcolor{blue}{y}",
    r"a_1, \dotsc, a_n \smallsetminus \textnormal{all} \tag*{note} \mathnormal{x}",
    r"\varlimsup_n \smash{y} \sout{z} \begin{alignat}{2} a &= b \end{alignat}",
    r"\begin{gathered} a \\ b \end{gathered} \begin{dcases} a \end{dcases} \begin{rcases} a \end{rcases}",
    "α ≤ β × é",
]


@pytest.mark.parametrize("tex", ACCEPTED)
@pytest.mark.parametrize("display", [True, False])
def test_what_decks_write_has_a_rendering(tex: str, display: bool) -> None:
    math = BeautifulSoup(render_formula(tex, display=display), "html.parser").find("math")
    assert (
        math is not None
        and math.get("data-tex") == tex
        and math.get("display") == ("block" if display else None)
    )
    # No error is shown in place of the formula, and no command is left over.
    assert math.find("merror") is None and "\\" not in math.get_text()


def test_signs_of_a_formula_are_right() -> None:
    product = BeautifulSoup(render_formula(r"W \approx U \cdot V^T", display=False), "html.parser")
    assert product.get_text() == "W≈U⋅VT"
    argmax = BeautifulSoup(render_formula(r"\mathop{\arg\max}\limits_a Q", display=True), "html.parser")
    assert [below.get_text() for below in argmax.select("munder > mi")] == ["a"]
    words = BeautifulSoup(render_formula(r"\text{if $x$ or a_b}", display=False), "html.parser")
    assert [(part.name, part.get_text()) for part in words.select("mtext, mi")] == [
        ("mtext", "if\N{NO-BREAK SPACE}"),
        ("mi", "x"),
        ("mtext", "\N{NO-BREAK SPACE}or\N{NO-BREAK SPACE}a_b"),
    ]


REFUSED = [
    r"\frac{a}",
    r"\undefined",
    r"{a",
    "a & b",
    r"\href{javascript:alert(1)}{x}",
    r"\includegraphics{x}",
    r"\class{x}{y}",
    r"\textcolor{red;background:url(x)}{y}",
    r"\def\a{\a\a}\a",
]


@pytest.mark.parametrize("tex", REFUSED)
def test_other_tex_is_refused(tex: str) -> None:
    with pytest.raises(FormulaError):
        render_formula(tex, display=True)
    # A preview shows it as code.
    found = BeautifulSoup(render_markdown(rf"\({tex}\)"), "html.parser").select_one("code.formula-refused")
    assert found is not None and found.get_text() == tex


@pytest.mark.parametrize(("opening", "closing"), [("{", "}"), (r"\frac1", ""), ("x_{", "}"), (r"\sqrt", "")])
def test_formula_that_is_nested_without_end_is_refused(opening: str, closing: str) -> None:
    """The converter is recursive: 6,000 levels would end the process."""
    with pytest.raises(FormulaError, match="More than 1,000 commands and braces"):
        render_formula(opening * 9_000 + " x" + closing * 9_000, display=True)
    assert "<math" in render_formula(opening * 900 + " x" + closing * 900, display=True)


HOSTILE = [
    r"\text{<script>alert(1)</script>}",
    r"\text{<img src=x onerror=alert(1)>}",
    r"\text{</mtext></math><script>alert(1)</script>}",
    r"</math><script>alert(1)</script>",
    r'x" onclick="alert(1)',
    r"\color{#f00;background-image:url(//x)}x",
    r"\begin{align} x \label{a\" onclick=\"alert(1)} \end{align}",
    r"\unicode{x3c}script",
]


@pytest.mark.parametrize("tex", HOSTILE)
@pytest.mark.parametrize("form", ["\\({}\\)", "$${}$$"])
def test_a_hostile_formula_stays_a_formula(tex: str, form: str) -> None:
    text = form.replace("{}", tex)
    for page in (on_page(f'<div class="card">{render_card(text)}</div>'), on_page(embed_formulas(text))):
        assert page.find(["script", "img", "iframe", "style"]) is None
        for element in page.find_all(True):
            assert not any(name.startswith("on") for name in element.attrs)
            assert "url" not in str(element.get("style", ""))
    anki = BeautifulSoup(tex_for_anki(tex, display=False), "html.parser")
    assert anki.find(True) is None and anki.get_text() == rf"\({tex}\)"


def test_spaces_inside_the_marks_of_a_formula_stay_between_words() -> None:
    text = BeautifulSoup(
        render_markdown("of size$m \\times n $can, where$ k $ is$k$."), "html.parser"
    ).get_text()
    assert text == "of sizem×n can, where k isk.\n"


def test_titles_without_formulas_stay_as_they_are() -> None:
    assert title_markdown("Costs of $5 to $10 in *a* [b]") == r"Costs of $5 to $10 in \*a\* \[b\]"
    assert html.unescape(title_markdown(r"Saving \$5")) == "Saving $5"


@pytest.mark.parametrize("code", [0, 7, 8, 11, 12, 27, 127, 0x85, 0xFDD0, 0xFFFE])
def test_control_codes_never_reach_a_page(code: int) -> None:
    text = f"a{chr(code)}b $x{chr(code)}$ `c{chr(code)}`\n\n```\nd{chr(code)}\n```"
    for markup in (render_card(text), title_markdown(f"T{chr(code)}")):
        assert chr(code) not in markup and "\N{REPLACEMENT CHARACTER}" in markup
