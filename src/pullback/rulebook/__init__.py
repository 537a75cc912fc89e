"""Derivatives of the world's functions, one file a domain, all in the notation of `pullback.rules`."""

from importlib import import_module
from pathlib import Path


def load() -> None:
    """Register every rule: import each file of this folder."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem != "__init__":
            import_module(f"{__name__}.{path.stem}")
