"""Sets the cards of a chapter aside while Markdown parses the page.

Markdown does not change their HTML, but parsing it takes most of the time in a large book. The pages would be
the same without this module.
"""

import re

# As `card_block` in cardbook/pages/chapter.py writes it: no line inside begins with </div>.
CARD = re.compile(r'^<div class="card" data-card=.*?^</div>$', re.DOTALL | re.MULTILINE)
PLACE = re.compile(r'<div data-aside="(\d+)"></div>')


def set_aside(markdown: str) -> tuple[str, list[str]]:
    """Return the Markdown of a page with a placeholder for each card, and the cards."""
    cards: list[str] = []

    def take(found: re.Match[str]) -> str:
        cards.append(found[0])
        return f'<div data-aside="{len(cards) - 1}"></div>'

    return CARD.sub(take, markdown), cards


def put_back(html: str, cards: list[str]) -> str:
    """Return the HTML of a page with its cards in place of the placeholders."""
    found = {str(number): card for number, card in enumerate(cards)}
    return PLACE.sub(lambda place: found.get(place[1], place[0]), html)
