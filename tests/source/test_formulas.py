"""Which parts of a text are formulas: every form that decks use, beside money, variables and code."""

import time

import pytest

from cardbook.source.formulas import find_formulas


def found(text: str) -> list[str]:
    """Return the TeX of the formulas, displayed ones after a `D `."""
    return [f"D {formula.tex}" if formula.display else formula.tex for formula in find_formulas(text)[0]]


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        (r"A rank of $r$, and $A \cdot B$.", ["r", r"A \cdot B"]),
        (r"of size$m \times n $can be $M $ here, where$ k $ is", [r"m \times n", "M", "k"]),
        ("$$E = mc^2$$", ["D E = mc^2"]),
        ("The sum is:\n$$s = \\sum_i x_i$$\nand so on", [r"D s = \sum_i x_i"]),
        ("$$a = b$$where $ P(a)$is likely, and $ n$ counts", ["D a = b", "P(a)", "n"]),
        ("In $$x$$ a line", ["D x"]),
        ("$$\n\nx = 1\n\n+ 2\n\n$$", ["D x = 1\n+ 2"]),
        ("It is: $$\n\nx\n\n$$ at last", ["D x"]),
        (r"\( x \) is the input, \(y\) the output", ["x", "y"]),
        (r"\[ E[X] = \sum_x x\, p(x) \]", [r"D E[X] = \sum_x x\, p(x)"]),
        ("\\[\na \\\\[4pt]\nb\n\n\\]", ["D a \\\\[4pt]\nb"]),
        ("\\(a\n+ b\\)", ["a\n+ b"]),
        ("- $$\n  x\n  $$\n- \\(y\\)", ["D x", "y"]),
        ("> $$\n> x\n> y\n> $$\n\n> > \\[\n> > z > 0\n> > \\]", ["D x\ny", "D z > 0"]),
        ("| $P(a|b)$ | $c$ |\n|---|---|\n| \\(d\\) | $e_1$ |", ["P(a|b)", "c", "d", "e_1"]),
        (r"$\$5$ and \$6", [r"\$5"]),
        (r"$p = 5\%$, $50%$", [r"p = 5\%", r"50\%"]),
        ("$$\na = b % the comment\n+ c\n$$", ["D a = b \n+ c"]),
        (r"3$\times$3 and 2$\times$2", [r"\times", r"\times"]),
        (r"$\text{the loss of all tokens}$ and $n \log n$", [r"\text{the loss of all tokens}", r"n \log n"]),
        ("$TP / (TP + FP)$ and $x$-axis, $k$th, $a$,$b$", ["TP / (TP + FP)", "x", "k", "a", "b"]),
        (
            "As\n\\begin{align*}\na &= b \\\\\n\nc &= d\n\\end{align*} here",
            ["D \\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}"],
        ),
        ("$x$ with `a` and `b`, not `$y$`, and $z$", ["x", "z"]),
        ("$s$ is `a`, $t + `b` + c$ is `d`", ["s", "t + `b` + c"]),
        ("**$x$**, _$y$_ and [$z$](https://example.org/$a$)", ["x", "y", "z"]),
    ],
)
def test_every_form_of_a_formula_is_found(text: str, formulas: list[str]) -> None:
    assert found(text) == formulas
    assert find_formulas(text)[1] == []


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 or $10.",
        "Between $1,000 and $2,000, US$5",
        "5$ and 6$",
        r"\$a\$ and \$5",
        "`$x$`, ``$y$ ` $z$`` and `\\(a\\)`",
        "```\n$x$ and $$y$$\n```\n~~~\n\\(z\\)\n~~~",
        "- ```sh\n  echo $a $b\n  ```",
        "```\nnever closed $x$",
        "[text](https://example.org/$a$) alone",
        r"\\(x\\) and \[1\], \[2, 3\]",
        "a $ b",
        "$ $",
        "pears $3/kg, in Bash `export A=$B`, ${VAR}",
        "$a ``b` c$d`` e",
    ],
)
def test_what_only_has_dollars_or_brackets_stays_text(text: str) -> None:
    assert find_formulas(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "formulas", "doubted"),
    [
        ("$5 and then $10 for Windows $PATH", [], ["$10 for Windows $"]),
        ("Set $PATH and $HOME/bin", [], ["$PATH and $"]),
        ("export ${NAME} and ${OTHER}", [], ["${NAME} and $"]),
        ("for $i in $list", [], ["$i in $"]),
        ("pay $5 per month, where $x$ is", ["x"], ["$5 per month, where $"]),
        ("$10 million for x_1$", [], ["$10 million for x_1$"]),
        ("the $true positives$ of it", [], ["$true positives$"]),
        (r"see \[the table below\]", [], [r"\[the table below\]"]),
        ("$$ these are only words of it $$", [], ["$$ these are only words of it $$"]),
        ("the $recall$ of it", ["recall"], ["$recall$"]),
        (r"\(true positives\)", ["true positives"], [r"\(true positives\)"]),
    ],
)
def test_what_can_be_read_in_two_ways_is_reported(text: str, formulas: list[str], doubted: list[str]) -> None:
    _, doubts = find_formulas(text)
    assert found(text) == formulas
    assert [doubt.what.rpartition(": ")[2] for doubt in doubts] == doubted
    assert [text[doubt.start :].startswith(shown) for doubt, shown in zip(doubts, doubted, strict=True)]


@pytest.mark.parametrize("mark", ["$$", r"\(", r"\["])
def test_a_mark_without_an_end_is_reported(mark: str) -> None:
    formulas, (doubt,) = find_formulas(f"ab {mark} x\n\n\\) y" if mark == r"\(" else f"ab {mark} x")
    assert (formulas, doubt.start) == ([], 3)
    assert doubt.what == f"this {mark} does not begin a formula: its end is missing"


def test_tex_outside_a_formula_is_reported_once_a_line() -> None:
    text = "[ E = \\frac{1}{n} \\sum_i x_i ] and `\\frac`\nwhere \\alpha is C:\\pictures or \\_x\\_\n"
    text += "\n```\n\\sum\n```"
    formulas, doubts = find_formulas(text)
    assert formulas == []
    assert [doubt.what.split()[0] for doubt in doubts] == ["\\frac", "\\alpha"]
    assert [text[doubt.start :].split()[0] for doubt in doubts] == ["\\frac{1}{n}", "\\alpha"]


def test_formulas_know_where_they_stand() -> None:
    text = "a $x$ `$y$` \\[z\\]"
    assert [text[f.start : f.end] for f in find_formulas(text)[0]] == ["$x$", "\\[z\\]"]


SLOW = [
    "$",
    "$ ",
    "$$",
    "$$ a ",
    r"\(",
    r"\[",
    r"\( a",
    "`",
    "` `` ",
    "$a",
    "$5 word ",
    "\n\n$",
    "> ",
    "\\",
    "]($",
]


@pytest.mark.parametrize("part", SLOW)
def test_a_long_text_is_read_in_linear_time(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.process_time()
    find_formulas(text)
    assert time.process_time() - started < 5
