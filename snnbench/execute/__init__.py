"""Running cells: each in a fresh process, watched by one parent."""
