"""HTML for untrusted text: cards and outputs. Nothing in it has an effect outside its block.

The HTML is safe inside a page that Python-Markdown still parses: see `protect_from_markdown`.
"""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

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

# The characters that a backslash escapes in Python-Markdown; before others it shows the backslash.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!])")
# Codes that are not text: controls except tab and line break, lone surrogates, and noncharacters.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# The placeholder of a formula, with its number, while Markdown is parsed. No text has the two noncharacters.
PLACE = re.compile("\ufdd0(\\d+)\ufdd1")
# The packages that determine how a card is rendered.
RENDERERS = ("markdown-it-py", "pygments")
# How many rendered texts are kept in memory; a preview adds each edited one.
RENDERINGS_LIMIT = 100_000
# Highlighting longer code would take minutes.
COLOURED_LIMIT = 50_000

# By default, a lexer changes the code: it strips blank lines and adds a final line break.
LEXER = {"stripnl": False, "ensurenl": False}
# Short elements for the most frequent colours, to keep pages small.
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
# Kinds that would cover most of the code, by language.
UNCOLOURED = {"Python": (Kind.Name.Builtin, Kind.Name.Variable), "Java": (Kind.Name.Attribute,)}


class CardRenderer(RendererHTML):
    """Renders cards: headings are not in the page's outline, links are nofollow, code is highlighted."""

    def heading_open(self, *_: Any) -> str:
        """Return the start of a heading inside a card."""
        return '<p class="card-heading">'

    def heading_close(self, *_: Any) -> str:
        """Return the end of a heading inside a card."""
        return "</p>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the start of a link with `rel="nofollow noopener"`."""
        tokens[idx].attrSet("rel", "nofollow noopener")
        return self.renderToken(tokens, idx, options, env)

    def code_inline(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return code inside a line."""
        return f"<code>{html.escape(_restore(tokens[idx].content, env))}</code>"

    def fence(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return a code block of a card: an illustration, highlighted and never run."""
        return highlight_code(_restore(tokens[idx].content, env), tokens[idx].info.strip().split(" ")[0])

    def code_block(self, tokens: Sequence[Token], idx: int, _: OptionsDict, env: EnvType) -> str:
        """Return an indented code block of a card."""
        return highlight_code(_restore(tokens[idx].content, env), "")


class ProseRenderer(CardRenderer):
    """Renders an author's prose: as cards, but with headings."""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the start of a heading."""
        return self.renderToken(tokens, idx, options, env)

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the end of a heading."""
        return self.renderToken(tokens, idx, options, env)


def _restore(code: str, env: EnvType) -> str:
    """Return code with the source of each formula in place of its placeholder."""
    return PLACE.sub(lambda found: env["sources"][int(found[1])], code)


@lru_cache(maxsize=1)
def card_markdown() -> MarkdownIt:
    """Return the Markdown reader for cards: CommonMark and tables; no HTML, no images."""
    return _markdown(CardRenderer)


@lru_cache(maxsize=1)
def prose_markdown() -> MarkdownIt:
    """Return the Markdown reader for an author's prose in a file without Python-Markdown."""
    return _markdown(ProseRenderer)


def _markdown(renderer: type[RendererHTML]) -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=renderer)
    # An image would be a request to another host.
    return reader.enable("table").disable("image")


class FormulaRenderer(Protocol):
    """Renders a formula, given as TeX; `display`: the formula has its own line."""

    def __call__(self, tex: str, *, display: bool) -> str:
        """Return HTML."""
        ...


def show_formula(tex: str, *, display: bool) -> str:
    """Return a formula as MathML; if it cannot be converted, as code. See `formula_problems`."""
    try:
        return render_formula(tex, display=display)
    except FormulaError:
        return f'<code class="formula-refused">{html.escape(tex)}</code>'


# A card's texts are on the page of its chapter, on the study page and in the exports.
@lru_cache(maxsize=RENDERINGS_LIMIT)
def render_markdown(text: str, show: FormulaRenderer = show_formula) -> str:
    """Return HTML for the Markdown of a card; `show` renders its formulas, as `show_formula` does."""
    text = UNPRINTABLE.sub("\ufffd", text)
    return _fill_places(_render_with_places(text), text, show)


# A preview renders the prose of all examples after every edit.
@lru_cache(maxsize=4096)
def render_prose(text: str) -> str:
    """Return HTML for an author's Markdown, read as CommonMark without HTML, as in notebooks."""
    text = UNPRINTABLE.sub("\ufffd", text)
    return _fill_places(_render_anew(text, prose_markdown()), text, show_formula)


def _fill_places(rendered: str, text: str, show: FormulaRenderer) -> str:
    """Return the HTML of a text with each of its formulas in its place."""
    formulas, _ = find_formulas(text)
    if not formulas:
        return rendered

    def formula(place: re.Match[str]) -> str:
        found = formulas[int(place[1])]
        return show(found.tex, display=found.display)

    return PLACE.sub(formula, rendered)


def render_ahead(texts: Sequence[str], cache: Cache) -> None:
    """Render the texts of a chapter into memory, or read their HTML from the cache."""
    texts = [UNPRINTABLE.sub("\ufffd", text) for text in texts]
    known = _renderings()
    if known.keys() >= set(texts):
        return
    sources = [Path(__file__).read_bytes(), Path(formula_source.__file__).read_bytes()]
    key = cache_key(RENDERERS, [*sources, *(text.encode() for text in texts)])
    rendered = cache.get(key)
    if rendered is None:
        rendered = [_render_anew(text, card_markdown()) for text in texts]
        cache.put(key, rendered)
    known.update(zip(texts, rendered, strict=True))


@lru_cache(maxsize=1)
def _renderings() -> dict[str, str]:
    """Return the HTML of texts by text: a chapter, the study page and two exports use each."""
    return {}


def _render_with_places(text: str) -> str:
    """Return HTML with a placeholder for each formula."""
    known = _renderings()
    if text not in known:
        if len(known) > RENDERINGS_LIMIT:
            known.clear()
        known[text] = _render_anew(text, card_markdown())
    return known[text]


def _render_anew(text: str, reader: MarkdownIt) -> str:
    formulas, _ = find_formulas(text)
    places = (f"\ufdd0{number}\ufdd1" for number in range(len(formulas)))
    sources = [text[formula.start : formula.end] for formula in formulas]
    rendered: str = reader.render(_replace(text, formulas, places), {"sources": sources})
    return rendered


def _replace(text: str, formulas: Sequence[Formula], others: Iterable[str]) -> str:
    """Return the text with each formula replaced by another text.

    A space inside the formula's marks and next to a word, as in `of$ n $words`, is kept.
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
    """Return protected HTML for a card's context, question or answer."""
    return protect_from_markdown(render_markdown(text))


def embed_formulas(markdown: str) -> str:
    """Return the author's Markdown with its formulas as HTML, for Python-Markdown."""
    formulas, _ = find_formulas(markdown)
    shown = (protect_inline(show_formula(formula.tex, display=formula.display)) for formula in formulas)
    return _replace(markdown, formulas, shown)


def formula_problems(text: str, file: str, line: int) -> list[Problem]:
    """Return a problem for each formula of a Markdown text that cannot be shown.

    `line` is where the text begins in `file`, 0 if unknown."""
    problems = []
    for formula in find_formulas(text)[0]:
        try:
            render_formula(formula.tex, display=formula.display)
        except FormulaError as error:
            shown = " ".join(formula.tex.split())
            shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
            at = line + text.count("\n", 0, formula.start) if line else 0
            what = f"the formula {shown} cannot be shown: {error}"
            problems.append(
                Problem(file, at, what, "fix its TeX; in a received deck, with repairs: in book.yml")
            )
    return problems


def card_problems(card: Card, file: str) -> list[Problem]:
    """Return a problem for each formula of a card that cannot be shown; `file` is that of its deck."""
    texts = (card.title, card.context, card.question, card.answer)
    lines = (card.line, card.context_line, card.question_line, card.answer_line)
    return [
        problem
        for text, line in zip(texts, lines, strict=True)
        for problem in formula_problems(text, file, line)
    ]


def highlight_code(code: str, language: str) -> str:
    """Return a card's code as HTML, highlighted if Pygments knows the language."""
    return f'<div class="highlight illustration"><pre><code>{highlight(code, language)}</code></pre></div>'


def render_code(code: str, kind: str, label: str, fold: str = "") -> str:
    """Return protected HTML for the code cell `label` (`EXAMPLE-NUMBER`), byte for byte.

    `kind` is cell or parameters. If `fold` is not empty, the code is folded and `fold` is its summary.
    """
    number = label.rpartition("-")[2]
    link = f'<a class="number" href="#{label}" data-search-exclude>{number}</a>'
    block = f"<pre><code>{highlight(code, 'python')}</code></pre>"
    if fold:
        block = f'<details class="fold"><summary>{html.escape(fold)}</summary>{block}</details>'
    return protect_from_markdown(
        f'<div class="highlight {kind}" data-cell="{label}" id="{label}">{link}{block}</div>'
    )


# Chapters and decks contain the same code, and a preview renders it again after every edit.
@lru_cache(maxsize=4096)
def highlight(code: str, language: str) -> str:
    """Return code as HTML with an element around each run of one colour; names and operators have none."""
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
    """Return the lexer of a language, or one for plain text if Pygments does not know it.

    A language is given by its name, such as `yaml`, or by a file extension, such as `yml`.
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
    """Return the CSS class of a kind of token in Material; "" for tokens in the colour of text."""
    if any(is_token_subtype(kind, family) for family in UNCOLOURED.get(language, ())):
        return ""
    return next((name for family, name in COLOURS if is_token_subtype(kind, family)), "")


def protect_from_markdown(markup: str) -> str:
    """Return HTML that Python-Markdown and its extensions leave unchanged.

    They would search it for fences, expand its tabs, and end a block at a blank line.
    """
    for character in "`~\t":
        markup = markup.replace(character, f"&#{ord(character)};")
    return re.sub(r"\n\s*\n", lambda found: "&#10;" * found[0].count("\n"), markup.strip("\n"))


def protect_inline(markup: str) -> str:
    """Return inline HTML in which Python-Markdown finds no Markdown."""
    # Python-Markdown would interpret the TeX in the attribute before it recognizes the tag.
    pieces = re.split(r"(<[^<>]*>)", re.sub(r' data-tex="[^"]*"', "", markup))
    for number in range(0, len(pieces), 2):
        pieces[number] = MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", pieces[number])
    return "".join(pieces)


def title_markdown(text: str) -> str:
    """Return the title of a card as Markdown on one line: formulas are rendered, the rest is literal."""
    return _render_title(text, _escape, protect_inline)


def title_html(text: str) -> str:
    """Return the title of a card as HTML inside a line: formulas are rendered, the rest is literal."""
    return _render_title(text, html.escape, str)


def _render_title(text: str, escape: Callable[[str], str], protect: Callable[[str], str]) -> str:
    line = " ".join(UNPRINTABLE.sub("\ufffd", text).split())
    parts, at = [], 0
    for formula in find_formulas(line)[0]:
        shown = protect(show_formula(formula.tex, display=False))
        parts += [escape(line[at : formula.start].replace(r"\$", "$")), shown]
        at = formula.end
    return "".join([*parts, escape(line[at:].replace(r"\$", "$"))])


def escape_markdown(text: str) -> str:
    """Return Markdown that shows the text literally, on one line."""
    return _escape(" ".join(UNPRINTABLE.sub("\ufffd", text).split()))


def _escape(line: str) -> str:
    return MARKDOWN.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def count_tables(text: str) -> int:
    """Return how many pipe tables printed text has."""
    return sum(isinstance(part, Table) for part in split_tables(clean_text(text)))


def render_printed(text: str, kind: str, label: str, *, with_tables: bool = True) -> str:
    """Return protected HTML for the printed output of the cell `label`, with its pipe tables as tables.

    `kind` is the stream: stdout or stderr. Without `with_tables`, tables are text, as they were printed.
    """
    mark = f'data-output="{label}"'
    blocks = []
    plain = clean_text(text)
    for part in split_tables(plain) if with_tables else [plain.strip("\n")] if plain.strip() else []:
        if isinstance(part, Table):
            blocks.append(f'<div class="output output-table" {mark}>{_render_table(part)}</div>')
        else:
            # At the end of a block, Python-Markdown would read braces as attributes of the block.
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
