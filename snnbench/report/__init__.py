"""From journals to rows, and from rows to pages and tables. ``frame`` and ``imported`` are its DataFrames."""
