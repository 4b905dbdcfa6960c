"""What every other package may use: errors, atomic file writes, the cache, YAML with line numbers.

Imports nothing else of cardbook. Knows nothing of decks, examples or pages.
"""
