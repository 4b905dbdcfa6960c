"""The table of contents as a JSON file, from which the MkDocs plugin reads what it needs of the book."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypedDict

from cardbook.source.book import Book

# MkDocs leaves files with a leading dot out of the site.
NAME = PurePosixPath(".contents.json")


class ChapterContents(TypedDict):
    """A chapter in the table of contents; `id` is the name of its page."""

    id: str
    title: str
    description: str


class PartContents(TypedDict):
    """A group of chapters, by id, in the book's order."""

    title: str
    chapters: list[str]


class Contents(TypedDict):
    """The table of contents; `name` may be ""; `examples` are those with output on the site.

    `samples` has the Markdown for a page in `docs/` that shows a card with the first figure of its example.
    `also` has the other words by which a card is found, by its id.
    """

    title: str
    name: str
    chapters: list[ChapterContents]
    parts: list[PartContents]
    examples: list[str]
    samples: dict[str, str]
    also: dict[str, list[str]]


def make_contents(book: Book, examples: Sequence[str], samples: Mapping[str, str] | None = None) -> bytes:
    """Return the table of contents as JSON; `examples` are those with a fresh record.

    `samples` are by the name of the example.
    """
    contents = Contents(
        title=book.title,
        name=book.name,
        chapters=[
            ChapterContents(id=chapter.id, title=chapter.title, description=chapter.description)
            for chapter in book.chapters
        ],
        parts=[PartContents(title=part.title, chapters=list(part.chapters)) for part in book.parts],
        examples=list(examples),
        samples=dict(samples or {}),
        also={entry.id: list(entry.also) for entry in book.entries if entry.also},
    )
    return (json.dumps(contents, ensure_ascii=False, indent=1) + "\n").encode()
