"""The registry of permanent card ids, `card-ids.yml`: which id belongs to which card, permanently.

An id is registered with its card's title. Where several cards have one title, a hash of the question is
registered too, so that the id stays with its card when such cards are swapped, or one of them is removed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardbook.base.cache import Cache
from cardbook.base.document import Document, shorten
from cardbook.base.errors import Problem
from cardbook.base.files import hash_text
from cardbook.base.paths import ProjectPaths
from cardbook.base.yaml_file import quote_yaml, read_yaml
from cardbook.source.deck import Card

FILE = "card-ids.yml"
SCHEMA_FILE = Path(__file__).with_name("card-ids.schema.json")
ID_LENGTH = 60
# The same pattern as in the schemas.
ID = re.compile(r"(?=.{1,100}$)[a-z0-9]+(-[a-z0-9]+)*")


def hash_question(question: str) -> str:
    """Return 16 hexadecimal digits of a hash of a question, ignoring differences in white space."""
    return hash_text(" ".join(question.split()))[:16]


def make_id(title: str, taken: Collection[str] = ()) -> str:
    """Return an id made from a title and not in `taken`; "" if the title has no Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    made = "-".join(words)
    if len(made) > ID_LENGTH:
        made = made[:ID_LENGTH].rpartition("-")[0] or made[:ID_LENGTH]
    number, free = 2, made
    while made and free in taken:
        number, free = number + 1, f"{made}-{number}"
    return free


def registry_line(card_id: str, card: Card, *, shared: bool) -> str:
    """Return the line of card-ids.yml that registers a card; `shared`: another card has its title."""
    title = quote_yaml(card.title)
    if shared:
        return f'{card_id}: {{title: {title}, question: "{hash_question(card.question)}"}}'
    return f"{card_id}: {title}"


@dataclass
class Registry:
    """Every id ever used: its title, the hash of its question ("" where none is registered), or retired."""

    document: Document
    titles: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    # The ids in use by title.
    ids: dict[str, list[str]] = field(default_factory=dict)

    def id_for(self, title: str, cards: Sequence[Card]) -> str:
        """Return the registered id of a card, or one made from its title; `cards` are those of this title."""
        known = self.ids.get(title, [])
        if len(known) > 1 and len(cards) == 1:
            question = hash_question(cards[0].question)
            known = [card_id for card_id in known if self.questions[card_id] == question]
        return known[0] if len(known) == 1 else make_id(title)

    def candidates(self, card_id: str, title: str, cards: Sequence[Card]) -> list[Card]:
        """Return those of `cards`, all with this title, that can have this id by its registered question.

        If none has this question, it may have been edited: then those that no other id has registered.
        """
        question = self.questions.get(card_id)
        if not question:
            return list(cards)
        hashes = [(hash_question(card.question), card) for card in cards]
        claimed = {self.questions[other] for other in self.ids.get(title, ())}
        same = [card for found, card in hashes if found == question]
        return same or [card for found, card in hashes if found not in claimed]

    def check(self, listed: Collection[str], cards: Mapping[str, Card]) -> list[Problem]:
        """Report conflicts between the registry and the book; return warnings.

        `listed` are the ids that book.yml names, `cards` those cards of them that were found.
        """
        warnings: list[Problem] = []
        counts = Counter(card.title for card in cards.values())
        for card_id, card in cards.items():
            if not ID.fullmatch(card_id):
                continue
            line = registry_line(card_id, card, shared=counts[card.title] > 1)
            if card_id in self.retired:
                what = f'card id "{card_id}" is retired but used in book.yml'
                self.document.report((card_id,), what, "choose another id: a retired id cannot be used again")
            elif card_id not in self.titles:
                self.document.report((), f'card id "{card_id}" is not registered', f"add the line {line}")
            elif card.title != self.titles[card_id]:
                what = (
                    f'card id "{card_id}" has moved from "{shorten(self.titles[card_id])}" to "{card.title}"'
                )
                remedy = f"give the new card a new id; if only its title was corrected, write {line}"
                self.document.report((card_id,), what, remedy)
            elif self.questions[card_id] not in ("", hash_question(card.question)):
                line = registry_line(card_id, card, shared=True)
                what = f'the question of card id "{card_id}" has changed'
                remedy = f"if it is still the same card, write {line}; otherwise retire the id"
                self.document.report((card_id,), what, remedy)
            elif counts[card.title] > 1 and not self.questions[card_id]:
                what = f'card id "{card_id}" shares its title with another card'
                place = self.document.line((card_id,))
                remedy = f"to distinguish them permanently, write {line}"
                warnings.append(Problem(FILE, place, what, remedy))
        for card_id in self.titles:
            if card_id not in listed:
                remedy = (
                    f"put it back into book.yml, or retire it here: {card_id}: {{retired: DATE, reason: WHY}}"
                )
                self.document.report((card_id,), f'card id "{card_id}" is gone from book.yml', remedy)
        return warnings


def read_registry(root: Path) -> Registry:
    """Return the registry of the book in `root`; empty where there is no file."""
    if (root / FILE).exists():
        registry = Registry(read_yaml(root / FILE, FILE))
    else:
        registry = Registry(Document(FILE, {}, {(): 0}))
    registry.document.check(SCHEMA_FILE, Cache(ProjectPaths(root).cache))
    value = registry.document.value
    for card_id, found in (value if isinstance(value, dict) else {}).items():
        if isinstance(found, dict) and "retired" in found:
            registry.retired.add(card_id)
            continue
        known = found if isinstance(found, dict) else {"title": found}
        title = str(known.get("title"))
        registry.titles[card_id] = title
        registry.questions[card_id] = str(known.get("question", ""))
        registry.ids.setdefault(title, []).append(card_id)
    return registry
