"""HTML for text that is not ours: cards and outputs. Nothing in it can act outside its own block.

What comes out is safe inside a page that Python-Markdown still reads: see `protect_from_markdown`.
"""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import Token as Kind
from pygments.token import _TokenType, is_token_subtype
from pygments.util import ClassNotFound

from cardbook.base.cache import Cache, cache_key
from cardbook.base.errors import Problem
from cardbook.pages.formulas import FormulaError, render_formula
from cardbook.records.text import Table, clean_text, split_tables
from cardbook.source import formulas as formula_source
from cardbook.source.deck import Card
from cardbook.source.formulas import Formula, find_formulas

# What Python-Markdown lets a backslash take the meaning from; before anything else it shows the backslash.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!])")
# Codes that are no text: controls other than tab and line break, halves of characters, and noncharacters.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Stands for a formula, by its number, while Markdown is read. No text has the two noncharacters.
PLACE = re.compile("\ufdd0(\\d+)\ufdd1")
# What decides how a card is rendered, beside this file.
RENDERERS = ("markdown-it-py", "pygments")
# How many texts are kept in memory; a preview renders edited ones again and again.
RENDERINGS_LIMIT = 100_000
# Colouring longer code would take minutes.
COLOURED_LIMIT = 50_000

# What a lexer does by itself would change the code: strip blank lines, add a last line break.
LEXER = {"stripnl": False, "ensurenl": False}
# Two short elements for what is most of all colour: pages are sent with every byte.
ELEMENTS = {"k": ("<b>", "</b>"), "s1": ("<i>", "</i>")}
COLOURS = (
    (Kind.Comment, "c1"),
    (Kind.Keyword, "k"),
    (Kind.Operator.Word, "k"),
    (Kind.Literal.String.Interpol, ""),
    (Kind.Literal.String, "s1"),
    (Kind.Literal.Scalar, "s1"),
    (Kind.Literal.Number, "m"),
    (Kind.Name.Function, "nf"),
    (Kind.Name.Class, "nf"),
    (Kind.Name.Decorator, "nf"),
    (Kind.Name.Tag, "nf"),
    (Kind.Name.Attribute, "nf"),
    (Kind.Name.Builtin, "nf"),
    (Kind.Name.Variable, "m"),
)
# What would be most of the code, by language.
UNCOLOURED = {"Python": (Kind.Name.Builtin, Kind.Name.Variable), "Java": (Kind.Name.Attribute,)}


class CardRenderer(RendererHTML):
    """Renders cards: headings do not enter the page's outline, links leave no trace, code is coloured."""

    def heading_open(self, *_: Any) -> str:
        """Return the start of a heading inside a card."""
        return '<p class="card-heading">'

    def heading_close(self, *_: Any) -> str:
        """Return the end of a heading inside a card."""
        return "</p>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the start of a link that vouches for nothing."""
        tokens[idx].attrSet("rel", "nofollow noopener")
        return self.renderToken(tokens, idx, options, env)

    def code_inline(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return code inside a line."""
        return f"<code>{html.escape(_restore(tokens[idx].content, env))}</code>"

    def fence(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return a code block of a card: an illustration, coloured, never run."""
        return highlight_code(_restore(tokens[idx].content, env), tokens[idx].info.strip().split(" ")[0])

    def code_block(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return an indented code block of a card."""
        return highlight_code(_restore(tokens[idx].content, env), "")


def _restore(code: str, env: EnvType) -> str:
    """Return code with the text of what was taken for a formula."""
    return PLACE.sub(lambda found: env["sources"][int(found[1])], code)


@lru_cache(maxsize=1)
def card_markdown() -> MarkdownIt:
    """Return the Markdown reader for cards: CommonMark and tables; no HTML, no images."""
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=CardRenderer)
    # An image would be a request to another host.
    reader.enable("table").disable("image")
    return reader


def show_formula(tex: str, display: bool) -> str:
    """Return a formula as MathML; what cannot be shown as such is shown as code. See `formula_problems`."""
    try:
        return render_formula(tex, display)
    except FormulaError:
        return f'<code class="formula-refused">{html.escape(tex)}</code>'


def render_markdown(text: str, show: Callable[[str, bool], str] = show_formula) -> str:
    """Return HTML for the Markdown of a card; `show` renders its formulas, as `show_formula` does."""
    text = UNPRINTABLE.sub("\ufffd", text)
    rendered = _render_with_places(text)
    formulas, _ = find_formulas(text)
    if not formulas:
        return rendered

    def formula(place: re.Match[str]) -> str:
        found = formulas[int(place[1])]
        return show(found.tex, found.display)

    return PLACE.sub(formula, rendered)


def render_ahead(texts: Sequence[str], cache: Cache) -> None:
    """Render the texts of a chapter, or take what an earlier build made of them from the cache."""
    texts = [UNPRINTABLE.sub("\ufffd", text) for text in texts]
    known = _renderings()
    if known.keys() >= set(texts):
        return
    sources = [Path(__file__).read_bytes(), Path(formula_source.__file__).read_bytes()]
    key = cache_key(RENDERERS, [*sources, *(text.encode() for text in texts)])
    rendered = cache.get(key)
    if rendered is None:
        rendered = [_render_anew(text) for text in texts]
        cache.put(key, rendered)
    known.update(zip(texts, rendered, strict=True))


@lru_cache(maxsize=1)
def _renderings() -> dict[str, str]:
    """Return the HTML of texts by text: each is shown in a chapter and for studying, and exported twice."""
    return {}


def _render_with_places(text: str) -> str:
    """Return HTML in which places stand for formulas."""
    known = _renderings()
    if text not in known:
        if len(known) > RENDERINGS_LIMIT:
            known.clear()
        known[text] = _render_anew(text)
    return known[text]


def _render_anew(text: str) -> str:
    formulas, _ = find_formulas(text)
    places = (f"\ufdd0{number}\ufdd1" for number in range(len(formulas)))
    sources = [text[formula.start : formula.end] for formula in formulas]
    rendered: str = card_markdown().render(_replace(text, formulas, places), {"sources": sources})
    return rendered


def _replace(text: str, formulas: Sequence[Formula], others: Iterable[str]) -> str:
    """Return the text with each formula replaced by another text.

    Where a space beside a word stands inside the formula's marks, as in `of$ n $words`, it is kept.
    """
    parts, at = [], 0
    for formula, other in zip(formulas, others, strict=True):
        inside = text[formula.start : formula.end].strip("$\\()[]")
        before, after = text[formula.start - 1 : formula.start], text[formula.end : formula.end + 1]
        parts += [text[at : formula.start], " " * (inside[:1].isspace() and before.isalnum()), other]
        parts.append(" " * (inside[-1:].isspace() and after.isalnum()))
        at = formula.end
    return "".join([*parts, text[at:]])


def render_card(text: str) -> str:
    """Return sealed HTML for a card's context, question or answer."""
    return protect_from_markdown(render_markdown(text))


def embed_formulas(markdown: str) -> str:
    """Return Markdown for Python-Markdown, which the author wrote, with its formulas as HTML."""
    formulas, _ = find_formulas(markdown)
    shown = (protect_inline(show_formula(formula.tex, formula.display)) for formula in formulas)
    return _replace(markdown, formulas, shown)


def formula_problems(text: str, file: str, line: int) -> list[Problem]:
    """Return the formulas of a Markdown text that cannot be shown; `line` is where the text begins."""
    problems = []
    for formula in find_formulas(text)[0]:
        try:
            render_formula(formula.tex, formula.display)
        except FormulaError as error:
            shown = " ".join(formula.tex.split())
            shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
            at = line + text.count("\n", 0, formula.start) if line else 0
            what = f"the formula {shown} cannot be shown: {error}"
            problems.append(
                Problem(file, at, what, "fix its TeX; that of a received deck by repairs: in book.yml")
            )
    return problems


def card_problems(card: Card, file: str) -> list[Problem]:
    """Return the formulas of a card that cannot be shown, by their lines in the file of its deck."""
    texts = (card.title, card.context, card.question, card.answer)
    lines = (card.line, card.context_line, card.question_line, card.answer_line)
    return [
        problem
        for text, line in zip(texts, lines, strict=True)
        for problem in formula_problems(text, file, line)
    ]


def highlight_code(code: str, language: str) -> str:
    """Return a card's code as HTML, coloured when Pygments knows the language."""
    return f'<div class="highlight illustration"><pre><code>{highlight(code, language)}</code></pre></div>'


def render_code(code: str, kind: str, label: str, fold: str = "") -> str:
    """Return protected HTML for the code cell `label` (`EXAMPLE-NUMBER`), byte for byte.

    `kind` is cell or parameters. `fold` says what the code is about: if it is not empty, the code is folded.
    """
    number = label.rpartition("-")[2]
    link = f'<a class="number" href="#{label}" data-search-exclude>{number}</a>'
    block = f"<pre><code>{highlight(code, 'python')}</code></pre>"
    if fold:
        block = f'<details class="fold"><summary>{html.escape(fold)}</summary>{block}</details>'
    return protect_from_markdown(
        f'<div class="highlight {kind}" data-cell="{label}" id="{label}">{link}{block}</div>'
    )


# The same code stands in chapters and decks, and a preview shows it again after every edit.
@lru_cache(maxsize=4096)
def highlight(code: str, language: str) -> str:
    """Return code as HTML with an element around each run of one colour; names and operators need none."""
    if len(code) > COLOURED_LIMIT:
        return html.escape(code, quote=False)
    lexer = _lexer_of(language)
    runs = groupby(lexer.get_tokens(code), lambda token: _colour_of(token[0], lexer.name))
    parts = []
    for name, tokens in runs:
        text = html.escape("".join(text for _, text in tokens), quote=False)
        if name and text.strip():
            opening, closing = ELEMENTS.get(name, (f'<span class="{name}">', "</span>"))
            text = f"{opening}{text}{closing}"
        parts.append(text)
    return "".join(parts)


@lru_cache(maxsize=64)
def _lexer_of(language: str) -> Lexer:
    """Return the lexer of a language, one for plain text when Pygments does not know it.

    A language is known by its name, such as `yaml`, or by the end of a file's name, such as `yml`.
    """
    found: Lexer = TextLexer(**LEXER)
    if language:
        with suppress(ClassNotFound):
            return get_lexer_by_name(language, **LEXER)
        with suppress(ClassNotFound):
            found = get_lexer_for_filename(f"x.{language}", None, **LEXER)
    return found


@lru_cache(maxsize=1024)
def _colour_of(kind: _TokenType, language: str) -> str:
    """Return the short class of a kind of token, as Material colours it; "" for what keeps the ink."""
    if any(is_token_subtype(kind, family) for family in UNCOLOURED.get(language, ())):
        return ""
    return next((name for family, name in COLOURS if is_token_subtype(kind, family)), "")


def protect_from_markdown(markup: str) -> str:
    """Return the same HTML with nothing in it that Python-Markdown or its extensions would act on.

    Fences are looked for before raw HTML is set aside, tabs are expanded, and a blank line may end a block.
    """
    for character in "`~\t":
        markup = markup.replace(character, f"&#{ord(character)};")
    return re.sub(r"\n\s*\n", lambda found: "&#10;" * found[0].count("\n"), markup.strip("\n"))


def protect_inline(markup: str) -> str:
    """Return HTML for the middle of a line of Markdown, which reads nothing in it as Markdown."""
    # The TeX in an attribute would be read before the tag is.
    pieces = re.split(r"(<[^<>]*>)", re.sub(r' data-tex="[^"]*"', "", markup))
    for number in range(0, len(pieces), 2):
        pieces[number] = MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", pieces[number])
    return "".join(pieces)


def title_markdown(text: str) -> str:
    """Return the title of a card as Markdown on one line, letter by letter but for its formulas."""
    line = " ".join(UNPRINTABLE.sub("\ufffd", text).split())
    parts, at = [], 0
    for formula in find_formulas(line)[0]:
        shown = protect_inline(show_formula(formula.tex, display=False))
        parts += [_escape(line[at : formula.start].replace(r"\$", "$")), shown]
        at = formula.end
    return "".join([*parts, _escape(line[at:].replace(r"\$", "$"))])


def escape_markdown(text: str) -> str:
    """Return text such that Markdown shows it letter by letter, on one line."""
    return _escape(" ".join(UNPRINTABLE.sub("\ufffd", text).split()))


def _escape(line: str) -> str:
    return MARKDOWN.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def render_printed(text: str, kind: str, label: str) -> str:
    """Return sealed HTML for what the cell `label` printed, its tables as tables.

    `kind` is the stream: stdout or stderr.
    """
    mark = f'data-output="{label}"'
    blocks = []
    for part in split_tables(clean_text(text)):
        if isinstance(part, Table):
            blocks.append(f'<div class="output output-table" {mark}>{_render_table(part)}</div>')
        else:
            # At the end of a block, Python-Markdown would take braces for attributes of the block.
            body = html.escape(part, quote=False).replace("{", "&#123;")
            blocks.append(f'<pre class="output output-{kind}" {mark}>{body}</pre>')
    return "\n\n".join(protect_from_markdown(block) for block in blocks)


def _render_table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        pairs = zip(cells, table.align, strict=True)
        scope = ' scope="col"' if tag == "th" else ""
        return "".join(f'<{tag}{scope} class="{align}">{html.escape(cell)}</{tag}>' for cell, align in pairs)

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    return f"<table><thead><tr>{row(table.header, 'th')}</tr></thead><tbody>{body}</tbody></table>"
