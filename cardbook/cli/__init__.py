"""The command line: one function for each command, and `doctor`.

Imports everything; nothing imports it.
"""
