"""One example's process: sandbox, subreaper, fork server and its client, jupyter_client provisioner.

Imports nothing else of cardbook: a forked kernel has all of it in memory. Knows no book, no records.
"""
