"""Evaluation: the metric, comparisons of systems on the same folds, the baselines to compare with, and submissions."""
