"""What is benchmarked is right: reference values, and finite differences along a random direction."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pullback as pb

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import goals
import report
import works
from measure import measure

ROOT = Path(__file__).parents[2]
NOT_YET = {("hand", "test, Jacobian, NumPy")}  # `append` in forward mode


def all_cases():
    return [(name, case) for name in works.NAMES for case in works.work(name).cases(True)]


CASES = all_cases()


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}-{c.name}" for n, c in CASES])
def test_derivative(name, case):
    if case.check is not None:
        case.check()
    if case.make_ours is not None:
        case.ours()()
        return
    if (name, case.name) in NOT_YET:
        try:
            case.ours()()
        except pb.DifferentiabilityError:
            return
    if case.verb != "gradient":
        J = case.ours()()
        values = case.args[0]
        step = np.random.default_rng(0).normal(size=values.shape) * 1e-6
        up, down = case.f(values + step, *case.args[1:]), case.f(values - step, *case.args[1:])
        np.testing.assert_allclose(J @ step, 0.5 * (up - down), rtol=1e-5, atol=1e-12)
        return
    tangents = case.ours()()
    active = case.wrt if case.wrt is not None else tuple(i for i, a in enumerate(case.args) if not isinstance(a, int))
    tangents = (tangents,) if len(active) == 1 else tangents
    rng = np.random.default_rng(0)
    directions = [direction(case.args[i], rng) for i in active]

    def at(h):
        args = list(case.args)
        for i, d in zip(active, directions):
            args[i] = pb.move(args[i], along=scaled(d, h))
        return float(case.f(*args))

    expected = min((abs(slope(at, h) - sum(map(dot, tangents, directions))), slope(at, h)) for h in (1e-4, 1e-5, 1e-6))
    assert expected[0] <= 1e-5 * max(1.0, abs(expected[1])), expected


def slope(at, h):
    return (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)


def direction(x, rng):
    """A direction of the size of each value."""
    if isinstance(x, float):
        return float(rng.normal()) * x * 0.1
    if isinstance(x, np.ndarray):
        return rng.normal(size=x.shape) * np.maximum(np.abs(x), 0.1) * 0.1
    if isinstance(x, list):
        return [direction(v, rng) for v in x]
    zero = pb.zero_tangent(x)
    return type(zero)(**{k: direction(getattr(x, k), rng) for k in vars(zero)})


def scaled(d, h):
    return [scaled(v, h) for v in d] if isinstance(d, list) else d * h


def dot(t, d):
    if isinstance(t, list):
        return sum(map(dot, t, d))
    if hasattr(t, "__dict__") and not isinstance(t, np.ndarray):
        return sum(dot(v, getattr(d, k)) for k, v in vars(t).items())
    return float(np.sum(t * d))


def test_report_of_one_case():
    case = next(c for n, c in CASES if n == "loop")
    case.auto, case.peers, case.numba, case.compiled = "", {}, None, False
    row = measure(case, 0.02)
    assert row["ratios"]["pullback / primal"]["median"] > 1.0
    results = {"machine": "here", "works": {"loop": {"title": "t", "machine": "here", "rows": [row]}}}
    text = report.markdown(results)
    assert "100 iterations" in text and "not measured" in text
    assert len(goals.judged(results)) == len(goals.GOALS) + len(goals.LIMITS) + len(goals.STARTUP)


def test_every_goal_is_of_a_case_that_exists():
    names = {(n, c.name) for n in works.NAMES for c in works.work(n).cases(False)}
    assert {(g.work, g.case) for g in goals.GOALS} | {(w, c) for w, c, *_ in goals.LIMITS} <= names


def test_readme_has_a_place_for_the_table():
    text = (ROOT / "README.md").read_text()
    assert text.count(report.START) == text.count(report.END) == 1
