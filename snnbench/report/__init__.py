"""Journals become rows, and rows become pages and tables; ``frame`` and ``imported`` make DataFrames."""
