"""Answers from the feature store, a single photo or a candidates file: output, products, units and explanations."""
