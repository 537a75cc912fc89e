"""Each program of `refused/` is refused with the diagnostics marked under its lines, by every verb."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pullback as pb

from .refusals import FOLDER, Expected, check, marks, programs

PROGRAMS = programs()


def parameters():
    for program in PROGRAMS:
        bug = [pytest.mark.xfail(reason=program.bug, strict=False)] if program.bug else []
        yield pytest.param(program, id=f"{program.module}.{program.name}", marks=bug)


@pytest.mark.filterwarnings("ignore::pullback.ZeroDerivativeWarning")
@pytest.mark.parametrize("verb", [pb.gradient, pb.value_with_gradient, pb.pullback], ids=lambda v: v.__name__)
@pytest.mark.parametrize("program", list(parameters()))
def test_refused(program, verb):
    check(program, verb)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if not p.bug], ids=lambda p: f"{p.module}.{p.name}")
def test_refused_without_a_warning_beforehand(program):
    """A refusal is not preceded by a warning that the derivative is zero (warnings are errors here)."""
    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(program.function)(*program.args)


def test_every_function_of_the_folder_that_is_marked_is_declared():
    for path in FOLDER.glob("[a-z]*.py"):
        declared = len(re.findall(r"^ *@refused\(", path.read_text(), re.MULTILINE))
        assert declared == sum(p.module == path.stem for p in PROGRAMS)


def test_the_marks_are_read():
    program = next(p for p in PROGRAMS if p.name == "of_a_generator_whose_capture_is_rebound")
    (found,) = marks(program.function)
    lines = Path(program.function.__code__.co_filename).read_text().split("\n")
    assert lines[found.line - 1][found.column :][: found.width] == "(v * k for v in [1.0, 2.0])"
    assert (found.id, found.help) == ("capture-rebound", "bind the new value to another name")
    (label,) = found.labels
    assert isinstance(label, Expected)
    assert lines[label.line - 1][label.column :][: label.width] == "x * x"
