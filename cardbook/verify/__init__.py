"""Runs what a reader copies from a built site, and compares a published site with this checkout.

Imports pages, records and what is below. Reads only the built site, never the generator's intermediate state.
"""
