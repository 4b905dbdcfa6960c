"""Profiles: where models come from, the embedded default first."""

PROFILES = ("offline", "hub")
