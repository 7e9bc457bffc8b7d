"""From a matrix file to a plan: validated text, expanded into cells, with reasons for what is skipped."""
