"""Formulas: TeX as MathML, rendered when the pages are generated, so that readers need no script."""

import html
import re
from functools import lru_cache

from math_core import LatexError, LatexToMathML

from cardbook.base.errors import CardbookError

# Commands that the converter lacks, or accepts in numbered equations only.
_MACROS = {
    "substack": r"\begin{matrix}#1\end{matrix}",
    "mbox": r"\text{#1}",
    "hbox": r"\text{#1}",
    "tag": r"\qquad\text{(#1)}",
    "mathds": r"\mathbb{#1}",
    "pmb": r"\boldsymbol{#1}",
    "bold": r"\boldsymbol{#1}",
    "textnormal": r"\text{#1}",
    "textup": r"\text{#1}",
    "textmd": r"\text{#1}",
    "mathnormal": "{#1}",
    "smash": "{#1}",
    "vcenter": "{#1}",
    "mathclap": "{#1}",
    "mathllap": "{#1}",
    "mathrlap": "{#1}",
    "sout": r"\cancel{#1}",
    "intop": r"\int",
    "dotsb": r"\cdots",
    "dotsc": r"\ldots",
    "dotsi": r"\cdots",
    "dotsm": r"\cdots",
    "dotso": r"\ldots",
    "enskip": r"\enspace",
    "sdot": r"\cdot",
    "centerdot": r"\cdot",
    "shortmid": r"\mid",
    "smallsetminus": r"\setminus",
    "thickapprox": r"\approx",
    "thicksim": r"\sim",
    "varpropto": r"\propto",
    "varlimsup": r"\operatorname*{lim\,sup}",
    "varliminf": r"\operatorname*{lim\,inf}",
}
# The converter is recursive, and ends the process when nested more than 5,000 levels deep.
NESTING_LIMIT = 1_000
_NESTING = re.compile(r"[\\{]")
# Environments and their equivalents. Equations are not numbered: numbers would restart in each card.
_ENVIRONMENTS = {
    "split": "aligned",
    "alignedat": "aligned",
    "alignat": "align*",
    "alignat*": "align*",
    "subarray": "array",
    "darray": "array",
    "drcases": "rcases",
    "smallmatrix": "matrix",
    "equation": "equation*",
    "displaymath": "equation*",
    "align": "align*",
    "gather": "gather*",
    "multline": "multline*",
    "eqnarray": "align*",
    "eqnarray*": "align*",
}
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(\w+\*?)\}")
_ALIGNED_AT = re.compile(r"(\\begin\{(?:alignedat|alignat\*?)\})\{\d+\}")
_ALIGNED_MATRIX = re.compile(r"\\begin\{([bBpvV]?matrix)\*\}(?:\[\w\])?|\\end\{([bBpvV]?matrix)\*\}")
_EQUATION_ARRAY = re.compile(r"\\begin\{eqnarray\*?\}.*?\\end\{eqnarray\*?\}", re.DOTALL)
_RELATION = re.compile(r"&\s*([^&\\]{1,3}|\\[A-Za-z]+)\s*&")
_LABEL = re.compile(r"\\(?:label|require)\s*\{[^{}]*\}|\\(?:nonumber|notag|allowbreak|nobreak)(?![A-Za-z])")
_WORDS = re.compile(r"(\\(?:text\w*|mbox|hbox)\s*)\{([^{}]*)\}")
_DOLLAR = re.compile(r"(?<!\\)\$")
_SPECIAL = re.compile(r"(?<!\\)([_#&])")
_OPERATOR = re.compile(r"\\mathop\s*(\{(?:[^{}]|\{[^{}]*\})*\})\s*(?:\\limits(?![A-Za-z]))?")
_NAME = re.compile(r"\\(?:mathrm|text|operatorname|rm)(?![A-Za-z])|[{} ]")
_SIZE = re.compile(r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|[lL]arge|LARGE|[hH]uge)(?![A-Za-z])")

_TAG = re.compile(r"<(/?)([a-z]+)((?: [a-z]+(?:=\"[^\"<>]*\")?)*) ?/?>")
_ATTRIBUTE = re.compile(r" ([a-z]+)=\"([^\"]*)\"")
# MathML, and the elements allowed inside \text{…}.
_TAGS = """
math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom merror msub msup msubsup
munder mover munderover mmultiscripts mprescripts mtable mtr mtd menclose b i u em code span
"""
_ATTRIBUTES = """
accent accentunder arg class columnalign columnlines columnspan depth dir display displaystyle fence
form frame height intent largeop linethickness lspace mathcolor mathsize mathvariant maxsize minsize
movablelimits notation rowlines rowspan rspace scriptlevel separator stretchy style symmetric voffset width
"""
# Without url(…), which would fetch something.
_STYLE = re.compile(r"[\w :;.,#%-]*")


class FormulaError(CardbookError):
    """TeX that cannot be shown; the text says why."""


@lru_cache(maxsize=1)
def _converter() -> LatexToMathML:
    return LatexToMathML(macros=_MACROS, fancy_error=False, allow_unreliable_rendering=True)


# The pages and the exports show each formula of a book.
@lru_cache(maxsize=100_000)
def render_formula(tex: str, *, display: bool) -> str:
    """Return TeX as MathML; `display`: the formula has its own line. Raises FormulaError."""
    if len(_NESTING.findall(tex)) > NESTING_LIMIT:
        raise FormulaError(f"More than {NESTING_LIMIT:,} commands and braces")
    try:
        markup = _converter().convert_with_local_state(_adapt(tex), displaystyle=display)
    except LatexError as error:
        raise FormulaError(re.sub(r"^\d+: ", "", str(error)).rstrip(".")) from None
    _check(markup)
    kind = "formula formula-display" if display else "formula"
    markup = markup.replace("<math", f'<math data-tex="{html.escape(" ".join(tex.split()))}"', 1)
    return f'<span class="{kind}">{markup}</span>'


def tex_for_anki(tex: str, *, display: bool) -> str:
    r"""Return TeX in the delimiters of Anki's MathJax: `\(…\)` or, with `display`, `\[…\]`."""
    opening, closing = (r"\[", r"\]") if display else (r"\(", r"\)")
    return opening + html.escape(tex, quote=False) + closing


def _adapt(tex: str) -> str:
    """Return TeX with unsupported commands and environments replaced by supported ones."""
    tex = _LABEL.sub("", tex).replace(r"\tag*", r"\qquad\text")
    tex = _SIZE.sub("", tex)
    tex = _OPERATOR.sub(_adapt_operator, tex)
    tex = _EQUATION_ARRAY.sub(lambda found: _RELATION.sub(r"& \1", found[0]), tex)
    tex = _ALIGNED_AT.sub(r"\1", tex)
    tex = _ALIGNED_MATRIX.sub(lambda f: rf"\begin{{{f[1]}}}" if f[1] else rf"\end{{{f[2]}}}", tex)
    tex = _ENVIRONMENT.sub(lambda f: rf"\{f[1]}{{{_ENVIRONMENTS.get(f[2], f[2])}}}", tex)
    return _WORDS.sub(_adapt_words, tex)


def _adapt_operator(found: re.Match[str]) -> str:
    r"""Return `\mathop{…}` as a named operator if possible, so that limits are set below it."""
    name = _NAME.sub("", found[1]).replace(r"\arg\m", r"\arg\,\m")
    letters = re.sub(r"\\(?:[a-z]+|,)", "", name)
    return rf"\operatorname*{{{name}}}" if not letters or letters.isalpha() else found[1]


def _adapt_words(found: re.Match[str]) -> str:
    r"""Return `\text{…}` with its formulas moved out and TeX's special characters escaped."""
    command, words = found[1], found[2]
    parts = _DOLLAR.split(words)
    if len(parts) % 2 == 0:
        return found[0]
    for number, part in enumerate(parts):
        inside = f"{{{part}}}" if part else ""
        parts[number] = inside if number % 2 else command + "{" + _SPECIAL.sub(r"\\\1", part) + "}"
    return "".join(parts)


def _check(markup: str) -> None:
    """Raise FormulaError if the markup contains anything but MathML: formulas are untrusted."""
    tags, names = frozenset(_TAGS.split()), frozenset(_ATTRIBUTES.split())
    for tag in _TAG.finditer(markup):
        attributes = dict(_ATTRIBUTE.findall(tag[3]))
        style = attributes.get("style", "")
        if tag[2] not in tags or not names.issuperset(attributes) or not _STYLE.fullmatch(style):
            raise FormulaError(f"the converter produces {tag[0]}")
    if re.search("[<>]", _TAG.sub("", markup)):
        raise FormulaError("the converter produces more than MathML")
