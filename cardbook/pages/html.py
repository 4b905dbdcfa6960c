"""HTML for text that is not ours: cards and outputs. Nothing in it can act outside its own block.

What comes out is safe inside a page that Python-Markdown still reads: see `seal`.
"""

import html
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import Token as Kind
from pygments.token import _TokenType, is_token_subtype
from pygments.util import ClassNotFound

from cardbook.records.text import Table, clean_text, split_tables

# What Python-Markdown lets a backslash take the meaning from; before anything else it shows the backslash.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!])")


# What a lexer does by itself would change the code: strip blank lines, add a last line break.
LEXER = {"stripnl": False, "ensurenl": False}
COLOURS = (
    (Kind.Comment, "c1"),
    (Kind.Keyword, "k"),
    (Kind.Operator.Word, "k"),
    (Kind.Literal.String.Interpol, ""),
    (Kind.Literal.String, "s1"),
    (Kind.Literal.Number, "m"),
    (Kind.Name.Function, "nf"),
    (Kind.Name.Class, "nf"),
    (Kind.Name.Decorator, "nf"),
)


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

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Return a code block of a card: an illustration, coloured, never run."""
        return highlight_code(tokens[idx].content, tokens[idx].info.strip().split(" ")[0])

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Return an indented code block of a card."""
        return highlight_code(tokens[idx].content, "")

    def math_inline(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Return inline mathematics, as TeX for the page's renderer and for readers without it."""
        return f'<span class="arithmatex">\\({html.escape(tokens[idx].content)}\\)</span>'

    def math_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Return display mathematics."""
        return f'<div class="arithmatex">\\[{html.escape(tokens[idx].content)}\\]</div>\n'


@lru_cache(maxsize=1)
def card_markdown() -> MarkdownIt:
    """Return the Markdown reader for cards: CommonMark, tables and math; no HTML, no images."""
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=CardRenderer)
    # An image would be a request to another host.
    reader.enable("table").disable("image")
    reader.use(dollarmath_plugin, allow_digits=False)
    # The plugin brings renderers of its own, which hide the TeX from a page's renderer.
    reader.add_render_rule("math_inline", CardRenderer.math_inline)
    reader.add_render_rule("math_block", CardRenderer.math_block)
    return reader


def render_card(text: str) -> str:
    """Return sealed HTML for a card's context, question or answer."""
    return protect_from_markdown(card_markdown().render(text))


def highlight_code(code: str, language: str) -> str:
    """Return a card's code as HTML, coloured when Pygments knows the language."""
    return f'<div class="highlight illustration"><pre><code>{highlight(code, language)}</code></pre></div>'


def render_code(code: str, kind: str, label: str) -> str:
    """Return sealed HTML for the code cell `label`, byte for byte. `kind` is cell or parameters."""
    coloured = highlight(code, "python")
    return protect_from_markdown(
        f'<div class="highlight {kind}" data-cell="{label}"><pre><code>{coloured}</code></pre></div>'
    )


# The same code stands in chapters and decks, and a preview shows it again after every edit.
@lru_cache(maxsize=4096)
def highlight(code: str, language: str) -> str:
    """Return code as HTML with a span around each run of one colour; names and operators need none."""
    runs = groupby(_lexer_of(language).get_tokens(code), lambda token: _colour_of(token[0]))
    parts = []
    for name, tokens in runs:
        text = html.escape("".join(text for _, text in tokens), quote=False)
        parts.append(f'<span class="{name}">{text}</span>' if name and text.strip() else text)
    return "".join(parts)


@lru_cache(maxsize=64)
def _lexer_of(language: str) -> Lexer:
    """Return the lexer of a language, one for plain text when Pygments does not know it."""
    found: Lexer = TextLexer(**LEXER)
    if language:
        with suppress(ClassNotFound):
            found = get_lexer_by_name(language, **LEXER)
    return found


@lru_cache(maxsize=1024)
def _colour_of(kind: _TokenType) -> str:
    """Return the short class of a kind of token, as Material colours it; "" for what keeps the ink."""
    return next((name for family, name in COLOURS if is_token_subtype(kind, family)), "")


def protect_from_markdown(markup: str) -> str:
    """Return the same HTML with nothing in it that Python-Markdown or its extensions would act on.

    Fences are looked for before raw HTML is set aside, tabs are expanded, and a blank line may end a block.
    """
    for character in "`~\t":
        markup = markup.replace(character, f"&#{ord(character)};")
    return re.sub(r"\n\s*\n", lambda found: "&#10;" * found[0].count("\n"), markup.strip("\n"))


def escape_markdown(text: str) -> str:
    """Return text such that Markdown shows it letter by letter, on one line."""
    line = " ".join(text.split())
    return MARKDOWN.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def render_printed(text: str, kind: str, label: str) -> str:
    """Return sealed HTML for what the cell `label` printed, its tables as tables.

    `kind` is the stream: stdout or stderr.
    """
    mark = f'data-output="{label}" tabindex="0"'
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
