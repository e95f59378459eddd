"""Golden artifacts: a small one of the present format with its answers, and one of an older format."""
