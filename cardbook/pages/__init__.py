"""The generated part of docs/: chapters, study page, notebooks, figures, Anki deck, provenance.json.

Imports records and what is below. Never runs an example, and knows nothing of MkDocs.
"""
