"""The navigation: the chapters of book.yml, in their order, among the pages of the site."""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from cardbook.base.errors import InputError, Problem
from cardbook.pages.contents import Contents
from cardbook.pages.html import escape_markdown

# As in mkdocs.yml: a path, a list of items, or a title with a path or a list.
Item: TypeAlias = "str | list[Item] | dict[str, Item]"

ABOUT: list[Item] = [
    {"What was corrected": "corrections/index.md"},
    {"Provenance": "provenance.md"},
]
STUDY: list[Item] = [
    {"Study": "study/index.md"},
    {"All cards": "cards/index.md"},
    {"Anki deck": "deck.md"},
    {"About your progress": "progress.md"},
]

# Stands for all chapters in a navigation in mkdocs.yml.
CHAPTERS = "chapters/"


def make_navigation(written: Sequence[Item] | None, contents: Contents, own: Iterable[str]) -> list[Item]:
    """Return the navigation as MkDocs takes it.

    `written` is `nav` of mkdocs.yml, in which `chapters/` stands for all chapters; None gives the default
    navigation. `own` are the book's own pages, which the default navigation contains.
    Raises InputError when `written` lacks a chapter or has the chapters in another order.
    """
    chapters = chapter_items(contents)
    if written is None:
        return [
            {"Home": "index.md"},
            {"Read": [*chapters]},
            {"Study": [*STUDY]},
            *own,
            {"About": [*ABOUT]},
        ]
    navigation = [expanded for item in written for expanded in _expand(item, chapters)]
    paths = [chapter_path(chapter["id"]) for chapter in contents["chapters"]]
    places = [path for path in _paths(navigation) if path in paths]
    problems = [
        Problem("mkdocs.yml", 0, f"nav lacks {path}", 'add it, or write "Read: chapters/" for all of them')
        for path in paths
        if path not in places
    ]
    if not problems and places != paths:
        remedy = 'follow book.yml, or write "Read: chapters/" for all of them'
        problems.append(Problem("mkdocs.yml", 0, "nav has the chapters in another order", remedy))
    if problems:
        raise InputError(problems)
    return navigation


def chapter_path(chapter: str) -> str:
    """Return the path of a chapter's page in docs/, by its id."""
    return f"chapters/{chapter}.md"


def chapter_items(contents: Contents) -> list[Item]:
    """Return the pages of the chapters, grouped under the titles of parts."""
    titles = {chapter: part["title"] for part in contents["parts"] for chapter in part["chapters"]}
    items: list[Item] = []
    for title, group in groupby(contents["chapters"], lambda chapter: titles.get(chapter["id"])):
        paths: list[Item] = [chapter_path(chapter["id"]) for chapter in group]
        items += [{title: paths}] if title else paths
    return items


def list_chapters(contents: Contents, page: str) -> str:
    """Return the Markdown that lists all chapters with their descriptions on the page at a path in docs/."""
    titles = {chapter: part["title"] for part in contents["parts"] for chapter in part["chapters"]}
    lines = ['<div class="contents" markdown="1">']
    for title, group in groupby(contents["chapters"], lambda chapter: titles.get(chapter["id"])):
        lines += ["", f"### {escape_markdown(title)}"] if title else []
        lines.append("")
        for number, chapter in enumerate(group, 1):
            path = posixpath.relpath(chapter_path(chapter["id"]), posixpath.dirname(page))
            link = f"[{escape_markdown(chapter['title'])}]({path})"
            lines.append(f"{number}. {link} {escape_markdown(chapter['description'])}")
    return "\n".join([*lines, "", "</div>"])


def _expand(item: Item, chapters: Sequence[Item]) -> list[Item]:
    """Return the pages of all chapters for `chapters/`, and any other item as it is."""
    if item == CHAPTERS:
        return [*chapters]
    if isinstance(item, dict):
        return [{title: _expand_under_title(inner, chapters) for title, inner in item.items()}]
    return [item]


def _expand_under_title(item: Item, chapters: Sequence[Item]) -> Item:
    """Return the expanded item under a title: a page, or a list."""
    if isinstance(item, list):
        return [expanded for inner in item for expanded in _expand(inner, chapters)]
    return [*chapters] if item == CHAPTERS else item


def _paths(item: Item) -> Iterator[str]:
    """Yield the paths of a navigation in their order."""
    if isinstance(item, str):
        yield item
    for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
        yield from _paths(inner)
