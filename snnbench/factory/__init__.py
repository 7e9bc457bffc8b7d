"""Make components from Python, by the names that a matrix uses."""
