"""The navigation: the chapters of book.yml, in their order, among the pages of the site."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from cardbook.base.errors import InputError, Problem
from cardbook.pages.contents import Contents

# As mkdocs.yml has it: a path, a list of items, or a title with one of both.
Item: TypeAlias = "str | list[Item] | dict[str, Item]"

# Stands for all chapters, in a navigation that a book writes itself.
CHAPTERS = "chapters/"


def make_navigation(written: Sequence[Item] | None, contents: Contents, own: Iterable[str]) -> list[Item]:
    """Return the navigation as MkDocs takes it.

    `written` is `nav` of mkdocs.yml, in which `chapters/` stands for all chapters; None where it has none.
    `own` are the book's own pages, which a navigation of the default form has after the chapters.
    Raises InputError when `written` lacks a chapter or has the chapters in another order.
    """
    chapters = [f"chapters/{chapter['id']}.md" for chapter in contents["chapters"]]
    if written is None:
        return [
            {"Home": "index.md"},
            {"Chapters": [*chapters]},
            {"Study": "study/index.md"},
            {"Anki deck": "deck.md"},
            *own,
            {"About": [{"Provenance": "provenance.md"}, {"Your progress": "progress.md"}]},
        ]
    navigation = [expanded for item in written for expanded in _expand(item, chapters)]
    places = [path for path in _paths(navigation) if path in chapters]
    problems = [
        Problem(
            "mkdocs.yml", 0, f"nav lacks {path}", 'add it, or write "Chapters: chapters/" for all of them'
        )
        for path in chapters
        if path not in places
    ]
    if not problems and places != chapters:
        remedy = 'follow book.yml, or write "Chapters: chapters/" for all of them'
        problems.append(Problem("mkdocs.yml", 0, "nav has the chapters in another order", remedy))
    if problems:
        raise InputError(problems)
    return navigation


def _expand(item: Item, chapters: Sequence[str]) -> list[Item]:
    """Return the pages of all chapters for `chapters/`, and any other item as it is."""
    if item == CHAPTERS:
        return [*chapters]
    if isinstance(item, dict):
        return [{title: _expand_under_title(inner, chapters) for title, inner in item.items()}]
    return [item]


def _expand_under_title(item: Item, chapters: Sequence[str]) -> Item:
    """Return what stands under a title: a page, or a list."""
    if isinstance(item, list):
        return [expanded for inner in item for expanded in _expand(inner, chapters)]
    return [*chapters] if item == CHAPTERS else item


def _paths(item: Item) -> Iterator[str]:
    """Yield the paths of a navigation in their order."""
    if isinstance(item, str):
        yield item
    for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
        yield from _paths(inner)
