"""Running examples: the scheduler decides what runs and when, the executor runs one in its own kernel.

Imports records and what is below. Knows nothing of pages.
"""
