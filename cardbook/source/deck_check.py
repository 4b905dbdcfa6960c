"""Reports what is well-formed but unusual: repeated questions, code without a language, stray marks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from cardbook.base.document import shorten
from cardbook.base.errors import Problem
from cardbook.source.code_fences import find_fences
from cardbook.source.deck import Card, Deck

# Two questions are nearly the same if they share this part of their words.
SIMILAR = 0.75
# Words in more questions than this do not distinguish questions.
COMMON = 200
_UNTITLED = re.compile(
    r"[\W_\d]*(?:(?:untitled|background|context|introduction|overview|question|answer|(?:flash)?card|title|none)"
    r"[\W_\d]*)*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_FENCE = re.compile(r"[\s>]*(?:[-*+]|\d+[.)])?\s*(?:`{3,}|~{3,})\s*")
_MARK = re.compile(r"(?<!`)(?:\?\?x|x\?\?)(?!`)|^[ \t]*:p\b", re.MULTILINE)


def check_decks(decks: Sequence[Deck]) -> list[Problem]:
    """Return what an author may want to check in these decks; the decks' own warnings are not included."""
    remarks = [remark for deck in decks for card in deck.cards for remark in _check_card(deck, card)]
    remarks += _similar_questions([(deck, card) for deck in decks for card in deck.cards])
    return sorted(remarks)


def _check_card(deck: Deck, card: Card) -> Iterator[Problem]:
    if _UNTITLED.fullmatch(card.title):
        what = f'the title "{shorten(card.title)}" does not say what its context and question are about'
        yield Problem(deck.path, card.line, what, "readers find a card by its title: name its subject")
    texts = (card.context, card.question, card.answer)
    firsts = (card.context_line, card.question_line, card.answer_line)
    for text, first in zip(texts, firsts, strict=True):
        lines = text.split("\n")
        fences = find_fences(lines)
        for fence in fences:
            if _FENCE.fullmatch(lines[fence.first]):
                what = "this code does not say in which language it is"
                yield Problem(deck.path, first + fence.first, what, "it is shown without colours")
        code = {number for fence in fences for number in range(fence.first, fence.end)}
        for number, line in enumerate(lines):
            if number not in code and (mark := _MARK.search(line)):
                what = f"{mark[0].strip()} stands inside a text"
                yield Problem(deck.path, first + number, what, "put a mark of the format on a separate line")


def _similar_questions(cards: Sequence[tuple[Deck, Card]]) -> Iterator[Problem]:
    """Yield each question that an earlier card asks in nearly the same words."""
    words = [frozenset(_WORD.findall(card.question.lower())) for _, card in cards]
    places: dict[str, list[int]] = defaultdict(list)
    for number, (deck, card) in enumerate(cards):
        earlier = _most_similar(words, number, places)
        for word in words[number]:
            places[word].append(number)
        if earlier is not None:
            other, first = cards[earlier]
            place = f"{other.path}, line {first.line}"
            what = f'"{shorten(card.title)}" asks nearly what "{shorten(first.title)}" asks ({place})'
            yield Problem(deck.path, card.question_line, what, "omit one of them, or say what differs")


def _most_similar(words: Sequence[frozenset[str]], number: int, places: dict[str, list[int]]) -> int | None:
    """Return the first of the earlier questions that has nearly the same words as question `number`."""
    own = words[number]
    rare = sorted(own, key=lambda word: len(places[word]) if word in places else 0)
    # Similar questions share at least one of this many rarest words.
    needed = rare[: len(own) - int(SIMILAR * len(own)) + 1]
    candidates: Iterable[int] = {n for word in needed for n in places.get(word, ())[-COMMON:]}
    for earlier in sorted(candidates):
        if len(own & words[earlier]) >= SIMILAR * len(own | words[earlier]):
            return earlier
    return None
