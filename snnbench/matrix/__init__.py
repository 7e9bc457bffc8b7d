"""This room expands a matrix file into a plan of cells, with reasons for what is skipped."""
