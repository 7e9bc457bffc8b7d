"""A probe that returns has found the claim true; else it raises one of these."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818  a finding, not an error of the suite
    """A component is not what it claims to be.

    Args:
        found: What it does instead.
        smallest: The smallest input that shows it.
        hint: What its author can do.

    Attributes:
        about: The component and the claim; the case that ran the probe fills it in.
    """

    def __init__(self, found: str, *, smallest: str = "", hint: str = "") -> None:
        super().__init__(found, smallest, hint)
        self.found = found
        self.smallest = smallest
        self.hint = hint
        self.about = ""

    def __str__(self) -> str:
        lines = [f"{self.about}: {self.found}" if self.about else self.found]
        lines += [f"smallest input: {self.smallest}"] if self.smallest else []
        lines += [f"hint: {self.hint}"] if self.hint else []
        return "\n".join(lines)


class Undecided(Exception):  # noqa: N818  not an error
    """Probing cannot tell, or there is nothing to tell; the text says why. Never to be taken for a pass."""
