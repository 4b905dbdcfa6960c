"""One example's process: sandbox, subreaper, fork server and its client, jupyter_client provisioner.

Imports base only, and little of it: a forked kernel has all of it in memory. Knows no book, no records.
"""
