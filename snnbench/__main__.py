"""``python -m snnbench`` is ``snnbench``."""

from snnbench.cli import main

main()
