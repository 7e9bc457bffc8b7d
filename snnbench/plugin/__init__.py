"""The plugin contract: hooks, specs, and the host that finds and checks plugins."""
