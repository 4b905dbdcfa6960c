"""What a run depends on and leaves: environment, inputs, fingerprint, record store, status, drift, ingestion.

Imports base, source, models and kernel. Nothing here runs an example or writes a page.
"""
