"""Differentiable programming for Python, done the compiler's way.

    import pullback as pb
    pb.gradient(f)(x)
"""

from pullback import rulebook as _rulebook
from pullback.custom import derivative, derivatives, differentiable_function
from pullback.errors import (
    ArgumentError,
    ChangedValueError,
    CotangentError,
    DifferentiabilityError,
    PullbackError,
    RuleError,
    ZeroDerivativeWarning,
)
from pullback.inspection import derivative_source
from pullback.operators import Pullback, gradient, pullback, value_with_gradient, value_with_pullback
from pullback.recompute import recomputed, with_recomputation_in_pullbacks
from pullback.spaces import move, zero_tangent
from pullback.structs import Differentiable, no_derivative, register_differentiable
from pullback.surgery import with_derivative, without_derivative
from pullback.tangents import NO_TANGENT, ZERO, TangentVector

_rulebook.load()
