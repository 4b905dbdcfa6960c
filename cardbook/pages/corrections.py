"""The page of corrections: what is wrong or outdated in the cards, with a quotation from each source."""

import html
from urllib.parse import urlsplit

from cardbook.pages.html import escape_markdown, protect_from_markdown, render_card, title_markdown
from cardbook.source.book import Book, Correction

HEAD = """\
---
title: What was corrected
description: Every correction to the cards of this book, with its source.
---

# What was corrected

The cards are kept as they were received. {count}, which also stand beside the cards. Below each
correction are its source and, unless we have not read it, the words that say so."""


def make_corrections_page(book: Book) -> str:
    """Return the Markdown of the page: the corrections by chapter and card, each card linked to its place."""
    entries = [entry for entry in book.entries if entry.corrections]
    count = sum(len(entry.corrections) for entry in entries)
    corrections = "There is 1 correction" if count == 1 else f"There are {count} corrections"
    cards = "1 card" if len(entries) == 1 else f"{len(entries)} cards"
    blocks = [HEAD.format(count=f"{corrections} to {cards}")]
    for chapter in book.chapters:
        if any(entry.corrections for entry in chapter.entries):
            blocks.append(f"## {escape_markdown(chapter.title)} {{ #{chapter.id} }}")
        for entry in chapter.entries:
            if entry.corrections:
                title = title_markdown(entry.card.title)
                blocks.append(f"### [{title}](../chapters/{chapter.id}.md#{entry.id}) {{ #{entry.id} }}")
            blocks += map(_correction, entry.corrections)
    return "\n\n".join(blocks) + "\n"


def _correction(correction: Correction) -> str:
    host = html.escape(urlsplit(correction.source).hostname or correction.source)
    words = f": “{html.escape(correction.quote)}”" if correction.quote else ""
    unread = " (not read by us)" if correction.unread else ""
    link = f'<a href="{html.escape(correction.source)}" rel="nofollow noopener">{host}</a>'
    source = protect_from_markdown(f"<p>{link}{unread}{words}</p>")
    return f'<div class="correction">{render_card(correction.text)}{source}</div>'
