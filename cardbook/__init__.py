"""Builds a book of flashcards in which every example has been run."""
