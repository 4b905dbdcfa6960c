"""Carries out the workflows on this machine: `make rehearse`."""
