"""The facts that are refused today, and why: one list. A name that leaves it must be right from then on."""

LATER: dict[str, str] = {}
