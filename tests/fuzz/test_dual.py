"""The oracle itself, against finite differences and by hand."""

from __future__ import annotations

import contextlib
import copy
import math
import random

import pytest

from . import dual
from .dual import MATH, Dual, Unsuitable
from .features import ALL, CORE, GROUPS, parse
from .oracle import Answer, derivatives, load
from .programs import generate
from .structures import leaves, rebuilt

STEPS = (1e-4, 1e-5, 1e-6, 1e-7)


def differences(source: str, j: int, k: int, step: float) -> float:
    """The central difference of output leaf `j` along input leaf `k`."""

    def at(move: float) -> float:
        namespace = load(source)
        numbers = leaves(namespace["ARGS"])
        numbers[k] += move
        return leaves(namespace["f"](*rebuilt(namespace["ARGS"], iter(numbers))))[j]

    return (at(step) - at(-step)) / (2 * step)


@pytest.mark.parametrize("first", range(0, 120, 10))
def test_duals_agree_with_finite_differences(first: int, capsys: pytest.CaptureFixture[str]) -> None:
    tested = 0
    for seed in range(first, first + 10):
        source = generate(seed, CORE).source
        with contextlib.suppress(Unsuitable):
            answer = derivatives(source)
            agree(seed, source, answer)
            tested += 1
    assert tested >= 7


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_duals_agree_with_differences_where_values_change_in_place(first: int) -> None:
    tested = 0
    for seed in range(first, first + 20):
        source = generate(seed, GROUPS["mutation"]).source
        with contextlib.suppress(Unsuitable):
            answer = derivatives(source)
            along_a_direction(seed, source, answer)
            tested += 1
    assert tested >= 16


def along_a_direction(seed: int, source: str, answer: Answer) -> None:
    """All leaves are moved at once: programs with arrays have many."""
    rng = random.Random(seed)
    moves = [rng.uniform(-1.0, 1.0) for _ in answer.jacobian[0]]
    exact = [sum(m * d for m, d in zip(moves, row)) for row in answer.jacobian]
    namespace = load(source)

    def at(step: float) -> list[float]:
        numbers = (v + step * m for v, m in zip(leaves(namespace["ARGS"]), moves))
        return leaves(namespace["f"](*copy.deepcopy(rebuilt(namespace["ARGS"], iter(numbers)))))

    tried = [[(p - m) / (2 * h) for p, m in zip(at(h), at(-h), strict=True)] for h in STEPS]
    for k, slope in enumerate(exact):
        near = 1e-4 * (1.0 + abs(slope)) + 1e-9 * answer.largest
        assert any(abs(t[k] - slope) <= near for t in tried), f"seed {seed}, [{k}]: {slope}, {tried}\n{source}"


def agree(seed: int, source: str, answer: Answer) -> None:
    for j, row in enumerate(answer.jacobian):
        for k, exact in enumerate(row):
            # rounding: that of the values in between, and of partials that cancel
            near = 1e-4 * (1.0 + abs(exact)) + 1e-9 * answer.largest
            tried = [differences(source, j, k, step) for step in STEPS]
            assert any(abs(d - exact) <= near for d in tried), f"seed {seed}, [{j}, {k}]: {exact}, {tried}\n{source}"


def test_rules_of_duals_by_hand() -> None:
    x, y = Dual(3.0, (1.0, 0.0)), Dual(2.0, (0.0, 1.0))
    assert (x * y).partials == (2.0, 3.0)
    assert (x / y).partials == (0.5, -0.75)
    assert (1 / x).partials == pytest.approx((-1 / 9, 0.0))
    assert (2 - x).partials == (-1.0, -0.0)
    assert (x**y).partials == pytest.approx((6.0, 9 * math.log(3)))
    assert (2.0**y).partials == pytest.approx((0.0, 4 * math.log(2)))
    assert (x % y).partials == (1.0, -1.0)
    assert abs(-x).partials == (1.0, 0.0)
    assert MATH.sqrt(x).partials == pytest.approx((0.5 / math.sqrt(3), 0.0))
    assert max(x, y) is x and min(x, y) is y and max(y, Dual(2.0, (5.0, 5.0))) is y
    assert sum([x, y]).partials == (1.0, 1.0)
    assert f"{x:.2f} {x} {x!r}" == "3.00 3.0 3.0"
    assert y < x and x == 3.0 and not x != 3


def test_duals_refuse_to_lose_their_partials() -> None:
    with pytest.raises(TypeError, match="derivative would be lost"):
        float(Dual(1.0, (1.0,)))
    with pytest.raises(TypeError):
        math.sin(Dual(1.0, (1.0,)))
    with pytest.raises(TypeError):
        int(Dual(1.0, (1.0,)))  # type: ignore[call-overload]


def test_a_program_out_of_range_is_unsuitable() -> None:
    for body in ("return x * 1e9", "return math.sqrt(-1.0 - x * x)", "return x / (x - x)", "return 3"):
        with pytest.raises(Unsuitable):
            derivatives(f"import math\ndef f(x):\n    {body}\nARGS = (0.5,)\n")


def test_an_endless_program_is_unsuitable() -> None:
    with pytest.raises(Unsuitable):
        derivatives("def f(x):\n    while True:\n        x = x * 1.0\nARGS = (0.5,)\n")


def test_the_oracle_notices_when_duals_change_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dual.Dual, "__neg__", lambda self: self)
    with pytest.raises(AssertionError, match="the oracle changed the program"):
        derivatives("def f(x):\n    return -x\nARGS = (0.5,)\n")


@pytest.mark.parametrize(
    "features", ["core", "all", "core,-if,-for", "math,pow", "all,-struct,-calls", "mutation", "arrays,stores", "every"]
)
def test_programs_are_deterministic_and_mostly_suitable(features: str, capsys: pytest.CaptureFixture[str]) -> None:
    good = 0
    for seed in range(60):
        source = generate(seed, parse(features)).source
        assert source == generate(seed, parse(features)).source
        try:
            derivatives(source)
            good += 1
        except Unsuitable:
            pass
    assert good >= 50


def test_the_grammar_reaches_every_feature() -> None:
    text = "\n".join(generate(seed, ALL).source for seed in range(400))
    for piece in (
        "break", "continue", "return", "while True", "else:", "elif", "lambda", "kept=", "enumerate(", "zip(",
        ".items()", "@property", "NamedTuple)", "frozen=True", "_other(", "n - 1", "*, scale", "print(f'", "assert ",
        "flag", " += ", " -= ", " *= ", " /= ", " % 2.5", " if ", " and ", " or ", ".get(", "apply_twice", ": float =",
        "match (", "try:", "with Scaling", ".append(", ":= ", "reversed(", "*rest_",
    ):  # fmt: skip
        assert piece in text, piece


def test_programs_that_change_values_reach_every_way_to_do_it() -> None:
    text = "\n".join(generate(seed, GROUPS["mutation"]).source for seed in range(500))
    for piece in (
        "[::-1]", ".T", ".reshape(", ".ravel()", "out=", "np.add.at(", ".fill(", "np.copyto(", ".sort(", ".append(",
        ".insert(", ".extend(", ".pop(", "del ", ".reverse()", ".update(", ".setdefault(", "self.u =", "def __init__",
        "@dataclass", ".child", "zeros_like", ".items()", "enumerate(", "[:] = ", " += ", "/= 1.5", "@property",
        "with Meter", "__slots__", "memo", "stack.append", "def touch_(", "np.where(", ".copy()", "if len(",
    ):  # fmt: skip
        assert piece in text, piece


def test_switched_off_features_do_not_appear() -> None:
    features = CORE - {"while", "lambda", "immediate", "higherorder"}
    text = "\n".join(generate(seed, features).source for seed in range(150))
    assert "while" not in text and ":= " not in text and "try:" not in text and ".append(" not in text
