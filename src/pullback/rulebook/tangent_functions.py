"""Derivatives of what generated derivatives call: each of these is linear in its tangents."""

from __future__ import annotations

from typing import Any

from pullback.along import drawn_along, is_along, moving, own_iteration, paired_generator, pairs_of
from pullback.attributes import STANDING, itself, kept_value
from pullback.differential_calls import (
    constructor_fields,
    method_parts,
    unwrapped,
)
from pullback.differential_changes import object_of
from pullback.differential_objects import (
    as_numbers,
    class_methods,
    how_attribute,
    how_item,
    how_method,
    how_operator,
    is_answer,
)
from pullback.dispatch import changes_something, observe, plainly
from pullback.effects import is_caller, may_mutate
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit, fit_like, fit_to, meta
from pullback.mirrors import aliased, complete, mirror, mirrors, own
from pullback.rules import constant, rule
from pullback.runtime import keep
from pullback.separate import separated
from pullback.spaces import is_differentiable, move, moves_by_sums, zero_tangent
from pullback.tangent_parts import (
    collected,
    dense,
    elements,
    elements_cotangent,
    field_part,
    filled,
    gathered_vector,
    is_zero,
    listed,
    part,
    part_cotangent,
    partial_cotangent,
    partial_parts,
    partial_tangents,
    projected,
    refuse_mapping,
    vector_parts,
    walked,
)
from pullback.tangents import ZERO, add, product, scale
from pullback.template_functions import caller_of, operator_caller

rule(add, "a, b", a="g", b="g", a_dot="a_dot", b_dot="b_dot", _returns="unknown")
rule(
    scale,
    "t, factor",
    t="scale(g, factor)",
    factor="fit(product(g, t), factor)",
    t_dot="scale(t_parts, factor)",
    factor_dot="scale(t, factor_parts)",
    _returns="unknown",
)
rule(
    product,
    "t, u",
    t="scale(u, g)",
    u="scale(t, g)",
    t_dot="product(t_parts, u)",
    u_dot="product(t, u_parts)",
    _returns="unknown",
)
rule(
    move,
    "x, along",
    x="g if moves_by_sums(x) else ZERO",
    along="g if moves_by_sums(x) else ZERO",
    x_dot="x_parts if moves_by_sums(x) else ZERO",
    along_dot="along_parts if moves_by_sums(x) else ZERO",
    _returns="unknown",
)
rule(fit, "t, x", t="fit(g, t)", _linear="t", _inert="x", _returns="unknown", _alias=True)
rule(fit_to, "t, shape, dtype", t="fit(g, t)", _linear="t", _returns="unknown", _alias=True)
rule(fit_like, "t, m", t="fit(g, t)", _linear="t", _returns="unknown", _alias=True)
rule(part, "t, key", t="part_cotangent(g, t, key)", t_dot="part(t_parts, key)", _returns="unknown", _alias=True)
rule(
    field_part,
    "obj, t, name",
    t="part_cotangent(g, t, name)",
    t_dot="field_part(obj, t_parts, name)",
    _inert="obj",
    _returns="unknown",
    _alias=True,
)
rule(
    gathered_vector,
    "value, names, parts",
    parts="vector_parts(g, value, names)",
    parts_dot="gathered_vector(value, names, parts_parts)",
    _inert="value",
    _returns="unknown",
    _alias=True,
)
rule(filled, "t, x", t="g", t_dot="filled(t_dot, x)", _inert="x", _returns="unknown", _itself=0)
rule(projected, "t, x", t="g", t_dot="projected(t_dot, x)", _inert="x", _returns="unknown", _itself=0)
rule(mirror, "x, t=ZERO", t="g", t_dot="mirror(x, t_dot)", _inert="x", _returns="container")
rule(mirrors, "xs, ts", ts="g", ts_dot="mirrors(xs, ts_dot)", _inert="xs", _returns="tuple")
rule(complete, "t, x", t="g", t_dot="complete(t_parts, y)", _inert="x", _returns="unknown", _itself=0)
rule(aliased, "t, y, x_dot, x", t="g", t_dot="t_dot", _inert="y, x_dot, x", _returns="unknown", _itself=0)
rule(walked, "xs, t", xs="g", xs_dot="xs_parts", _inert="t", _returns="unknown", _alias=True)
rule(separated, "ts, xs", ts="g", ts_dot="separated(ts_dot, xs)", _inert="xs", _returns="tuple")
rule(own, "t", t="g", t_dot="own(t_dot)", _returns="unknown")
rule(keep, "x", x="g", x_dot="keep(x_dot)", _returns="like")
rule(dense, "t, x", t="g", t_dot="t_dot", _inert="x", _returns="unknown", _itself=0)
rule(
    elements,
    "t, xs",
    t="elements_cotangent(g, t, xs)",
    t_dot="elements(t_parts, xs)",
    _inert="xs",
    _returns="unknown",
    _alias=True,
)
rule(collected, "xs", xs="g", xs_dot="xs_parts", _returns="unknown", _alias=True)
rule(listed, "xs", xs="g", xs_dot="xs_parts", _returns="unknown", _alias=True)
rule(method_parts, "fn", fn="part(g, 1)", fn_dot="(ZERO, fn_dot)", _returns="tuple")
rule(partial_parts, "fn", fn="partial_cotangent(g)", fn_dot="partial_tangents(fn_dot, fn)", _returns="tuple")
rule(
    partial_tangents, "t, fn", t="partial_cotangent(g)", t_dot="partial_tangents(t_dot, fn)", _inert="fn",
    _returns="tuple",
)  # fmt: skip
rule(unwrapped, "fn", fn="g", fn_dot="fn_dot", _returns="unknown")
rule(paired_generator, "fn", fn="g", fn_dot="fn_dot", _returns="unknown")
rule(drawn_along, "pairs", pairs="g", pairs_dot="pairs_dot", _returns="unknown", _alias=True)
rule(pairs_of, "it", it="g", it_dot="it_dot", _returns="unknown", _alias=True)
constant(is_along, returns="bool")
constant(own_iteration, moving, refuse_mapping)


def only_once(g: Any, fn: Any) -> Any:
    """The cotangent of a callee; of a bound method that is kept as a value none is known."""
    if isinstance(fn, STANDING) and not is_zero(g):
        raise DifferentiabilityError(
            "a derivative of a derivative through a bound method that is kept as a value is not differentiated yet; "
            "call the method on its object, or keep a lambda that does"
        )
    return g


rule(as_numbers, "operands", operands="g", operands_dot="operands_dot", _returns="unknown", _alias=True)
rule(itself, "obj", obj="g", obj_dot="obj_parts", _returns="unknown", _alias=True)
rule(object_of, "fn", fn="only_once(g, fn)", fn_dot="fn_dot", _returns="unknown", _alias=True)
rule(kept_value, "value, obj, name", value="g", value_dot="value_parts", _returns="unknown", _alias=True, _inert="obj")
rule(plainly, "fn", fn="g", fn_dot="fn_dot", _returns="unknown", _alias=True)
constant(
    moves_by_sums,
    is_differentiable,
    is_zero, zero_tangent, meta, how_method, how_attribute, how_item, how_operator, class_methods, is_answer,
    constructor_fields, operator_caller, caller_of, is_caller, may_mutate, changes_something,
    observe,  # (what it returns reaches no result, so none of its derivatives does)
)  # fmt: skip

__all__ = ["ZERO", "elements_cotangent", "part_cotangent", "partial_cotangent", "vector_parts"]
