"""Remember what trying a plugin's import showed, in the user's cache folder, until something changes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from snnbench.errors import StoreError
from snnbench.files import replace_file
from snnbench.plugin.hookspecs import PROJECT
from snnbench.plugin.sources import Source


@dataclass(frozen=True)
class Verdict:
    """This says whether a plugin may be imported in this process.

    Attributes:
        refusal: Why not; empty if it may.
        changes: What of the process its import changes.
        files: Digest of each source file that the verdict depends on, by path.
    """

    refusal: str = ""
    changes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def recall(source: Source) -> Verdict | None:
    """Return the verdict that was reached before on ``source`` as it is now, or None."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        kept = json.loads(_place(source).read_bytes())
        verdict = Verdict(str(kept["refusal"]), tuple(kept["changes"]), dict(kept["files"]))
        if all(_digest(Path(file)) == digest for file, digest in verdict.files.items()):
            return verdict
    return None


def remember(source: Source, verdict: Verdict) -> None:
    """Keep ``verdict``, if there is a place for it and anything by which to tell that it still holds."""
    if verdict.files:
        with suppress(OSError, StoreError):
            replace_file(_place(source), json.dumps(asdict(verdict)).encode())


def files_behind(source: Source, imported: Iterable[str] = ()) -> dict[str, str]:
    """Digests of the source files of a plugin's package, and of modules that are no installed package's.

    Args:
        source: The plugin. It need not be importable.
        imported: Names of the modules that its import brought in.
    """
    files = set(_package_files(source.module.partition(".")[0]))
    libraries = {str(Path(path).resolve()) for path in sysconfig.get_paths().values()}
    for name in imported:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and name.partition(".")[0] != PROJECT:
            path = Path(file).resolve()
            if not libraries.intersection(map(str, path.parents)):
                files.add(path)
    return {str(file): _digest(file) for file in sorted(files) if file.is_file()}


def _package_files(package: str) -> Iterable[Path]:
    """Source files of a top-level module or package, which is found without being imported."""
    try:
        found = importlib.util.find_spec(package) if package else None
    except (ImportError, ValueError, AttributeError, TypeError):
        return []
    if found is None:
        return []
    if found.submodule_search_locations is not None:
        return [file for folder in found.submodule_search_locations for file in Path(folder).rglob("*.py")]
    return [Path(found.origin or "")]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _place(source: Source) -> Path:
    """Return the file for verdicts on ``source`` beside the packages that are installed now."""
    import platformdirs

    entry = source.entry
    about = [
        entry.name,
        entry.value,
        source.distribution,
        source.version,
        sys.prefix,
        platform.python_version(),
    ]
    for name in (PROJECT, "torch"):
        with suppress(PackageNotFoundError):
            about.append(version(name))
    for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        with suppress(OSError):
            about.append(str(Path(folder).stat().st_mtime_ns))  # installing anything changes it
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
    return platformdirs.user_cache_path(PROJECT) / "plugins" / f"{key}.json"
