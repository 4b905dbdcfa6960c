"""The command line: the commands by subject, their shared options, and the checks of `doctor`.

Imports everything; nothing imports it. To add a command, write its function in the module of its subject and
add it to that module's COMMANDS.
"""
