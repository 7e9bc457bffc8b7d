"""A run: execute a plan's missing cells and journal each as it finishes."""
