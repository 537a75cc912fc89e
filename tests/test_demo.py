"""The tutorial and the command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pullback
from pullback.__main__ import TUTORIAL, main

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "custom_differentiation.py"


def run(*arguments, cwd=None):
    environment = {"PYTHONIOENCODING": "utf-8", "PATH": "", "PYTHONPATH": str(Path(pullback.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-X", "utf8", *arguments],
        capture_output=True, encoding="utf-8", env=environment, timeout=60, check=False, cwd=cwd,
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    done = run("-m", "pullback", "demo", cwd=tmp_path_factory.mktemp("elsewhere"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def section(demo, title):
    found = [part for part in re.split(r"^--- ", demo, flags=re.MULTILINE) if part.startswith(title)]
    assert len(found) == 1
    return found[0]


def in_order(text, *pieces):
    position = 0
    for piece in pieces:
        assert piece in text[position:], f"{piece!r} does not follow in:\n{text}"
        position = text.index(piece, position) + len(piece)


def test_the_packaged_tutorial_is_the_example():
    assert TUTORIAL.read_text(encoding="utf-8") == EXAMPLE.read_text(encoding="utf-8")


def test_the_tutorial_is_under_120_lines():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120
    assert max(map(len, lines)) <= 120


def test_the_example_runs_by_itself(tmp_path):
    done = run(str(EXAMPLE), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_custom_derivative(demo):
    text = section(demo, "A custom derivative")
    line = r"Taking e\(2\.71828\d+\) to the power of 3\.0!\n"
    assert re.search(rf"{line}exp\(3\) = 20\.0855369\d+\n{line}∇exp\(3\) = 20\.0855369\d+\n", text)
    assert text.count("Taking e(") == 2


def test_without_derivative(demo):
    text = section(demo, "Stop derivatives")
    assert re.search(r"\(-0\.18009877\d+, 0\.0\)", text)
    assert text.count("warning[zero-derivative]") == 1
    assert "= help: pb.without_derivative" in text


def test_hooks_run_in_reverse_program_order(demo):
    text = section(demo, "Derivative surgery")
    in_order(text, "∂log/∂x = 0.0333333", "rewritten to 0.5", "∂+/∂sin = 1.0", "= 0.654251449887")  # float
    in_order(text, "∂log/∂x = 0.033333335 ", "∂+/∂sin = 1.0", "= 0.65425146")  # float32
    in_order(text, "longdouble", "∂log/∂x = [", "∂+/∂sin = [1. 1.]", "[0.65425145 1.41474236]")
    in_order(text, "∂product/∂p = Point.TangentVector(x=4.0, y=3.0)", "∂product/∂x = 4.0")
    assert text.count("∂+/∂sin") == text.count("∂log/∂x") == 4


def test_xor_network(demo):
    text = section(demo, "Hooks in a neural network")
    losses = [float(loss) for loss in re.findall(r"Loss: (\S+)", text)]
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True) and len(set(losses)) == 10
    steps = text.split("Loss:")[1:]
    for step in steps:
        in_order(step, "∂L/∂ŷ =", "∂L/∂layer1 =")


def test_recomputation(demo):
    text = section(demo, "Recomputation")
    in_order(
        text, "Running original computation...", "Computing square...", "Running backpropagation...",
        "Computing square...", "Gradient = -0.9129452507",
    )  # fmt: skip
    assert text.count("Computing square...") == 2
    steps = text.split("Starting training step")[1:]
    assert len(steps) == 5
    for step in steps:
        in_order(step, "Running original", "Applying Conv2D", "Loss:", "Running backpropagation", "Applying Conv2D")
        assert step.count("Applying Conv2D layer...") == 2
    losses = [float(loss) for loss in re.findall(r"Loss: (\S+)", text)]
    assert losses == sorted(losses, reverse=True) and len(set(losses)) == 5


def test_the_derivatives_own_source(demo):
    text = section(demo, "What no tracer can show")
    in_order(text, "def gradient_of_power(x, n):", "for _ in range(n):", "# y = y * x", "return d_x")
    assert "Every number was right." in text


def test_a_wrong_number_fails(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    spoilt = text.replace("return y, lambda v: v * y", "return y, lambda v: v * y * 1.0001")
    assert spoilt != text
    program = tmp_path / "spoilt.py"
    program.write_text(spoilt, encoding="utf-8")
    done = run(str(program))
    assert done.returncode == 1
    assert "AssertionError" in done.stderr


def test_an_ascii_terminal_can_run_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pullback", "demo"], capture_output=True, check=False, timeout=60, cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PATH": "", "PYTHONPATH": str(Path(pullback.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 0
    assert rb"\u2202log/\u2202x" in done.stdout


def test_info_names_versions(capsys):
    assert main(["info"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(lines) == {"pullback", "python", "platform", "numpy", "numba", "torch", "jax", "cupy"}
    assert lines["python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert lines["numpy"][0].isdigit()


def test_without_a_command_it_prints_help(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "demo" in out and "info" in out


def test_an_unknown_command_prints_help_and_fails(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["nonsense"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "run the tutorial" in error and "'nonsense'" in error


def test_module_exit_codes():
    assert run("-m", "pullback").returncode == 0
    assert run("-m", "pullback", "nonsense").returncode == 2
    assert run("-m", "pullback", "info").returncode == 0
