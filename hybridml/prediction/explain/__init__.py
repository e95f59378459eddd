"""Answers with reasons: what was considered for a row, how probable it is, and what counted for and against it."""

from .reasons import column_name, phrase_of

__all__ = ["column_name", "phrase_of"]
