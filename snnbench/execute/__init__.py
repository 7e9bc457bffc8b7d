"""Each cell runs in a fresh process, watched by one parent."""
