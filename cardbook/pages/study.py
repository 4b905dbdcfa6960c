"""The study page: every card of the book, a list to read that web/study_page.ts turns into questions."""

from cardbook.pages.chapter import card_block
from cardbook.pages.html import escape_markdown, title_markdown
from cardbook.source.book import Book

HEAD = """\
---
title: Study
description: Every card of the book, asked when it is due. Progress stays in your browser.
hide:
  - toc
search:
  exclude: true
---

# Study

Try to recall the answer before you reveal it, then say how well you did. Each card comes back when you are
about to forget it.
{ .study-lead }

<div class="study" data-study="" hidden></div>

<div class="study-list" markdown="1">"""


def make_study_page(book: Book) -> str:
    """Return the Markdown of the study page: the cards by chapter, each linked to its place there."""
    blocks = [HEAD]
    for chapter in book.chapters:
        blocks.append(f"## {escape_markdown(chapter.title)} {{ #{chapter.id} }}")
        for entry in chapter.entries:
            title = title_markdown(entry.card.title)
            blocks.append(f"### [{title}](../chapters/{chapter.id}.md#{entry.id}) {{ #{entry.id} }}")
            blocks.append(card_block(entry))
    return "\n\n".join([*blocks, "</div>"]) + "\n"
