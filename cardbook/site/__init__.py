"""The site: run, write pages and build with MkDocs; the MkDocs hook; the live preview.

Imports run, pages and what is below. Nothing here decides what a page says.
"""
