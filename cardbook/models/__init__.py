"""The models of `models.toml`: the manifest, the store (a Hugging Face cache), the download.

Imports base only. Knows nothing of the book that uses the models.
"""
