"""Importing this module ends the process once the thread that started it has ended.

The forkserver imports it before torch: a run that is ended in its first second leaves no server behind
that is still importing.
"""

from __future__ import annotations

from snnbench.execute.system import end_with_parent

end_with_parent()
