"""Measures how fast a book is built, compared with other tools that execute examples."""
