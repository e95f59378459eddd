"""A reading as tokens, and a network over them that scores numbers in units; in torch to learn, in numpy to score."""
