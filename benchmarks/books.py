"""Books for measurements: one of given examples, like the published book, and one of any size."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cardbook.source.example import Example, parse_example

ROOT = Path(__file__).parent.parent
# The minimum of cards in a chapter, and the maximum of chapters in a book.
CARDS_PER_CHAPTER = 10
CHAPTER_LIMIT = 120
CARD = """\
#### {title}
What stands around it.
:p What does card {number} ask?
??x
That the answer is **{number}**, or $x_{{{number}}}$:

- a list with `code`
- and another item

```python
def answer():
    return {number}
```
x??
"""
TRIVIAL = """\
# %% [markdown]
# # Example {number}
#
# It adds up the numbers to {number}.

# %%
total = sum(range({number} + 1))

# %%
print("the sum is", total)
"""


def write_book(folder: Path, examples: Sequence[Example]) -> None:
    """Write a book with a card for each example, with the look and models of the published one."""
    chapters = {f"chapter-{number}": names for number, names in enumerate(_parts(examples, 4), 1)}
    cards = [example.title for example in examples]
    _write_cards(folder, cards)
    _write_contents(folder, {key: [(e.title, e.name) for e in part] for key, part in chapters.items()})
    _write_site_settings(folder)
    shutil.copy(ROOT / "models.toml", folder)
    store = folder / ".cardbook"
    store.mkdir()
    (store / "hub").symlink_to((ROOT / ".cardbook" / "hub").resolve())
    for name in ("receipts", "matplotlib"):
        if (ROOT / ".cardbook" / name).exists():
            shutil.copytree(ROOT / ".cardbook" / name, store / name)


def write_big_book(folder: Path, cards: int, examples: int) -> None:
    """Write a book of `cards` cards, the first `examples` of which have a trivial example each.

    It has a name, and so an Anki deck and an EPUB.
    """
    titles = [f"Card {number}" for number in range(1, cards + 1)]
    names = [f"example_{number}" for number in range(1, examples + 1)] + [""] * (cards - examples)
    pairs = list(zip(titles, names, strict=True))
    _write_cards(folder, titles)
    size = max(CARDS_PER_CHAPTER, -(-cards // CHAPTER_LIMIT))
    parts = [pairs[i : i + size] for i in range(0, cards, size)]
    _write_contents(folder, {f"chapter-{number}": part for number, part in enumerate(parts, 1)}, "benchmark")
    _write_site_settings(folder)
    for number in range(1, examples + 1):
        text = TRIVIAL.format(number=number)
        (folder / "examples" / f"example_{number}.py").write_text(text, encoding="utf-8")


def edit_a_word(folder: Path) -> None:
    """Change one word of one card of a big book."""
    deck = folder / "flashcards" / "part-01.md"
    text = deck.read_text(encoding="utf-8")
    deck.write_text(text.replace("That the answer is", "That its answer is", 1), encoding="utf-8")


def read_examples(names: Sequence[str]) -> list[Example]:
    """Return examples of the published book."""
    folder = ROOT / "examples"
    return [parse_example(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in names]


def _parts(examples: Sequence[Example], size: int) -> list[Sequence[Example]]:
    return [examples[i : i + size] for i in range(0, len(examples), size)]


def _write_cards(folder: Path, titles: Sequence[str]) -> None:
    (folder / "flashcards").mkdir(parents=True)
    (folder / "examples").mkdir()
    cards = [CARD.format(title=title, number=number) for number, title in enumerate(titles, 1)]
    deck = "\n---\n\n".join(["# Flashcards: Benchmark (Part 1)\n", *cards])
    (folder / "flashcards" / "part-01.md").write_text(deck, encoding="utf-8")


def _write_contents(folder: Path, chapters: dict[str, list[tuple[str, str]]], name: str = "") -> None:
    ids: dict[str, str] = {}
    contents: list[dict[str, Any]] = []
    for key, pairs in chapters.items():
        cards = []
        for title, example in pairs:
            ids[card_id := f"card-{len(ids) + 1}"] = title
            cards.append({"id": card_id, "card": title} | ({"example": example} if example else {}))
        texts: dict[str, Any] = {"title": key, "description": f"About {key}.", "introduction": "Some cards."}
        contents.append({"id": key, **texts, "cards": cards})
    published = yaml.safe_load((ROOT / "book.yml").read_text(encoding="utf-8"))["examples"]
    used = {name for pairs in chapters.values() for _, name in pairs}
    book: dict[str, Any] = {"title": "Benchmark", "deck": "part-01", "chapters": contents}
    if name:
        book["name"] = name
    if settings := {name: value for name, value in published.items() if name in used}:
        book["examples"] = settings
    # JSON is YAML too, and quotes whatever needs it.
    (folder / "book.yml").write_text(json.dumps(book, indent=1), encoding="utf-8")
    (folder / "card-ids.yml").write_text(json.dumps(ids, indent=1), encoding="utf-8")


def _write_site_settings(folder: Path) -> None:
    """Write mkdocs.yml and the home page; the plugin cardbook adds the look of the published site."""
    settings = "site_name: Benchmark\ntheme: material\nplugins: [search, cardbook]\n"
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text("# Benchmark\n", encoding="utf-8")
