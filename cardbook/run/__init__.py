"""Running examples: the scheduler decides order and number, the executor runs one in its own kernel.

Imports records and what is below. Knows nothing of pages.
"""
