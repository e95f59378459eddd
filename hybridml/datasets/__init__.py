"""Data: tables of rows, labels and predictions, photos, groups and folds, downloads, and the sample set."""
