"""Golden artifacts: one of each released format, with the answers it gave when it was made."""
