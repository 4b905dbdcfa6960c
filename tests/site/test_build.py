"""`cardbook site`: what makes it build again, what must not, and what it refuses."""

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from nbformat import NotebookNode

from cardbook.base.cache import Cache
from cardbook.base.errors import InputError
from cardbook.base.files import PACKAGE
from cardbook.pages import notebook_page
from cardbook.pages.figures import Figure
from cardbook.records.store import RecordSet
from cardbook.site.build import PublicationError, make_site
from cardbook.site.build_stamp import SitePaths, is_finished
from tests.conftest import BOOK, DECK, FIRST, MKDOCS, ROOT, SECOND, Cardbook, replace, write

RECEIPT = '{"stored": {"revision": "r"}, "stamps": {"config.json": [2, 1]}}'


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    texts = {
        "flashcards/part-01.md": DECK,
        "book.yml": BOOK,
        "mkdocs.yml": MKDOCS,
        "docs/index.md": "# Small\n",
    }
    texts |= {"examples/first.py": FIRST, "examples/second.py": SECOND}
    texts |= {"card-ids.yml": 'first: "First Card"\nsecond: "Second Card"\n'}
    for name, text in texts.items():
        write(root / name, text)
    make_site(place_of(root), print)
    return root


@pytest.fixture
def made(tmp_path: Path, made_once: Path) -> SitePaths:
    """A small book with its finished site, for one test to change."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    assert is_finished(place_of(tmp_path))
    return place_of(tmp_path)


def place_of(root: Path) -> SitePaths:
    return SitePaths(root, "offline", root / ".cardbook" / "records" / "offline")


def log_of_build(place: SitePaths) -> list[str]:
    messages: list[str] = []
    make_site(place, messages.append)
    return messages


def put_model(root: Path) -> None:
    write(root / ".cardbook" / "hub" / "models--a--b" / "snapshots" / "r" / "config.json", "{}")
    write(root / ".cardbook" / "receipts" / "models--a--b.json", RECEIPT)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a card": lambda root: replace(root / "flashcards" / "part-01.md", "Two is **2**.", "Two is *2*."),
    "the book": lambda root: replace(root / "book.yml", "Some numbers.", "Numbers."),
    "code": lambda root: replace(root / "examples" / "first.py", 'print("done")', 'print("well done")'),
    "the prose of an example": lambda root: replace(
        root / "examples" / "first.py", "prints one.", "prints 1."
    ),
    "the test of an example": lambda root: write(
        root / "tests" / "examples" / "test_first.py", "assert True\n"
    ),
    "a page written by hand": lambda root: replace(root / "docs" / "index.md", "Small", "Smaller"),
    "a generated page": lambda root: replace(
        root / "docs" / "chapters" / "numbers.md", "What is one?", "What?"
    ),
    "the settings of MkDocs": lambda root: replace(
        root / "mkdocs.yml", "site_name: Small", "site_name: Little"
    ),
    "the theme": lambda root: write(root / "overrides" / "main.html", ""),
    "a record": lambda root: (root / ".cardbook" / "records" / "offline" / "first.ipynb").unlink(),
    "a page of the site": lambda root: replace(root / "site" / "index.html", "Small", "Tampered"),
    "a file gone from the site": lambda root: (root / "site" / "404.html").unlink(),
    "a file too many in the site": lambda root: write(root / "site" / "extra.html", ""),
    "the whole site": lambda root: shutil.rmtree(root / "site"),
    "a damaged stamp": lambda root: (root / ".cardbook" / "site.json").write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_builds_the_site_anew(made: SitePaths, change: Callable[[Path], object]) -> None:
    change(made.root)
    assert not is_finished(made)
    assert "The site is in site/" in log_of_build(made)[-1]
    assert is_finished(made)
    assert "Tampered" not in (made.site / "index.html").read_text()
    assert not (made.site / "extra.html").exists()


def test_changed_package_model_variable_profile_or_code_of_ours_is_noticed(
    made: SitePaths, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with monkeypatch.context() as patch:
        (elsewhere / "new_package-1.0.dist-info").mkdir()
        patch.syspath_prepend(elsewhere)
        assert not is_finished(made)
    with monkeypatch.context() as patch:
        patch.setenv("BOOK_REPOSITORY", "https://example.org/book")
        assert not is_finished(made)
    with monkeypatch.context() as patch:
        shutil.copytree(PACKAGE, elsewhere / "cardbook")
        patch.setattr("cardbook.site.build_stamp.PACKAGE", elsewhere / "cardbook")
        assert is_finished(made)
        replace(elsewhere / "cardbook" / "pages" / "generate.py", "Pages:", "Sheets:")
        assert not is_finished(made)
    assert not is_finished(SitePaths(made.root, "hub", made.records))
    assert is_finished(made)
    put_model(made.root)
    assert not is_finished(made)


def test_model_file_that_changes_or_vanishes_is_noticed(made: SitePaths) -> None:
    put_model(made.root)
    file = made.root / ".cardbook" / "hub" / "models--a--b" / "snapshots" / "r" / "config.json"
    log_of_build(made)
    assert is_finished(made)
    file.write_text("[]\n")
    assert not is_finished(made)
    log_of_build(made)
    file.unlink()
    assert not is_finished(made)


def test_undated_cards_are_told(made: SitePaths) -> None:
    replace(made.root / "book.yml", "title: A small book", "name: small\ntitle: A small book")
    messages = "\n".join(log_of_build(made))
    assert "warning: new, or changed since they were dated: 2 cards (first, second)" in messages


def test_unchanged_book_is_left_alone(made: SitePaths) -> None:
    for path in made.root.rglob("*"):
        if path.is_file() and ".cardbook" not in path.parts:
            os.utime(path, (1, 1))
    write(made.root / "examples" / "__pycache__" / "first.pyc", "")
    write(made.root / ".git" / "HEAD", "")
    before = {path: path.stat().st_mtime_ns for path in made.root.rglob("*")}
    assert log_of_build(made) == ["Nothing has changed: site/ is up to date."]
    assert {path: path.stat().st_mtime_ns for path in made.root.rglob("*")} == before


def test_book_that_must_not_be_published_leaves_the_site_as_it_was(made: SitePaths) -> None:
    before = (made.site / "chapters" / "numbers" / "index.html").read_bytes()
    example = made.root / "examples" / "first.py"
    replace(example, 'print("done")', "print(y)")
    for _ in range(2):
        with pytest.raises(
            PublicationError, match=r"first: failed: examples/first.py: cell 3, line 1: NameError"
        ):
            make_site(made, print)
        assert (made.site / "chapters" / "numbers" / "index.html").read_bytes() == before
    replace(example, "print(y)", 'print("done")')
    log_of_build(made)
    assert is_finished(made)


def test_what_mkdocs_complains_of_is_refused(made: SitePaths) -> None:
    before = (made.site / "index.html").read_bytes()
    replace(made.root / "docs" / "index.md", "# Small", "# Small\n\n[nowhere](nowhere.md)")
    for _ in range(2):
        with pytest.raises(InputError, match=r"nowhere\.md.*\n.*strict mode"):
            make_site(made, print)
        assert (made.site / "index.html").read_bytes() == before
    replace(made.root / "docs" / "index.md", "[nowhere](nowhere.md)", "")
    log_of_build(made)
    assert is_finished(made)


@pytest.mark.parametrize("name", ["docs/index.md", "docs/glossary.md", "mkdocs.yml", "book.yml"])
@pytest.mark.parametrize("content", [bytes(range(0x80, 0x100)), "Größe".encode("utf-16")])
def test_file_that_is_not_text_is_named_and_the_site_stays(
    small: Path, cardbook: Cardbook, name: str, content: bytes
) -> None:
    write(small / "site" / "index.html", "before")
    (small / "docs").mkdir(exist_ok=True)
    (small / name).write_bytes(content)
    outcome = cardbook("site", "--root", small)
    assert (outcome.returncode, outcome.stderr) == (2, f"{name}: is not UTF-8: save it as UTF-8\n")
    assert (small / "site" / "index.html").read_text() == "before"


def test_site_is_the_one_that_mkdocs_builds_by_itself(made: SitePaths) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", "plain"]
    variables = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=made.root, check=True, env=variables)
    replace(made.root / "site" / "index.html", "Small", "Tampered")
    log_of_build(made)
    assert differences(made.site, made.root / "plain") == []


def differences(one: Path, other: Path) -> list[str]:
    paths = {path.relative_to(side) for side in (one, other) for path in side.rglob("*") if path.is_file()}
    return [
        str(path)
        for path in sorted(paths)
        if not all((side / path).is_file() for side in (one, other))
        or not filecmp.cmp(one / path, other / path, shallow=False)
    ]


def test_command_builds_then_has_nothing_to_do_and_names_what_is_wrong(
    small: Path, cardbook: Cardbook
) -> None:
    first, second = cardbook("site", "--root", small), cardbook("site", "--root", small)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "Nothing has changed" not in first.stdout and "Nothing has changed" in second.stdout
    replace(small / "examples" / "first.py", 'print("done")', "print(y)")
    failed = cardbook("site", "--root", small)
    assert failed.returncode == 1 and "NameError" in failed.stderr
    replace(small / "book.yml", "card: Second Card", "card: Secnd Card")
    assert cardbook("site", "--root", small).returncode == 2


def test_notebook_is_converted_once_while_others_run(
    made: SitePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[NotebookNode] = []
    convert = notebook_page.convert_notebook

    def watch(notebook: NotebookNode, figures: Sequence[Sequence[Figure]], cache: Cache) -> str:
        done.append(notebook)
        return convert(notebook, figures, cache)

    monkeypatch.setattr(notebook_page, "convert_notebook", watch)
    replace(made.root / "examples" / "second.py", "math.sqrt(4)", "math.sqrt(9)")
    log_of_build(made)
    assert len(done) == 1, "that of the other example is in the cache"
    for path in (made.root / ".cardbook" / "cache").iterdir():
        path.write_text(path.read_text()[:-3])
    write(made.root / "docs" / "note.txt", "a change that no page shows\n")
    before = {path: path.read_bytes() for path in made.site.glob("notebooks/*/index.html")}
    log_of_build(made)
    assert len(done) == 3, "a damaged entry is no entry"
    assert len(before) == 2 and all(path.read_bytes() == content for path, content in before.items())


def test_a_book_needs_no_pages_of_its_own(made: SitePaths) -> None:
    shutil.rmtree(made.root / "docs")
    log_of_build(made)
    assert "A small book" in (made.site / "index.html").read_text()


def test_settings_that_mkdocs_refuses_are_reported_before_examples_run(made: SitePaths) -> None:
    replace(made.root / "examples" / "second.py", "math.sqrt(4)", "math.sqrt(9)")
    write(made.root / "mkdocs.yml", MKDOCS + "hooks: [nowhere.py]\n")
    with pytest.raises(InputError, match=r"mkdocs\.yml.*nowhere\.py"):
        make_site(made, print)
    record = RecordSet(made.records).read("second")
    assert record is not None and record.outputs[0][0].text == "2.0\n"


def test_page_without_any_content_is_built(made: SitePaths) -> None:
    write(made.root / "docs" / "empty.md", "")
    log_of_build(made)
    assert (made.site / "empty" / "index.html").exists()
