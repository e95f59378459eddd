"""The HTML report of a run: a folder with numbers, every row as a card, suspect labels and corrections."""
