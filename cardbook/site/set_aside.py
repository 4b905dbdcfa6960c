"""Cards of a chapter, set aside while Markdown reads the page.

Markdown leaves their HTML as it is, but parsing it takes most of the time of a big book. The page is the same
without this.
"""

import re

# As `card_block` in cardbook/pages/chapter.py writes it: nothing inside begins a line with </div>.
CARD = re.compile(r'^<div class="card" data-card=.*?^</div>$', re.DOTALL | re.MULTILINE)
PLACE = re.compile(r'<div data-aside="(\d+)"></div>')


def set_aside(markdown: str) -> tuple[str, list[str]]:
    """Return the Markdown of a page with a place for each of its cards, and the cards."""
    cards: list[str] = []

    def take(found: re.Match[str]) -> str:
        cards.append(found[0])
        return f'<div data-aside="{len(cards) - 1}"></div>'

    return CARD.sub(take, markdown), cards


def put_back(html: str, cards: list[str]) -> str:
    """Return the HTML of a page with its cards in their places."""
    found = {str(number): card for number, card in enumerate(cards)}
    return PLACE.sub(lambda place: found.get(place[1], place[0]), html)
