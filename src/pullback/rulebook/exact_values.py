"""Values that a library computes, with the derivatives of formulas which come to the same but for rounding.

    standing_for(exactly(stats.skew, a), formula of a)     SciPy's value, the formula's derivative

So a stand-in may be written as a textbook has it, and the value is the library's in every bit.
"""

from __future__ import annotations

from typing import Any

from pullback.fitting import fit
from pullback.rules import constant, rule
from pullback.tangents import WithheldTangent

IN_TEMPLATES = (fit,)


def exactly(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What a library function returns, as a constant."""
    return function(*args, **kwargs)


def standing_for(exact: Any, formula: Any) -> Any:
    """The value `exact`, with the derivative of the formula, which has its shape."""
    return exact


def without_slope(exact: Any, of: Any, what: str) -> Any:
    """The value `exact`, which depends on another as is not known: its derivative is refused where it is used."""
    return exact


def withheld(what: str) -> WithheldTangent:
    """A tangent that is refused where it is read."""
    return WithheldTangent(f"the derivative of {what} is not known")


constant(exactly)
rule(
    standing_for,
    "exact, formula",
    formula="fit(g, formula)",
    formula_dot="fit(formula_dot, y)",
    _inert="exact",
    _returns="numeric",
)
rule(without_slope, "exact, of, what", of="withheld(what)", of_dot="withheld(what)", _inert="exact")
