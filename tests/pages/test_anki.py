"""The deck for Anki, imported by Anki itself."""

import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import genanki
import pytest
from anki.collection import Collection, ImportAnkiPackageRequest
from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportResponse
from anki.notes import Note

from cardbook.base.files import hash_text
from cardbook.pages.anki import FIELDS, NOTE_TYPE, TEMPLATES_CHANGED_AT, deck_id, make_model
from cardbook.pages.card_exports import make_exports
from cardbook.records.status import load_project, statuses_of
from cardbook.source.book import read_book
from cardbook.source.card_dates import edition_cards, write_dates
from tests.conftest import Cardbook, replace, write, write_small

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, cardbook: Cardbook) -> Path:
    """The small book with a permanent name, run and dated, once for all."""
    root = write_small(tmp_path_factory.mktemp("original"))
    replace(root / "book.yml", "title: A small book", "name: small\ntitle: A small book")
    replace(root / "examples" / "first.py", 'print("done")', 'print("[sound:done.mp3]")')
    date(root)
    assert cardbook("run", "--root", root).returncode == 0
    return root


@pytest.fixture
def named(original: Path, tmp_path: Path) -> Path:
    """A copy of that book."""
    return shutil.copytree(original, tmp_path / "book")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """An empty collection of Anki's."""
    collection = Collection(str(tmp_path / "collection.anki2"))
    yield collection
    collection.close()


def build(root: Path, to: str = "small.apkg") -> Path:
    project = load_project(root, "offline")
    files = make_exports(project, statuses_of(project))
    package = root / to
    package.write_bytes(next(content for path, content in files.items() if path.suffix == ".apkg"))
    return package


def take_in(
    collection: Collection, package: Path, options: ImportAnkiPackageOptions | None = None
) -> ImportResponse.Log:
    """Import as Anki does when asked nothing else."""
    presets = options or collection._backend.get_import_anki_package_presets()
    request = ImportAnkiPackageRequest(package_path=str(package), options=presets)
    return collection.import_anki_package(request).log


def note_of(collection: Collection, card_id: str) -> Note:
    (found,) = collection.find_notes(f"id:{card_id}")
    return collection.get_note(found)


def review(collection: Collection, card_id: str) -> None:
    """Answer a card with Good, as a reader does."""
    wanted = note_of(collection, card_id).card_ids()[0]
    collection.decks.select(collection.get_card(wanted).did)
    while card := collection.sched.getCard():
        collection.sched.answerCard(card, 3)
        if card.id == wanted:
            break


def learned(collection: Collection) -> list[object]:
    """Everything Anki knows of learning: schedule and history."""
    cards = "select id, due, type, queue, ivl, factor, reps, lapses, left, data from cards order by id"
    assert collection.db is not None
    return [collection.db.all(cards), collection.db.all("select * from revlog order by id")]


def edit(root: Path, before: str, after: str) -> None:
    replace(root / "flashcards" / "part-01.md", before, after)
    date(root)


def date(root: Path) -> None:
    """What cardbook update-dates does."""
    write_dates(root, edition_cards(root, read_book(root), datetime.now(UTC)))


def test_notes_have_question_answer_code_and_output(named: Path, collection: Collection) -> None:
    log = take_in(collection, build(named))
    assert (len(log.new), len(log.updated)) == (2, 0)
    note = note_of(collection, "first")
    assert tuple(note.keys()) == FIELDS
    assert note["question"] == "<p>What is one?</p>"
    assert note["answer"] == "<p>One is <code>1</code>.</p>"
    assert note["context"] == "<p>Some context.</p>"
    assert "count" in note["code"] and "count 1" in note["output"]
    assert note["spare"] == note["link"] == note["correction"] == ""
    assert note.tags == ["numbers"]
    shown = note.cards()[0]
    assert "What is one?" in shown.question() and "One is" not in shown.question()
    assert "One is <code>1</code>." in shown.answer() and "count 1" in shown.answer()


def test_edit_updates_the_note_and_keeps_schedule_and_history(named: Path, collection: Collection) -> None:
    take_in(collection, build(named))
    review(collection, "first")
    before = learned(collection)
    assert note_of(collection, "first").cards()[0].reps == 1
    edit(named, "One is `1`.", "One is `1`, and `1` alone.")
    log = take_in(collection, build(named))
    assert (len(log.new), len(log.updated)) == (0, 1)
    assert note_of(collection, "first")["answer"].endswith("and <code>1</code> alone.</p>")
    assert learned(collection) == before
    assert collection.note_count() == 2


def test_importing_the_same_deck_again_changes_nothing(named: Path, collection: Collection) -> None:
    package = build(named)
    take_in(collection, package)
    review(collection, "second")
    assert collection.db is not None
    notes = collection.db.all("select * from notes")
    before = learned(collection)
    log = take_in(collection, package)
    assert (len(log.new), len(log.updated)) == (0, 0)
    assert learned(collection) == before
    assert collection.db.all("select * from notes") == notes
    assert len([model for model in collection.models.all() if model["id"] == NOTE_TYPE]) == 1


def test_two_edits_within_one_second_both_arrive(named: Path, collection: Collection) -> None:
    take_in(collection, build(named))
    for before, after in (("**2**", "only 2"), ("only 2", "exactly 2"), ("exactly 2", "**2**")):
        edit(named, f"Two is {before}", f"Two is {after}")
        log = take_in(collection, build(named))
        assert (len(log.new), len(log.updated)) == (0, 1)


def test_edit_noted_before_the_run_that_is_published_arrives_too(
    named: Path, collection: Collection, cardbook: Cardbook
) -> None:
    """A pull request dates the card, the weekly run publishes the old text, then the request is merged."""
    before = [(named / path).read_text() for path in ("flashcards/part-01.md", "card-dates.yml")]
    edit(named, "One is `1`.", "One is `1` alone.")
    after = [(named / path).read_text() for path in ("flashcards/part-01.md", "card-dates.yml")]
    time.sleep(1.1)
    assert cardbook("run", "--force", "--root", named).returncode == 0
    for texts, alone in ((before, False), (after, True)):
        write(named / "flashcards" / "part-01.md", texts[0])
        write(named / "card-dates.yml", texts[1])
        take_in(collection, build(named))
        assert ("alone" in note_of(collection, "first")["answer"]) == alone


def test_new_output_of_an_example_updates_its_note_alone(
    named: Path, collection: Collection, cardbook: Cardbook
) -> None:
    take_in(collection, build(named))
    replace(named / "examples" / "first.py", "count = 1", "count = 7")
    time.sleep(1)  # a run's time has whole seconds
    assert cardbook("run", "--root", named).returncode == 0
    log = take_in(collection, build(named))
    assert (len(log.new), len(log.updated)) == (0, 1)
    assert "count 7" in note_of(collection, "first")["output"]


def test_card_that_is_added_before_others_does_not_take_their_place(
    named: Path, collection: Collection
) -> None:
    take_in(collection, build(named))
    review(collection, "first")
    before = learned(collection)
    deck = named / "flashcards" / "part-01.md"
    replace(deck, "#### First Card", "#### Zero\n:p What is zero?\n??x\nZero is 0.\nx??\n\n#### First Card")
    replace(
        named / "book.yml", "      - id: first", "      - id: zero\n        card: Zero\n      - id: first"
    )
    write(named / "card-ids.yml", 'zero: "Zero"\nfirst: "First Card"\nsecond: "Second Card"\n')
    date(named)
    log = take_in(collection, build(named))
    assert (len(log.new), len(log.updated)) == (1, 0)
    assert collection.note_count() == 3
    assert note_of(collection, "zero")["answer"] == "<p>Zero is 0.</p>"
    cards, history = learned(collection)
    assert isinstance(cards, list) and [card for card in cards if card in before[0]] == before[0]  # type: ignore[operator]
    assert history == before[1]


def test_two_builds_are_byte_identical(named: Path) -> None:
    first = build(named, "a.apkg").read_bytes()
    time.sleep(2.1)  # the resolution of a date in a zip file
    assert build(named, "b.apkg").read_bytes() == first


def test_figures_come_along(named: Path, collection: Collection, cardbook: Cardbook) -> None:
    drawing = f"""\
        # %% [markdown]
        # # One

        # %% alt="A <dot> \\"black\\""
        import base64
        from IPython.display import Image

        Image(base64.b64decode("{PNG}"))
        """
    write(named / "examples" / "first.py", drawing)
    assert cardbook("run", "--root", named).returncode == 0
    package = build(named)
    with zipfile.ZipFile(package) as archive:
        (name,) = json.loads(archive.read("media")).values()
    take_in(collection, package)
    output = note_of(collection, "first")["output"]
    assert f'<img src="{name}" alt="A &lt;dot&gt; &quot;black&quot;">' in output
    assert (Path(collection.media.dir()) / name).exists()


def test_hostile_text_stays_text(named: Path, collection: Collection) -> None:
    hostile = (
        '<script>alert(1)</script> <img src=x onerror="alert(1)"> [sound:x.mp3] {{id}} {{c1::x}} '
        "[link](javascript:alert(1)) [latex]x[/latex] </div>"
    )
    edit(named, "One is `1`.", hostile)
    take_in(collection, build(named))
    note = note_of(collection, "first")
    for field in ("answer", "output"):
        for active in ("<script", "<img", "[sound", "{{", "href", "[latex]", "</div>\n</p>"):
            assert active not in note[field], (field, active)
    card = note.cards()[0]
    assert card.answer_av_tags() == []
    assert "[sound:done.mp3]" in note["output"].replace("&#91;", "[")
    assert "{{id}}" in card.answer().replace("&#123;", "{")


def test_text_too_long_for_a_phone_is_shortened(
    named: Path, collection: Collection, cardbook: Cardbook
) -> None:
    replace(named / "examples" / "second.py", "print(math.sqrt(4))", 'print("number\\n" * 9000)')
    assert cardbook("run", "--root", named).returncode == 0
    take_in(collection, build(named))
    output = note_of(collection, "second")["output"]
    assert len(output) < 11_000 and "the rest is on the page" in output


def test_link_is_there_when_the_address_is_known(
    named: Path, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_ADDRESS", "https://book.example/llm")
    take_in(collection, build(named))
    assert note_of(collection, "first")["link"] == "https://book.example/llm/chapters/numbers/#first"


def test_what_readers_collections_hang_on_never_changes() -> None:
    """Changing one of these numbers would give every reader a second deck, or refuse the update."""
    assert NOTE_TYPE == 1731604882
    assert deck_id("hands-on-llms") == 1650254228
    assert genanki.guid_for("hands-on-llms", "rate-limits") == "q!/1c1[:wp"
    assert FIELDS == ("id", "question", "answer", "context", "correction", "code", "output", "link", "spare")


def test_changed_style_has_a_new_time() -> None:
    """Anki takes a changed note type only when its time is newer: raise STYLED, then this hash."""
    model = make_model()
    look = hash_text(json.dumps([model.templates[0]["qfmt"], model.templates[0]["afmt"], model.css]))
    assert (TEMPLATES_CHANGED_AT, look[:16]) == (1795564800, "324631d5213d9f65")
