"""The study page: every card of the book; web/ asks each when it is due.

`cards.json` lists the cards by chapter. In a small book the page contains them, as a list that the script
turns into questions. In a large one they are in parts, files that the script fetches as needed:
`{"chapter": "ID", "cards": {"ID": {"title": "…", "html": "<div …>"}, …}}`.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Any

from cardbook.base.files import hash_text
from cardbook.pages.chapter import card_block
from cardbook.pages.html import escape_markdown, title_markdown
from cardbook.source.book import Book, Chapter

SCHEMA = 1
FOLDER = PurePosixPath("study")
INDEX = "cards.json"
# The largest number of cards for which the page contains all of them.
SMALL = 100
# How many cards a part holds at most.
PART_SIZE = 50
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

<div class="study" data-study=""SOURCE hidden></div>

<div class="study-list" markdown="1">"""


def make_study_files(book: Book, retired: Collection[str]) -> dict[PurePosixPath, bytes]:
    """Return the study page, the list of the cards and, for a large book, the parts, by path inside `docs/`.

    `retired` are the ids of cards that the book once had.
    """
    small = len(book.entries) <= SMALL
    parts = {} if small else {chapter.id: dict(_parts(chapter)) for chapter in book.chapters}
    page = make_study_page(book) if small else _list_chapters(book)
    files = {f"{name}": content for named in parts.values() for name, content in named.items()}
    files |= {"index.md": page, INDEX: _index(book, retired, parts)}
    return {FOLDER / name: text.encode() for name, text in files.items()}


def make_study_page(book: Book) -> str:
    """Return the Markdown of the study page: the cards by chapter, each linked to its place there."""
    blocks = [HEAD.replace("SOURCE", "")]
    for chapter in book.chapters:
        blocks.append(f"## {escape_markdown(chapter.title)} {{ #{chapter.id} }}")
        for entry in chapter.entries:
            title = title_markdown(entry.card.title)
            blocks.append(f"### [{title}](../chapters/{chapter.id}.md#{entry.id}) {{ #{entry.id} }}")
            blocks.append(card_block(entry))
    return "\n\n".join([*blocks, "</div>"]) + "\n"


def _list_chapters(book: Book) -> str:
    """Return the Markdown of the page without cards: for readers without a script, links to the chapters."""
    items = (
        f"- [{escape_markdown(chapter.title)}](../chapters/{chapter.id}.md) ({len(chapter.entries)} cards)"
        for chapter in book.chapters
    )
    return "\n\n".join([HEAD.replace("SOURCE", f' data-cards="{INDEX}"'), "\n".join(items), "</div>"]) + "\n"


def _parts(chapter: Chapter) -> Iterator[tuple[str, str]]:
    """Yield the files of a chapter by name; the name changes with the content, for browser caches."""
    for number, start in enumerate(range(0, len(chapter.entries), PART_SIZE), 1):
        cards = {
            entry.id: {"title": entry.card.title, "html": card_block(entry)}
            for entry in chapter.entries[start : start + PART_SIZE]
        }
        text = _json({"chapter": chapter.id, "cards": cards})
        yield f"{chapter.id}-{number}.{hash_text(text)[:8]}.json", text


def _index(book: Book, retired: Collection[str], parts: dict[str, dict[str, str]]) -> str:
    chapters = [
        {
            "id": chapter.id,
            "title": chapter.title,
            "parts": list(parts.get(chapter.id, ())),
            "cards": [entry.id for entry in chapter.entries],
        }
        for chapter in book.chapters
    ]
    return _json({"schema": SCHEMA, "book": book.name, "chapters": chapters, "retired": sorted(retired)})


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
