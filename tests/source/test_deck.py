"""The parser of flashcard decks: the format as it occurs, every malformed case, and any text."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cardbook.base.errors import Problem
from cardbook.source.deck import Card, Deck, parse_deck, read_deck

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=200)
REPEATABLE_SLOW = settings(REPEATABLE, max_examples=60)


def card(name: str, answer: str = "", closing: str = "x??") -> str:
    """Return a well-formed card whose every text contains its name."""
    text = answer or f"answer {name}"
    return f"#### {name}\ncontext {name}\n:p question {name}?\n??x\n{text}\n{closing}\n"


def deck_of(*parts: str, between: str = "\n---\n\n") -> Deck:
    """Return the deck of a header and these parts, with a separator between them."""
    return parse_deck("# Flashcards: NAME\n\n---\n\n" + between.join(parts), "part-09.md")


def titles(deck: Deck) -> list[str]:
    """Return the titles of the deck's cards."""
    return [card.title for card in deck.cards]


def one_problem(deck: Deck) -> Problem:
    """Return the deck's only problem."""
    (problem,) = deck.problems
    return problem


def line_of(text: str, wanted: str) -> int:
    """Return the line, counted from 1, that is exactly the wanted text."""
    return text.split("\n").index(wanted) + 1


# The format as it occurs


def test_texts_of_a_card() -> None:
    """Texts are kept as written, but for blank lines around them."""
    text = "#### T `x`\n\nOne.\n\n---\n\n- two\n\n:p Why,\nand how?\n\n??x\n\n  a\n\nb  \n\nx??\n"
    expected = Card("T `x`", "One.\n\n---\n\n- two", "Why,\nand how?", "  a\n\nb  ", 1)
    assert parse_deck(text, "a/part-02.md") == Deck("part-02", "a/part-02.md", (expected,), ())


@pytest.mark.parametrize("between", ["", "\n", "---\n", "\n\n\n", "\n---\n\n---\n", "\n--- \n \n"])
@pytest.mark.parametrize("closing", ["x??", "??x", "  x??\t"])
def test_any_separator_and_either_closing_mark(between: str, closing: str) -> None:
    """Separators may be missing or doubled, and both marks close."""
    parts = [card("A", closing=closing), card("B", closing=closing), card("C", closing=closing)]
    deck = deck_of(*parts, between=between)
    assert (titles(deck), deck.problems) == (["A", "B", "C"], ())
    assert [c.answer for c in deck.cards] == ["answer A", "answer B", "answer C"]


def test_header_and_ratings_belong_to_no_card() -> None:
    """What stands before the first card and between cards is not kept."""
    header = "# High-Quality Flashcards: X (Part 22)\n\n**Rating threshold:** >= 8/10\n\n"
    chapter = "**Starting Chapter:** Summary. Part III\n\n---\n\n**Rating: 8/10**\n\n"
    rated = f"{card('A')}\n---\n\n**Rating: 8.5/10**\n\n{card('B')}"
    deck = parse_deck(header + chapter + rated, "part-22.md")
    assert (titles(deck), deck.problems) == (["A", "B"], ())
    assert "Rating" not in "".join(c.context + c.answer for c in deck.cards)


def test_separators_at_the_ends_of_a_context_are_noise() -> None:
    """A separator under a title is not part of the context."""
    deck = deck_of("#### A\n---\n\ntext\n\n---\n\n:p q\n??x\na\nx??")
    assert (deck.cards[0].context, deck.problems) == ("text", ())


def test_context_may_be_absent_and_the_question_may_start_below_its_mark() -> None:
    """The shortest card is whole."""
    deck = deck_of("  #### A\n  :p\nWhy?\n??x\na\nx??")
    assert deck.cards == (Card("A", "", "Why?", "a", 5),)


def test_cards_with_the_same_title_stay_apart() -> None:
    """A title is no identity."""
    deck = deck_of(card("A", "one"), card("A", "two"))
    assert [(c.title, c.answer) for c in deck.cards] == [("A", "one"), ("A", "two")]


@pytest.mark.parametrize("mark", ["# x", "---", "#### x", ":p x", "??x", "x??", "~~~~", "``"])
def test_marks_inside_code_are_code(mark: str) -> None:
    """Inside a fence no mark means anything."""
    answer = f"before\n\n```text\n{mark}\n```\nafter"
    deck = deck_of(card("A", answer), card("B"))
    assert (titles(deck), deck.problems) == (["A", "B"], ())
    assert deck.cards[0].answer == answer


WHOLE_CARD = "#### T\n:p q\n??x\na\nx??"


@pytest.mark.parametrize(
    "shown",
    [
        f"```\n{WHOLE_CARD}\n```",
        f"```markdown\n{WHOLE_CARD}\n\n---\n\n{WHOLE_CARD}\n```",
        f"```\nx??\n---\n{WHOLE_CARD}\n```\n\n```python\ncode\n```",
        "````md\n#### T\n:p q\n??x\n```python\ncode\n```\nx??\n````",
        "~~~\n```\nx??\n#### T\n~~~",
        "1. ```python\n   #### x\n   ```\n2. two",
        "- text\n\n    ```\n    x??\n    ```",
        "```\n#### T\n:p q\n??x\nan unfinished card\n```",
        "```\n#### T\n```\n```\n:p q\n```\n```\n??x\n```",
        "```a``` and ``x`` are not fences",
    ],
)
def test_code_that_documents_the_format_is_code(shown: str) -> None:
    """Closed fences are believed, even with whole cards in them."""
    more = card("B", "```python\nb\n```")
    deck = deck_of(card("A", shown), more, card("C", "```\nc\n```"))
    assert (titles(deck), deck.problems) == (["A", "B", "C"], ())
    assert deck.cards[0].answer == shown


@pytest.mark.parametrize("code", ["x??\n#### T", "#### T", "#### T\n:p q", "??x\n---\n#### T\n"])
def test_code_before_the_answer_is_code(code: str) -> None:
    """Contexts and questions may show marks too."""
    fenced = f"```\n{code}\n```"
    context = f"#### A\n{fenced}\n:p q\n??x\na\nx??"
    question = f"#### B\n:p q\n{fenced}\n??x\na\nx??"
    deck = deck_of(context, question, card("C", "```python\n```"))
    assert (titles(deck), deck.problems) == (["A", "B", "C"], ())
    assert (deck.cards[0].context, deck.cards[1].question) == (fenced, f"q\n{fenced}")


def test_a_heading_inside_an_answer_belongs_to_it() -> None:
    """A #### without a :p starts no card inside an answer."""
    answer = "one\n\n#### Steps\n\ntwo\n#### More\n```\n:p\n```"
    for closing in ("x??", "??x"):
        deck = deck_of(card("A", answer, closing), card("B", closing=closing))
        assert (titles(deck), deck.problems) == (["A", "B"], ())
        assert deck.cards[0].answer == answer


def test_mathematics_and_html_are_kept() -> None:
    """The parser changes no text; making it safe is for the pages."""
    inline = "$W \\approx U \\cdot V^T$ <b>|x_1|</b> *a* <script>alert(1)</script>"
    answer = f"{inline}\n$$\n\\sum_{{i}}^{{n}} < x\n$$"
    assert deck_of(card("A", answer)).cards[0].answer == answer


def test_unusual_line_separators_split_no_line() -> None:
    """Only newlines end a line."""
    answer = "a\x0b#### b\x0c:p c\x85x??\u2028??x\u2029---\x1cend"
    deck = deck_of(card("A", answer))
    assert (deck.cards[0].answer, deck.problems) == (answer, ())


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, newline: str) -> None:
    """Files from other systems read the same."""
    plain = card("A", "one\n\n```\ntwo\n```") + card("B")
    file = tmp_path / "part-03.md"
    file.write_bytes(b"\xef\xbb\xbf" + plain.replace("\n", newline).encode())
    deck = read_deck(file)
    assert (deck.cards, deck.problems) == (parse_deck(plain, "x.md").cards, ())
    assert (deck.name, deck.cards[0].line) == ("part-03", 1)


def test_a_thousand_cards() -> None:
    """A deck may be long."""
    text = "\n".join(card(f"T{n}", "```python\n# x\n```") for n in range(1000))
    deck = parse_deck(text, "x.md")
    assert (titles(deck), deck.problems) == ([f"T{n}" for n in range(1000)], ())


# Malformed cards: the message, its place, and that the neighbours survive

NEVER_CLOSED = 'the answer of "Bad" is never closed: put x?? on a separate line after it'
FENCE = "the code fence opened here is never closed: put ``` on a separate line after the code"
NO_QUESTION = '"Bad" has no question: put :p QUESTION on a separate line before its ??x'
NO_TITLE = "this card has no title: start it with #### TITLE"
STRAY_TEXT = "this text belongs to no card: if it is the rest of the answer of "
WHOLE_CARD_AROUND = "give it a #### TITLE, a :p QUESTION and a ??x before it, and an x?? after it"
OWN_LINE = "put ??x on a separate line between question and answer"
NOT_OPENED = f'the answer of "Bad" has no opening mark: {OWN_LINE}'
OWN_LINES = "put ??x, the answer and x?? on separate lines after the question"
NO_ANSWER = f'"Bad" has no answer: {OWN_LINES}'
TITLE_OR_CODE = "put #### TITLE before it if it starts a card, or put it inside code"
SECOND = f'"Bad" has a second :p: {TITLE_OR_CODE}'
PUT_TITLE = "delete it, or put the missing #### TITLE and :p QUESTION before it"


@pytest.mark.parametrize(
    ("bad", "line", "message"),
    [
        ("#### Bad\nc\n:p q\n??x\nlast line\n\n---\n", "last line", NEVER_CLOSED),
        ("#### Bad\nc\n:p q\n??x\n#### heading\nlast line", "last line", NEVER_CLOSED),
        ("#### Bad\nc\n??x\nbad answer\nx??", "??x", NO_QUESTION),
        ("#### Bad\nc", "#### Bad", NO_QUESTION),
        (
            "#### Bad\nc\n:p\n\n??x\na\nx??",
            ":p",
            'the question of "Bad" is empty: write the question after :p',
        ),
        (
            "#### Bad\nc\n:p why\n",
            ":p why",
            NO_ANSWER,
        ),
        (
            "#### Bad\nc\n:p why\na\nx??",
            ":p why",
            NOT_OPENED,
        ),
        (
            "#### Bad\n:p why\n ??x\n\nx??",
            " ??x",
            'the answer of "Bad" is empty: write it between ??x and x??',
        ),
        ("####\nc\n:p q\n??x\na\nx??", "####", NO_TITLE),
        ("its context\n\n:p q\n??x\na\nx??", "its context", NO_TITLE),
        (":p why\n??x\na\nx??", ":p why", NO_TITLE),
        ("lost\ntext\n\nand more", "lost", STRAY_TEXT),
        (" x??", " x??", f"this x?? belongs to no card: {PUT_TITLE}"),
        (" ??x", " ??x", f"this ??x belongs to no card: {PUT_TITLE}"),
        ("lost\nx??", "lost", STRAY_TEXT),
        (
            "#### Bad\n:p why\n:p how\n??x\na\nx??",
            ":p how",
            SECOND,
        ),
        (
            "#### Bad\n:p why\n??x\na\n:p how\nx??",
            ":p how",
            SECOND,
        ),
        ("#### Bad\n:p q\n??x\n```bad\ncode\nx??", "```bad", FENCE),
        ("#### Bad\n:p q\n??x\ncode\n ```\nx??", " ```", FENCE),
        ("#### Bad\n```bad\n:p q\n??x\na\nx??", "```bad", FENCE),
        ("#### Bad\n:p q\n```bad\n??x\na\n??x", "```bad", FENCE),
    ],
)
@pytest.mark.parametrize("code", ["", "```py\nx\n```", "```\nx\n```", "~~~\nx\n~~~\n```\ny\n```"])
def test_a_malformed_card_is_reported_where_it_can_be_fixed(
    bad: str, line: str, message: str, code: str
) -> None:
    """One problem, at its line, and every neighbour survives."""
    before, after = card("A", code), card("B", code) + card("C", code) + card("D", code)
    text = f"{before}\n{bad}\n{after}"
    deck = parse_deck(text, "part-09.md")
    expected = before.count("\n") + 1 + line_of(bad, line)
    found = str(one_problem(deck))
    assert found.startswith(f"part-09.md:{expected}: {message}")
    assert message == STRAY_TEXT or found.endswith(message)
    whole = parse_deck(before + "\n" * (bad.count("\n") + 2) + after, "part-09.md")
    assert deck.cards == whole.cards


@pytest.mark.parametrize(
    ("bad", "messages"),
    [
        ("#### Bad\n:p q\n??x\nlast\n\n---\n", [f"4: {NEVER_CLOSED}"]),
        ("#### Bad\n:p q\n??x\n", [f"3: {NEVER_CLOSED}"]),
        ("#### Bad\n:p q\n??x\n```x\na\nx??\n\n---\n", [f"4: {FENCE}"]),
        ("#### Bad\n:p q\n??x\n```x\na\n", [f"4: {FENCE}"]),
        ("#### Bad\ntext", [f"1: {NO_QUESTION}"]),
        (
            "---\nlost\n",
            [f'2: {STRAY_TEXT}"A", move the x?? in line 8 after it; if not, {WHOLE_CARD_AROUND}'],
        ),
    ],
)
def test_a_malformed_last_card(bad: str, messages: list[str]) -> None:
    """The end of the file ends a card as the next card does."""
    good = card("A", "```\na\n```")
    deck = parse_deck(good + bad, "x.md")
    offset = good.count("\n")
    expected = [f"x.md:{offset + int(m[0])}{m[1:]}" for m in messages]
    assert (titles(deck), [str(p) for p in deck.problems]) == (["A"], expected)


def test_an_answer_without_end_before_a_card_without_question() -> None:
    """Two faults that meet stay two."""
    deck = deck_of(card("A"), "#### Bad\n:p q\n??x\na", "#### Bad\n??x\na\nx??", card("B"))
    assert titles(deck) == ["A", "B"]
    assert [p.what for p in deck.problems] == [
        'the answer of "Bad" is never closed',
        '"Bad" has no question',
    ]


def test_an_answer_without_end_before_a_card_without_title() -> None:
    """Two faults that meet stay two."""
    deck = deck_of(card("A"), "#### Bad\n:p q\n??x\na", ":p q\n??x\na\nx??", card("B"))
    assert titles(deck) == ["A", "B"]
    assert [p.what for p in deck.problems] == [
        'the answer of "Bad" is never closed',
        "this card has no title",
    ]


@pytest.mark.parametrize("first", ["```", "```python", "~~~", "   ```java"])
@pytest.mark.parametrize("second", ["```", "```python"])
@pytest.mark.parametrize("apart", [0, 1, 2])
def test_two_fences_never_closed(first: str, second: str, apart: int) -> None:
    """Two forgotten fences do not make up for each other."""
    middle = [card(f"M{n}", "```\nm\n```") for n in range(apart)]
    last = [card(f"L{n}", "```python\nl\n```\n```\nl\n```") for n in range(3)]
    deck = deck_of(card("X", f"{first}\nx"), *middle, card("Y", f"{second}\ny"), *last)
    assert titles(deck) == [*(f"M{n}" for n in range(apart)), "L0", "L1", "L2"]
    assert [p.what for p in deck.problems] == ["the code fence opened here is never closed"] * 2


@pytest.mark.parametrize("code", ["```\ncode", "```py\ncode", f"```\n{WHOLE_CARD}"])
@pytest.mark.parametrize(
    "tricky",
    [
        "#### B\nc\n```\nb\n```\n:p q\n??x\n- b\n  ```java\n  b\n  ```\nx??\n",
        "#### B\nc\n```\nb\n```\n:p q\n??x\nb\nx??\n",
        card("B", f"```md\n{WHOLE_CARD}\n```"),
        card("B", "```py\nx??\n```"),
        card("B", "````\n```py\n```\n````\n~~~\nb\n~~~"),
        "#### B\n??x\nno question\nx??\n",
    ],
)
def test_a_fence_never_closed_before_a_tricky_card(code: str, tricky: str) -> None:
    """The forgotten fence is found where the next card's code could seem to close it."""
    good = parse_deck(tricky + card("C"), "x.md")
    deck = deck_of(card("Bad", code), tricky, card("C"))
    assert deck.problems[0].what.startswith(("the code fence opened here", 'the answer of "Bad"'))
    assert [c for c in titles(deck) if c != "T"] == titles(good)


@pytest.mark.parametrize("code", ["```py\nb\n```", f"```md\n{WHOLE_CARD}\n```", "```\nb\n```"])
def test_a_card_cut_off_inside_its_code(code: str) -> None:
    """Neither the code nor the answer has an end, and the next card still starts where it does."""
    deck = deck_of(card("A"), "#### Bad\n:p q\n??x\n```py\ncode", card("B", code), card("C"))
    assert titles(deck) == ["A", "B", "C"]
    assert [f"{p.what}: {p.remedy}" for p in deck.problems] == [FENCE]
    assert [(bad.title, bad.first) for bad in deck.damaged] == [("Bad", 14)]


def test_every_problem_of_a_file_in_one_go() -> None:
    """An author fixes a file once."""
    parts = [
        card("A"),
        "#### B\n:p q\n??x\na",
        card("C", "```\nc\n```"),
        "#### D\nno question\n??x\na\nx??",
        "lost",
        card("E", "```python\nnever closed"),
        card("F", "```python\nf\n```"),
        "#### G\n:p q\n??x\nx??",
        card("H"),
    ]
    deck = deck_of(*parts)
    assert titles(deck) == ["A", "C", "F", "H"]
    assert [(p.line, p.what) for p in deck.problems] == [
        (17, 'the answer of "B" is never closed'),
        (33, '"D" has no question'),
        (38, "this text belongs to no card"),
        (45, "the code fence opened here is never closed"),
        (64, 'the answer of "G" is empty'),
    ]


BLOCK = "```python\ndef f(x):\n    # the same again\n    return x\n```\n\n"


@pytest.mark.parametrize("tail", ["", "```python\ndef f(x):\n    # cut off"])
@pytest.mark.parametrize("followed", [True, False])
def test_a_huge_answer_whose_end_is_missing(tail: str, followed: bool) -> None:
    """The real 180 kB answer loses no neighbour."""
    huge = "#### Huge\n:p q\n??x\nText\n\n" + BLOCK * (180_000 // len(BLOCK)) + tail
    after = [card("B", "```\nb\n```"), card("C", BLOCK)] if followed else []
    deck = deck_of(card("A", BLOCK), huge, *after)
    assert titles(deck) == (["A", "B", "C"] if followed else ["A"])
    cause = "the code fence opened here is never closed" if tail else 'the answer of "Huge" is never closed'
    assert [p.what for p in deck.problems] == [cause]


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    """Bytes that are no text are reported, not guessed."""
    file = tmp_path / "part-04.md"
    text = card("A") + card("Bad", "caf\xe9") + card("C", "caf\xe9").replace("\xe9", "é")
    file.write_bytes(text.replace("é", "\xff").encode("latin-1").replace(b"\xff", "é".encode()))
    assert titles(read_deck(file)) == ["A", "Bad", "C"]
    file.write_bytes((card("A") + card("Bad", "caf\xe9") + card("C")).encode("latin-1"))
    deck = read_deck(file)
    assert titles(deck) == ["A", "C"]
    assert str(one_problem(deck)) == f"{file}:11: 1 line is not UTF-8, the first here: save the file as UTF-8"
    file.write_bytes((card("A", "caf\xe9") + card("B", "\xe9\n\xe9") + card("C")).encode("latin-1"))
    deck = read_deck(file)
    assert (titles(deck), one_problem(deck).what) == (["C"], "3 lines are not UTF-8, the first here")
    file.write_bytes(card("A").encode("utf-16"))
    assert str(one_problem(read_deck(file))) == f"{file}: this file is UTF-16: save it as UTF-8"


def test_nul_bytes_are_refused() -> None:
    """A damaged card is no card; its neighbours are."""
    deck = deck_of(card("A"), card("Bad", "a\0b"), card("C"))
    assert titles(deck) == ["A", "C"]
    assert one_problem(deck).what == "1 line is damaged by NUL bytes, the first here"


# What can be read nevertheless, and its warning


@pytest.mark.parametrize("inner", ["??x", "??x\n\n---\n", "??x\nmore\n??x"])
def test_an_answer_with_an_inner_mark_is_read_whole(inner: str) -> None:
    """Half an answer is never a card."""
    deck = deck_of(card("A", f"one\n{inner}\n```py\ntwo\n```"), card("B", closing="??x"), card("C"))
    assert (titles(deck), deck.problems) == (["A", "B", "C"], ())
    assert deck.cards[0].answer == f"one\n{inner}\n```py\ntwo\n```".replace("??x", "")
    assert [warning.line for warning in deck.warnings] == [10, 12][: inner.count("??x")]
    what = f'this ??x stands inside the answer of "A", which goes on to line {12 + inner.count(chr(10)) + 2}'
    assert deck.warnings[0].what == what


def test_an_answer_is_not_cut_where_a_mark_may_be_missing() -> None:
    """No message says to delete text, and the card that may be longer is damaged."""
    deck = deck_of(card("Bad", "one", "??x") + "the other half\n", card("B"))
    assert titles(deck) == ["B"]
    assert [(bad.title, bad.first, bad.last) for bad in deck.damaged] == [("Bad", 5, 10)]
    remedy = 'if it is the rest of the answer of "Bad", remove the ??x in line 10 and put x?? after it; '
    assert one_problem(deck).remedy == f"{remedy}if not, {WHOLE_CARD_AROUND}"


def test_an_inner_mark_before_the_next_card_is_none() -> None:
    """A mark that another card's question follows has ended the answer."""
    deck = deck_of(card("A", closing="??x") + card("B", closing="??x") + card("C"))
    assert (titles(deck), deck.warnings) == (["A", "B", "C"], ())


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (":Briefly describe it.", ":p Briefly describe it."),
        (":P Why?", ":p Why?"),
        ("p: Why?", ":p Why?"),
        (":pWhy?", ":p Why?"),
        ("  : Why?", ":p Why?"),
    ],
)
def test_a_mark_that_was_nearly_a_question_is_named(line: str, meant: str) -> None:
    """The message names the line at fault and what was meant."""
    deck = deck_of(card("A"), f"#### Bad\ncontext\n\n{line}\n??x\na\nx??", card("B"))
    assert (titles(deck), len(deck.problems)) == (["A", "B"], 1)
    assert str(deck.problems[0]) == f'part-09.md:17: "Bad" has no question: did you mean "{meant}"?'


@pytest.mark.parametrize("line", ["### F1 Score", "####F1 Score", "# F1 Score", "  ##F1 Score"])
def test_a_mark_that_was_nearly_a_title_is_named(line: str) -> None:
    """The message names the line at fault and what was meant."""
    deck = deck_of(card("A"), f"{line}\ncontext\n:p q\n??x\na\nx??", card("B"))
    assert titles(deck) == ["A", "B"]
    assert str(one_problem(deck)) == 'part-09.md:14: this card has no title: did you mean "#### F1 Score"?'


def test_one_damaged_card_is_one_problem() -> None:
    """What else seems wrong in a card follows from the first fault."""
    deck = deck_of(card("A"), "####\ntext\n:p\n??x\nx??", "#### Bad\n:p a\n:p b\n:p c\n??x\na", card("B"))
    assert titles(deck) == ["A", "B"]
    assert [problem.what for problem in deck.problems] == ["this card has no title", '"Bad" has a second :p']
    assert [(bad.title, bad.first, bad.last) for bad in deck.damaged] == [("", 14, 18), ("Bad", 21, 28)]


def test_cards_know_where_their_texts_begin() -> None:
    """For messages about a formula in a text."""
    (found,) = parse_deck("\n#### A\n\n---\nc\n:p\n\nWhy?\n\n??x\n\n\na\nx??", "x.md").cards
    assert (found.context_line, found.question_line, found.answer_line) == (5, 8, 13)


@pytest.mark.parametrize("text", ["", "# Flashcards: only a header\n\n---\n"])
def test_a_deck_without_cards(text: str) -> None:
    """A file without cards is a mistake, too."""
    expected = "x.md: this deck has no cards: start one with #### TITLE"
    assert str(one_problem(parse_deck(text, "x.md"))) == expected


def test_a_message_stays_on_one_short_line() -> None:
    """A title cannot break the list of problems, nor steer the terminal."""
    deck = deck_of(f"#### a\u2028b\x1b[31m{'c' * 500}\n:p q\n??x\na")
    message = str(one_problem(deck))
    assert len(message) < 200
    assert message.isprintable()


# Any text, and any deck


@REPEATABLE
@given(st.text())
@example("\ud800")
@example("\ufeff")
def test_no_text_makes_the_parser_raise(text: str) -> None:
    """Any text is read, into cards or problems."""
    deck = parse_deck(text, "x.md")
    assert deck.cards or deck.problems


SCRAP_LINES = ["#### T", "####", ":p q", ":p", "??x", "x??", "---", "**Rating: 8/10**", ""]
FENCE_LINES = ["```", "```py", "  ```", "- ```", "~~~"]
SCRAPS = st.sampled_from([*SCRAP_LINES, *FENCE_LINES, "text", "\x0c", "x?? y"])


@REPEATABLE
@given(st.lists(SCRAPS, max_size=40))
def test_no_text_is_lost_silently(lines: list[str]) -> None:
    """Without a problem, every line of text is in some card."""
    deck = parse_deck("\n".join(["#### T", *lines]), "x.md")
    assert deck.cards or deck.problems
    assert list(deck.problems) == sorted(deck.problems)
    starts = [c.line for c in deck.cards]
    assert starts == sorted(set(starts))
    if not deck.problems:
        written = sum(line in ("text", "x?? y", "\x0c") for line in lines)
        kept = "\n".join(f"{c.context}\n{c.question}\n{c.answer}" for c in deck.cards).split("\n")
        assert sum(line in ("text", "x?? y", "\x0c") for line in kept) == written


def is_plain(line: str) -> bool:
    """Return whether a line is no mark and no fence: outside code those would mean something."""
    bare = line.strip()
    marked = bare in ("x??", "??x") or bare.startswith(("####", ":p"))
    return not marked and "```" not in line and "~~~" not in line


# \n and \r end lines (the parser makes them the same), NUL is refused; everything else may stand in a line.
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=12)
ODD_LINES = st.sampled_from(
    ["$W \\approx U$", "a\u2028b", "x?? no mark", "- item", "---", "", "  ", "\x85", "<b>", "`x`"]
)
PLAIN_LINE = (LINE | ODD_LINES).filter(is_plain)
CODE_LINE = st.sampled_from(["#### T", "x??", "??x", ":p q", "---", "# x", "```py", "~~~", "", "y"])


@st.composite
def code_blocks(draw: st.DrawFn) -> str:
    """Draw a closed fence around anything that could stand in it.

    A card shown in it is shown to its end: code with half a card in it looks the same as a
    fence that was never closed. What would close the fence is left out, as it does close it, and
    what could open another: code with fences in it stands in a longer one.
    """
    char, size = draw(st.sampled_from("`~")), draw(st.integers(3, 5))
    indent, label = draw(st.sampled_from(["", "  ", "\t", "- "])), draw(st.sampled_from(["", "py"]))
    lines = draw(st.lists(CODE_LINE | LINE, max_size=8))
    inside = [line for line in lines if not line.strip().startswith(char * size)]
    end = ["x??"] if any(":p" in line for line in inside) else []
    closing = indent.replace("-", " ") + char * (size + draw(st.integers(0, 1)))
    return "\n".join([indent + char * size + label, *inside, *end, closing])


# Prose blocks may contain a heading in an answer only: in a context it would start a card.
PROSE = st.lists(PLAIN_LINE, min_size=1, max_size=4).map("\n".join)
HEADING = st.just("#### A heading")


def outer_blank_lines(text: str) -> bool:
    """Return whether the text begins or ends with a blank line."""
    lines = text.split("\n")
    return not (lines[0].strip(" \t") and lines[-1].strip(" \t"))


def outer_separators(text: str) -> bool:
    """Return whether the text begins or ends with a separator."""
    lines = [line.strip(" \t") for line in text.split("\n")]
    return any(set(line) == {"-"} and len(line) > 2 for line in (lines[0], lines[-1]))


def texts(*blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of such blocks that begin and end with something visible: the rest is trimmed."""
    joined = st.lists(st.one_of(*blocks), min_size=1, max_size=4).map("\n".join)
    return joined.filter(lambda text: bool(text.strip()) and not outer_blank_lines(text))


TITLES = PLAIN_LINE.map(lambda line: line.strip(" \t")).filter(lambda line: bool(line.strip()))
QUESTIONS = texts(PROSE).map(lambda text: text.strip(" \t\n"))
CONTEXTS = st.just("") | texts(PROSE, code_blocks()).filter(lambda text: not outer_separators(text))
# Marks in the code of two contexts make, with the fence between them deleted, another valid deck:
# one whose first card shows the second one as code.
PLAIN_CONTEXTS = st.just("") | PROSE.map(lambda prose: f"text\n```\n{prose}\n```")
ANSWERS = texts(PROSE, code_blocks(), HEADING)


@dataclass(frozen=True)
class Written:
    """A card as the test writes it, and what it writes around it."""

    card: Card
    text: str
    between: str


@st.composite
def written_cards(draw: st.DrawFn, contexts: st.SearchStrategy[str] = CONTEXTS) -> Written:
    """Draw a card and one of the many ways to write it."""
    title, context, question = draw(TITLES), draw(contexts), draw(QUESTIONS)
    answer, closing = draw(ANSWERS), draw(st.sampled_from(["x??", "??x", " x?? "]))
    blank = [st.sampled_from(["", "\n", "\n \n"]) for _ in range(3)]
    above, below, last = (draw(lines) for lines in blank)
    lead = f"{context}\n" if context else ""
    text = f"#### {title}\n{above}{lead}{below}:p {question}\n??x\n{answer}\n{last}{closing}\n"
    rated = "\n**Rating: 9/10**\n\n"
    between = draw(st.sampled_from(["", "\n", "---\n", "\n---\n\n", "---\n\n---\n", rated]))
    return Written(Card(title, context, question, answer, 0), text, between)


HEADERS = st.sampled_from(["", "# Flashcards: X\n\n**Rating threshold:** >= 8/10\n\n---\n"])


def without_lines(deck: Deck) -> list[Card]:
    """Return the deck's cards as the test writes them, without line numbers."""
    return [Card(c.title, c.context, c.question, c.answer, 0) for c in deck.cards]


@REPEATABLE_SLOW
@given(HEADERS, st.lists(written_cards(), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_a_written_deck_reads_back(header: str, written: list[Written], newline: str) -> None:
    """The cards are the same whatever they say and however they are written."""
    text = header + "".join(w.text + w.between for w in written)
    deck = parse_deck(text.replace("\n", newline), "x.md")
    assert deck.problems == ()
    assert without_lines(deck) == [w.card for w in written]
    lines = text.split("\n")
    assert [lines[c.line - 1] for c in deck.cards] == [f"#### {c.title}" for c in deck.cards]


@REPEATABLE_SLOW
@given(st.lists(written_cards(PLAIN_CONTEXTS), min_size=1, max_size=5), st.data())
def test_a_deleted_line_loses_no_other_card(written: list[Written], data: st.DataObject) -> None:
    """Damage to one card is reported, or stays within it."""
    touched = data.draw(st.integers(0, len(written) - 1))
    lines = written[touched].text.split("\n")[:-1]
    deleted = data.draw(st.integers(0, len(lines) - 1))
    damaged = "".join(line + "\n" for n, line in enumerate(lines) if n != deleted)
    texts = [damaged if n == touched else w.text for n, w in enumerate(written)]
    deck = parse_deck("".join(t + w.between for t, w in zip(texts, written, strict=True)), "x.md")
    others = [w.card for n, w in enumerate(written) if n != touched]
    found = without_lines(deck)
    assert deck.problems or all(found.count(c) >= others.count(c) for c in others)
