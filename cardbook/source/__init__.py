"""What authors write: decks, `book.yml`, card ids and editions, example scripts.

Imports base only. Nothing here knows that an example is ever run or shown.
"""
