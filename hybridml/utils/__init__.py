"""Helpers that know nothing of photos or quantities: files, paths, hashing, optional packages, plugins."""
