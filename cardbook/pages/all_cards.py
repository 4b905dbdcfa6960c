"""The page of all cards: every question of the book by chapter, with its number of corrections."""

from pathlib import PurePosixPath

from cardbook.pages.html import escape_markdown, render_card, title_markdown
from cardbook.source.book import Book, Entry

PAGE = PurePosixPath("cards", "index.md")
HEAD = """\
---
title: All cards
description: Every question of the book, by chapter.
search:
  exclude: true
---

# All cards

{count} by chapter. Each leads to its answer."""


def make_cards_page(book: Book) -> str:
    """Return the Markdown of the page."""
    count = len(book.entries)
    blocks = [HEAD.format(count="1 card" if count == 1 else f"{count} cards")]
    for chapter in book.chapters:
        title = escape_markdown(chapter.title)
        blocks.append(f"## [{title}](../chapters/{chapter.id}.md) {{ #{chapter.id} }}")
        blocks += [_item(chapter.id, entry) for entry in chapter.entries]
    return "\n\n".join(blocks) + "\n"


def _item(chapter: str, entry: Entry) -> str:
    count = len(entry.corrections)
    corrected = "" if not count else " · 1 correction" if count == 1 else f" · {count} corrections"
    link = f"[{title_markdown(entry.card.title)}](../chapters/{chapter}.md#{entry.id})"
    question = f'<div class="listed-question">{render_card(entry.card.question)}</div>'
    opening = f'<div class="listed" data-listed="{entry.id}" markdown="1">'
    return f"{opening}\n\n{link}{corrected}\n\n{question}\n\n</div>"
