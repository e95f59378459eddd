"""The ranker's columns in words: what each is about, and what its value says of a candidate."""

from .column_names import JOINT, NOUNS, column_words, plain
from .phrases import Told, words_of

__all__ = ["JOINT", "NOUNS", "Told", "column_words", "plain", "words_of"]
