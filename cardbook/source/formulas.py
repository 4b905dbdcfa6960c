r"""Finds the formulas in a Markdown text; dollars of amounts and shell variables are not formulas.

A formula is `$…$`, `$$…$$`, `\(…\)` or `\[…\]`, on one line or on several; a displayed one may have blank
lines inside. Code has no formulas, and `\$` is a dollar.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_FENCE = re.compile(r"(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}(?=[^`]*$)|~{3,})(.*)")
_MARK = re.compile(r"\\\(|\\\[|\\begin\{|\\[^\n]|`+|\]\([^()\s]*\)|\$\$|\$")
# The content between the marks of a formula. An inline one ends before a blank line.
_LINE_BREAK = r"\\?\n(?![ \t>]*(?:\n|$))"
_BODIES = {
    "$": re.compile(rf"((?:[^$\\\n]++|\\[^\n]|{_LINE_BREAK})++)\$"),
    "$$": re.compile(r"((?:[^$\\]++|\\.|\$(?!\$))++)\$\$", re.DOTALL),
    r"\(": re.compile(rf"((?:[^\\\n]++|\\\\|\\(?![()])[^\n]|{_LINE_BREAK})++)\\\)"),
    r"\[": re.compile(r"((?:[^\\]++|\\\\|\\(?![\[\]]).)++)\\\]", re.DOTALL),
}
# An environment is displayed mathematics without other marks, as in LaTeX.
_ENVIRONMENT = re.compile(
    r"\\begin\{((?:equation|align|gather|multline|eqnarray|displaymath)\*?)\}(?:[^\\]++|\\(?!(?:begin|end)\{\1\}).)*+\\end\{\1\}",
    re.DOTALL,
)
# Commands that only TeX has.
_BARE_TEX = re.compile(
    r"\\(?:[dt]?frac|sqrt|sum|prod|int|partial|nabla|infty|math(?:bb|bf|cal|rm)|text|operatorname|left|right|begin|end|hat|bar"
    r"|vec|cdot|times|approx|leq?|geq?|neq|in|mid|log|exp|max|min|alpha|beta|gamma|delta|epsilon|theta|lambda|mu|pi|sigma"
    r"|tau|phi|omega|Sigma|Delta|Theta)(?![A-Za-z])"
)
_DISPLAYED = ("$$", r"\[")
_LIMIT = 20_000

_TEX = re.compile(r"\\[A-Za-z]|[\^_=+*/<>|]")
_SURELY_TEX = re.compile(r"\\[A-Za-z]|[\^=+*<>|]")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORDS_IN_TEX = re.compile(
    r"\\(?:text\w*|mathrm|mathbf|mathit|operatorname\*?|mbox|hbox|begin|end)\s*\{[^{}]*\}"
)
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{2,}(?![^\W_])")
_TWO_WORDS = re.compile(r"(?<![^\W_])[^\W\d_]{3,}[,;:]?\s+[^\W\d_]{3,}(?![^\W_])")
_FOUR_WORDS = re.compile(r"(?:(?<![^\W_])[^\W\d_]{2,}[,;:]?\s+){3}[^\W\d_]{2,}")
_FUNCTIONS = frozenset(
    (
        "sin",
        "cos",
        "tan",
        "exp",
        "log",
        "ln",
        "max",
        "min",
        "arg",
        "det",
        "dim",
        "lim",
        "sup",
        "inf",
        "mod",
        "pi",
    )
)
_AMOUNT = re.compile(r"\d")
_VARIABLE = re.compile(r"\{?[A-Z_][A-Z0-9_]{2,}(?![a-z])")
_CITATION = re.compile(r"[\d\s,;–-]+")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
_PERCENT = re.compile(r"(?<!\\)%")
_COMMENT = re.compile(r"(?<![\\\d])%.*")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True)
class Formula:
    """The TeX of a formula. `start` and `end` are offsets in the text, its marks included."""

    start: int
    end: int
    tex: str
    display: bool


@dataclass(frozen=True)
class Doubt:
    """An ambiguity, at an offset in the text: it can be read as a formula or as plain text."""

    start: int
    what: str
    remedy: str


def find_formulas(text: str) -> tuple[Sequence[Formula], Sequence[Doubt]]:
    """Return the formulas of a Markdown text and its ambiguities, each in order."""
    # Most texts have no mark of a formula.
    return _find(text) if "$" in text or "\\" in text else ((), ())


# The same text is parsed for the page, the study page and the exports.
@lru_cache(maxsize=30_000)
def _find(text: str) -> tuple[Sequence[Formula], Sequence[Doubt]]:
    formulas: list[Formula] = []
    doubts: list[Doubt] = []
    for start, end in _prose(text):
        _Scanner(text, start, end, formulas, doubts).scan()
    return formulas, doubts


def _prose(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of the text outside fenced code, as offsets."""
    start = at = 0
    fence = ""
    for line in text.split("\n"):
        after = min(at + len(line) + 1, len(text))
        if fence:
            run = line.strip(" \t>")
            if run.startswith(fence) and not run.strip(fence[0]):
                fence, start = "", after
        elif ("```" in line or "~~~" in line) and (found := _FENCE.match(line)):
            fence = found[1]
            yield start, at
        at = after
    if not fence:
        yield start, len(text)


class _Scanner:
    """Scans a part of a text without fenced code once."""

    def __init__(self, text: str, start: int, end: int, formulas: list[Formula], doubts: list[Doubt]) -> None:
        self._text, self._at, self._end = text, start, end
        self._formulas, self._doubts = formulas, doubts
        self._doubted = -1
        self._ticks: dict[int, list[int]] = defaultdict(list)
        for run in re.compile(r"`+").finditer(text, start, end):
            self._ticks[len(run[0])].append(run.start())

    def scan(self) -> None:
        """Add the formulas and ambiguities of this part."""
        while found := _MARK.search(self._text, self._at, self._end):
            mark = found[0]
            self._at = found.end()
            if mark[0] == "`":
                self._pass_code(len(mark))
            elif mark in _BODIES:
                self._read(found.start(), mark)
            elif not self._read_environment(found.start()):
                self._report_bare(found.start())

    def _pass_code(self, size: int) -> None:
        """Skip the code span whose opening backticks end here."""
        runs = self._ticks[size]
        index = bisect_left(runs, self._at)
        if index < len(runs) and "\n\n" not in self._text[self._at : runs[index]]:
            self._at = runs[index] + size

    def _is_code_at(self, end: int) -> bool:
        """Return whether a code span, which begins after the mark read last, contains the mark at `end`."""
        at, ticks = self._at, re.compile("`+")
        while run := ticks.search(self._text, at, end):
            at, closings = run.end(), self._ticks[len(run[0])]
            index = bisect_left(closings, at)
            if index < len(closings) and "\n\n" not in self._text[at : closings[index]]:
                at = closings[index] + len(run[0])
        return at > end

    def _read(self, start: int, mark: str) -> None:
        found = _BODIES[mark].match(self._text, self._at, self._end)
        if found is None or len(found[1]) > _LIMIT or self._is_code_at(found.end(1)):
            if mark != "$" and start >= self._doubted:
                what = f"this {mark} does not begin a formula: its end is missing"
                self._doubts.append(Doubt(start, what, "close the formula, or write the mark as `code`"))
            return
        tex = self._tex(start, found[1])
        before, after = self._text[start - 1 : start], self._text[found.end() : found.end() + 1]
        reading = _reading(mark, tex, before, after, spaced=found[1][-1].isspace())
        if reading is None:
            return
        if not reading or _reads_as_words(tex):
            self._doubts.append(_doubt(start, self._text[start : found.end()], formula=reading))
            self._doubted = found.end()
        if reading:
            self._formulas.append(Formula(start, found.end(), tex, mark in _DISPLAYED))
        # The second of two amounts or variables may begin a formula; marks right next to words are a pair.
        if reading or found[1].strip() == found[1]:
            self._at = found.end()

    def _read_environment(self, start: int) -> bool:
        found = _ENVIRONMENT.match(self._text, start, self._end)
        if found is None or len(found[0]) > _LIMIT:
            return False
        self._formulas.append(Formula(start, found.end(), self._tex(start, found[0]), display=True))
        self._at = found.end()
        return True

    def _report_bare(self, start: int) -> None:
        """Report TeX outside a formula, once for each line."""
        found = _BARE_TEX.match(self._text, start, self._end)
        if found and start >= self._doubted:
            what = f"{found[0]} is shown as text, because it is not in a formula"
            self._doubts.append(Doubt(start, what, "put the formula between $ and $"))
            end = self._text.find("\n", start)
            self._doubted = end if end >= 0 else self._end

    def _tex(self, start: int, body: str) -> str:
        """Return the TeX of a formula without blank lines and quotation marks (`>`)."""
        if "\n" in body:
            line = self._text[self._text.rfind("\n", 0, start) + 1 : start]
            if quote := _QUOTE.match(line):
                depth = quote[0].count(">")
                body = re.sub(rf"\n[ \t]*(?:>[ \t]?){{1,{depth}}}", "\n", body)
            body = _BLANK_LINES.sub("\n", body)
        body = body.strip()
        # In TeX, % begins a comment. In a formula of one line it is meant as a percent sign.
        return _COMMENT.sub("", body) if "\n" in body else _PERCENT.sub(r"\%", body)


def _reading(mark: str, tex: str, before: str, after: str, *, spaced: bool) -> bool | None:
    """Return whether the text between two marks is a formula; None if the marks are not a pair.

    `before` and `after` are the characters around the marks; `spaced`: the text ends with a space.
    """
    if not tex:
        return None
    if mark == r"\(":
        return True
    if mark == r"\[":
        # Brackets that were escaped although Markdown does not need it: [1], [see below].
        return None if _CITATION.fullmatch(tex) else bool(_TEX.search(tex)) or not _is_words(tex)
    if mark == "$$":
        return not _is_words(tex) and not _FOUR_WORDS.search(_without_commands(tex))
    if not _COMMAND.search(tex):
        if before.isdigit() or after.isdigit():
            return None
        if after.isalpha() or after in ("_", "{"):
            return not _VARIABLE.match(tex) and not (spaced and _words_of(tex)) and not _is_words(tex)
    return not _is_words(tex)


def _is_words(body: str) -> bool:
    """Return whether a text between marks is not a formula: several words, or an amount."""
    if not _WORD.search(body):
        return False
    if _FOUR_WORDS.search(_without_commands(body)):
        return True
    if _AMOUNT.match(body):
        return bool(_words_of(body)) and not _SURELY_TEX.search(body)
    return len(_words_of(body)) > 1 and not _TEX.search(body)


def _reads_as_words(body: str) -> bool:
    """Return whether a possible formula contains words that are not marked as text."""
    if not _WORD.search(body):
        return False
    plain = _without_commands(body)
    return bool(_TWO_WORDS.search(plain)) or (len(plain.strip()) > 2 and _words_of(body) == [plain.strip()])


def _words_of(body: str) -> list[str]:
    return [word for word in _WORD.findall(_without_commands(body)) if word.lower() not in _FUNCTIONS]


def _without_commands(body: str) -> str:
    return _COMMAND.sub(" \\\\ ", _WORDS_IN_TEX.sub(" \\\\ ", body))


def _doubt(start: int, source: str, *, formula: bool) -> Doubt:
    shown = " ".join(source.split())
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    if formula:
        return Doubt(
            start, f"this is shown as a formula, but reads as words: {shown}", r"write words as \text{…}"
        )
    remedy = r"write \$ for a dollar; write words in a formula as \text{…}"
    return Doubt(start, f"this is shown as text, but could be a formula: {shown}", remedy)
