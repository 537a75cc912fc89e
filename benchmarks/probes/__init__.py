"""The twenty probes of silently wrong gradients: one small program each, for this library and its peers.

`tests/test_silent_wrong.py` runs them on pullback, `benchmarks/silent_wrong.py` on whatever is installed.
Peers are imported only where a program of theirs runs.
"""

from probes import conversions, recomputation, rules, structures
from probes.judging import NAMES, PROBES, SPEAK, Absent, Outcome, Probe, numbers, run

PROBES.sort(key=lambda p: p.number)
__all__ = [
    "NAMES", "PROBES", "SPEAK", "Absent", "Outcome", "Probe",
    "conversions", "numbers", "recomputation", "rules", "run", "structures",
]  # fmt: skip
