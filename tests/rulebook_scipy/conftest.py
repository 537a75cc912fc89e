"""Makes the finite differences that the rules of NumPy are checked with importable here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "rulebook"))
