"""The journal of a run: its directory, its lines, and what a line may hold."""
