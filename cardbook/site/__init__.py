"""The site: runs, writes pages, builds with MkDocs; the look and standard pages of every book; live preview.

Imports run, pages and below. What chapters, study page and notebooks say is decided in pages, not here.
"""
