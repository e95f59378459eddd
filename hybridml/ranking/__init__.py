"""Ranking: learned features, ranker, joint scoring of dimensions, calibration, the fitted model and its training."""
