"""Differentiable programming for Python, done the compiler's way.

    import pullback as pb
    pb.gradient(f)(x)
"""

import os
from importlib import import_module

from pullback import lent_verbs as _lent_verbs
from pullback import rulebook as _rulebook
from pullback.contract import differentiable
from pullback.custom import derivative, derivatives, differentiable_function
from pullback.errors import (
    ArgumentError,
    AuditWarning,
    ChangedValueError,
    CotangentError,
    DifferentiabilityError,
    NotFiniteError,
    PullbackError,
    RuleError,
    WrongRuleError,
    ZeroDerivativeWarning,
)
from pullback.forward_verbs import Differential, differential, value_with_differential
from pullback.inspection import derivative_source
from pullback.kept import Residuals, residuals
from pullback.locating import show_internal_frames
from pullback.marked_source import MarkedSource, activity
from pullback.not_finite import debug_nans
from pullback.operators import Pullback, gradient, pullback, value_with_gradient, value_with_pullback
from pullback.recompute import recomputed, with_recomputation_in_pullbacks
from pullback.second_order import hessian, hvp, jacobian
from pullback.spaces import move, zero_tangent
from pullback.structs import Differentiable, no_derivative, register_differentiable
from pullback.surgery import with_derivative, without_derivative
from pullback.tangents import NO_TANGENT, ZERO, TangentVector

_rulebook.load()
assert _lent_verbs.COUNTED

_LAZY = ("nn", "optim", "testing")


def __getattr__(name: str) -> object:
    """`pb.nn`, `pb.optim` and `pb.testing` are imported when they are first used."""
    if name in _LAZY:
        return import_module(f"pullback.{name}")
    if name == "audit":
        return import_module("pullback.auditing").audit
    if name == "check_derivative":
        return import_module("pullback.testing").check_derivative
    if name == "jit":
        return import_module("pullback.compiled.jit").jit
    raise AttributeError(f"module 'pullback' has no attribute {name!r}")


if os.environ.get("PULLBACK_AUDIT", "0") not in ("", "0"):
    import_module("pullback.auditing").install()

__all__ = [
    "NO_TANGENT",
    "ZERO",
    "ArgumentError",
    "AuditWarning",
    "ChangedValueError",
    "CotangentError",
    "DifferentiabilityError",
    "Differentiable",
    "Differential",
    "MarkedSource",
    "NotFiniteError",
    "Pullback",
    "PullbackError",
    "Residuals",
    "RuleError",
    "TangentVector",
    "WrongRuleError",
    "ZeroDerivativeWarning",
    "activity",
    "audit",
    "check_derivative",
    "debug_nans",
    "derivative",
    "derivative_source",
    "derivatives",
    "differentiable",
    "differentiable_function",
    "differential",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "move",
    "nn",
    "no_derivative",
    "optim",
    "pullback",
    "recomputed",
    "register_differentiable",
    "residuals",
    "show_internal_frames",
    "testing",
    "value_with_differential",
    "value_with_gradient",
    "value_with_pullback",
    "with_derivative",
    "with_recomputation_in_pullbacks",
    "without_derivative",
    "zero_tangent",
]  # fmt: skip
