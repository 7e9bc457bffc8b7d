"""This room knows what a split holds, how it becomes batches, and where published files come from."""
