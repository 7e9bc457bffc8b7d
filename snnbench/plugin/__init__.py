"""The plugin contract has hooks and specs; the host finds and checks plugins."""
