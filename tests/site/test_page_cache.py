"""The cache of pages: a build that uses it equals one that does not, and makes only what changed."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import pytest
from material.plugins.search.plugin import SearchIndex
from mkdocs.structure.pages import Page

from cardbook.base.errors import InputError
from cardbook.base.files import PACKAGE
from cardbook.site.build import make_site
from tests.conftest import replace, write
from tests.site.test_build import differences, place_of

CARD = "#### {title}\nContext.\n:p What is {title}?\n??x\nIt is *{title}*, or $x_{{{number}}}$.\nx??\n"
SETTINGS = "site_name: Many\ntheme: material\nplugins: [search, cardbook]\n"
CHAPTER = """\
  - id: chapter-{number}
    title: Chapter {number}
    description: About {number}.
    introduction: Some cards.
    cards: [{cards}]
"""
CHAPTERS = 4
HOOK = """\
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt")


def on_page_markdown(markdown, **_):
    return f"{markdown} {WORDS.read_text()}"
"""


def write_chapters(root: Path, chapters: dict[int, list[str]], retired: str = "") -> None:
    """Write book.yml and card-ids.yml with these cards in each chapter."""
    texts = [CHAPTER.format(number=number, cards=", ".join(cards)) for number, cards in chapters.items()]
    write(root / "book.yml", "title: Many\nname: many\ndeck: part-01\nchapters:\n" + "".join(texts))
    ids = [f"{card.lower()}: {card}\n" for cards in chapters.values() for card in cards]
    write(root / "card-ids.yml", "".join(ids) + retired)


def many_chapters() -> dict[int, list[str]]:
    return {number: [f"A{number}", f"B{number}"] for number in range(1, CHAPTERS + 1)}


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("many")
    chapters = many_chapters()
    titles = [title for cards in chapters.values() for title in cards]
    deck = "\n---\n\n".join(CARD.format(title=title, number=n) for n, title in enumerate(titles))
    write(root / "flashcards" / "part-01.md", deck)
    write_chapters(root, chapters)
    write(root / "mkdocs.yml", SETTINGS)
    write(root / "docs" / "index.md", "# Many\n\n<!-- chapters -->\n\n[Note](note.md#more)\n")
    write(root / "docs" / "note.md", "# Note\n\n## More\n\nWords.\n")
    make_site(place_of(root), print)
    return root


@pytest.fixture
def root(tmp_path: Path, built_once: Path, made: dict[str, list[str]]) -> Path:
    """A book with its finished site and its cache, for one test to change."""
    # The cached pages depend on the folder of docs/.
    folder = tmp_path / "book"
    shutil.copytree(built_once, folder)
    write(folder / "docs" / "note.md", "# Note\n\n## More\n\nMore words.\n")
    make_site(place_of(folder), print)
    clear(made)
    return folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """What MkDocs makes anew: the pages rendered, indexed and finished, by path."""
    found: dict[str, list[str]] = {"render": [], "search": [], "finish": []}
    render, index, finish = Page.render, SearchIndex.add_entry_from_context, jinja2.Template.render

    def watch_render(page: Page, *args: object) -> None:
        found["render"].append(page.file.src_uri)
        render(page, *args)  # type: ignore[arg-type]

    def watch_index(self: SearchIndex, page: Page) -> None:
        found["search"].append(page.file.src_uri)
        index(self, page)

    def watch_finish(self: jinja2.Template, *args: object, **kwargs: object) -> str:
        if args and isinstance(args[0], dict) and isinstance(page := args[0].get("page"), Page):
            found["finish"].append(page.file.src_uri)
        return finish(self, *args, **kwargs)

    monkeypatch.setattr(Page, "render", watch_render)
    monkeypatch.setattr(SearchIndex, "add_entry_from_context", watch_index)
    monkeypatch.setattr(jinja2.Template, "render", watch_finish)
    yield found


def clear(made: dict[str, list[str]]) -> None:
    for paths in made.values():
        paths.clear()


def rebuild(root: Path, made: dict[str, list[str]]) -> dict[str, list[str]]:
    """Build the site with the cache and without: they must be equal. Return what the first makes anew.

    `made` has afterwards what the second makes.
    """
    clear(made)
    make_site(place_of(root), print)
    anew = {kind: list(paths) for kind, paths in made.items()}
    before = root.parent / "with-cache"
    shutil.rmtree(before, ignore_errors=True)
    shutil.copytree(root / "site", before)
    shutil.rmtree(root / ".cardbook" / "cache")
    shutil.rmtree(root / "site")
    clear(made)
    make_site(place_of(root), print)
    assert differences(before, root / "site") == []
    return anew


def edit_a_word(root: Path) -> None:
    replace(root / "flashcards" / "part-01.md", "It is *A2*", "It was *A2*")


def rename_a_card(root: Path) -> None:
    for name in ("flashcards/part-01.md", "book.yml", "card-ids.yml"):
        path = root / name
        path.write_text(path.read_text().replace("#### A2", "#### Ä2").replace("a2: A2", "a2: Ä2"))
    replace(root / "book.yml", "A2, B2", "{id: a2, card: Ä2}, B2")


def move_a_card(root: Path) -> None:
    chapters = many_chapters()
    chapters[3].append(chapters[2].pop())
    write_chapters(root, chapters)


def remove_a_chapter(root: Path) -> None:
    chapters = many_chapters()
    del chapters[2]
    retired = "".join(f"{card}: {{retired: 2026-01-01, reason: old}}\n" for card in ("a2", "b2"))
    write_chapters(root, chapters, retired)
    omitted = "".join(f"  - {{card: {card}, deck: part-01, reason: old}}\n" for card in ("A2", "B2"))
    with (root / "book.yml").open("a") as stream:
        stream.write(f"omit:\n{omitted}")


def retitle_a_chapter(root: Path) -> None:
    replace(root / "book.yml", "title: Chapter 2", "title: Second chapter")


def edit_a_page(root: Path) -> None:
    replace(root / "docs" / "note.md", "More words", "Other words")


def change_a_setting(root: Path) -> None:
    replace(root / "mkdocs.yml", "Many", "Most")


# What each change makes anew; None: all pages.
CHANGES: list[tuple[Callable[[Path], None], dict[str, list[str] | None]]] = [
    (
        edit_a_word,
        # When a chapter is rendered, its cards are set aside.
        {
            "render": ["study/index.md"],
            "search": ["chapters/chapter-2.md", "study/index.md"],
            "finish": ["chapters/chapter-2.md", "study/index.md"],
        },
    ),
    (
        rename_a_card,
        {
            "render": ["cards/index.md", "chapters/chapter-2.md", "study/index.md"],
            "search": ["cards/index.md", "chapters/chapter-2.md", "study/index.md"],
            "finish": ["cards/index.md", "chapters/chapter-2.md", "study/index.md"],
        },
    ),
    (
        move_a_card,
        {
            "render": ["cards/index.md", "chapters/chapter-2.md", "chapters/chapter-3.md", "study/index.md"],
        },
    ),
    (remove_a_chapter, {"finish": None}),
    (retitle_a_chapter, {"finish": None}),
    (edit_a_page, {"render": ["note.md"], "search": ["note.md"], "finish": ["note.md"]}),
    (change_a_setting, {"render": None, "search": None, "finish": None}),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_build_with_cache_equals_one_without_and_makes_only_what_changed(
    root: Path,
    made: dict[str, list[str]],
    change: Callable[[Path], None],
    expected: dict[str, list[str] | None],
) -> None:
    change(root)
    anew = rebuild(root, made)
    for kind, paths in expected.items():
        assert len(made[kind]) > CHAPTERS
        assert sorted(anew[kind]) == sorted(made[kind] if paths is None else paths)


@pytest.mark.parametrize("file", ["site/theme/main.html", "site/mkdocs_plugin.py"])
def test_changed_template_or_code_of_the_package_makes_all_pages_anew(
    root: Path, made: dict[str, list[str]], file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "cardbook")
    with (tmp_path / "cardbook" / file).open("a") as stream:
        stream.write("\n")
    monkeypatch.setattr("cardbook.site.build_stamp.PACKAGE", tmp_path / "cardbook")
    make_site(place_of(root), print)
    assert all(len(paths) > CHAPTERS for paths in made.values())


@pytest.mark.parametrize(
    ("settings", "file", "text"),
    [
        ("hooks: [hook.py]", "words.txt", "first"),
        ("markdown_extensions: [{pymdownx.snippets: {base_path: [ROOT]}}]", "words.txt", "first"),
        (
            "theme: {name: material, custom_dir: overrides}",
            "overrides/main.html",
            '{% extends "base.html" %}{% block content %}{{ super() }} first{% endblock %}',
        ),
    ],
    ids=["hook", "extension", "template"],
)
def test_what_is_made_by_code_of_the_book_is_never_cached(
    root: Path, made: dict[str, list[str]], settings: str, file: str, text: str
) -> None:
    write(root / file, text)
    write(root / "hook.py", HOOK)
    key = settings.partition(":")[0]
    kept = [line for line in SETTINGS.splitlines() if not line.startswith(key)]
    write(root / "mkdocs.yml", "\n".join([*kept, settings.replace("ROOT", str(root))]))
    replace(root / "docs" / "note.md", "More words.", '--8<-- "words.txt"')
    make_site(place_of(root), print)
    replace(root / file, "first", "second")
    clear(made)
    make_site(place_of(root), print)
    assert re.search(r"(<p>|\s)second", (root / "site" / "note" / "index.html").read_text())
    assert all(len(paths) > CHAPTERS for paths in made.values())


def test_link_of_an_unchanged_page_to_a_page_that_is_gone_is_refused_each_time(root: Path) -> None:
    (root / "docs" / "note.md").rename(root / "docs" / "other.md")
    for _ in range(2):
        with pytest.raises(InputError, match=r"index\.md.*note\.md.*not found"):
            make_site(place_of(root), print)


def test_page_with_a_warning_is_not_cached(root: Path) -> None:
    replace(root / "docs" / "note.md", "More words", "[Nowhere](nowhere.md)")
    for _ in range(2):
        with pytest.raises(InputError, match=r"note\.md.*nowhere\.md.*not found"):
            make_site(place_of(root), print)


def test_damaged_cache_changes_nothing(root: Path, made: dict[str, list[str]]) -> None:
    for path in (root / ".cardbook" / "cache").iterdir():
        path.write_text(path.read_text()[:-3])
    edit_a_word(root)
    assert len(rebuild(root, made)["render"]) > CHAPTERS
