"""Runs what a reader copies from a built site, and compares a published site with this checkout.

Imports pages, records and what is below. Reads the built site, never the generator's own state of it.
"""
