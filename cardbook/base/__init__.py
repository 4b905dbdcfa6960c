"""What every other package may use: errors, whole files, the cache, YAML with line numbers.

Imports nothing else of cardbook. Knows nothing of decks, examples or pages.
"""
