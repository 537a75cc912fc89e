"""Injected errors that change no derivative, by the beginning of their names, with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}


def reason(name: str) -> str:
    """Why a mutant is no error, or an empty text."""
    return next((why for start, why in EQUIVALENT.items() if name.startswith(start)), "")
