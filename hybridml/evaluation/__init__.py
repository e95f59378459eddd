"""Scores of answers, checks of submissions, and comparison of systems."""
