"""The command line: the verbs by subject, the options they share, and the examinations of `doctor`.

Imports everything; nothing imports it. To add a verb, write its function in the module of its subject and
add it to that module's COMMANDS.
"""
