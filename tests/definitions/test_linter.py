"""`python -m pullback check`: what it finds, what it imports, how it reports, and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import pullback
from pullback import analysing
from pullback.__main__ import main
from pullback.cli.formats import painted
from pullback.cli.linting import lint

ROOT = Path(__file__).parents[2]

BROKEN = """
import struct
import pullback as pb
from . import helpers
from .helpers import packed, square as power

1 / 0  # (if it were imported)

@pb.differentiable
def f(x):
    return float(int(x))

@pb.differentiable(wrt="z")
def g(x, y):
    return x * y

@pb.differentiable
def h(x):
    return power(x) + packed(x) + helpers.packed(2.0 * x)

@pb.differentiable
def constant(x):
    return 3.0

def unchecked(x):
    return struct.pack("d", x)

class Tank:
    @pb.differentiable
    @staticmethod
    def level(x):
        return sum({x, 2.0 * x})

    @pb.differentiable
    def volume(self, x):
        def inner(t):
            return packed(t * 2.0)
        return inner(x)
"""
HELPERS = """
import struct
import antigravity

def square(x):
    return x * x

def packed(y):
    return struct.unpack("d", struct.pack("d", y))[0]
"""
RIGHT = """
import math
from dataclasses import dataclass
import pullback as pb
import no_such_library
from no_such_library.inner import thing

table = no_such_library.load("x")
sin = math.sin
if table:
    def either(x):
        return thing(x)
else:
    def either(x):
        return math.sin(x)

def silly(x):
    return thing(x)

@pb.derivative(of=silly)
def silly_vjp(x):
    return silly(x), lambda v: v

@pb.differentiable
def f(x, n):
    return silly(x) + either(x) + sin(x) * table[n] + thing(x) + later(x)

def later(x):
    return f(x, 2)

@pb.differentiable
@dataclass
class Spring:
    k: float
    rest: float = pb.no_derivative(1.0)
    coils: list[int] = None

    def force(self, x):
        return -self.k * (x - self.rest)

@pb.differentiable
class Model(pb.nn.Layer):
    def __call__(self, x):
        return self.w * x
"""
RULES = """
import math
import pullback as pb

def cube(x):
    return x ** 3

@pb.derivative(of=cube)
def cube_vjp(x):
    return cube(x), lambda v: 3.0 * x * x * v

@pb.derivative(of=cube)
def again(x):
    return cube(x), lambda v: v

@pb.derivative(of=math.erf)
def erf_vjp(x, y):
    return x, lambda v: v

def product(x, y):
    return x * y

@pb.derivative(of=product)
def product_vjp(x, y):
    return x * y

@pb.derivative(of=product, wrt="x")
def product_x(x, y):
    def pull(v, w):
        return v * y
    return x * y, pull

@pb.derivative(of=math.nextafter)
def nextafter_vjp(x, y):
    return math.nextafter(x, y), lambda v: (v, 0.0, v)
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "model.py").write_text(BROKEN)
    (folder / "helpers.py").write_text(HELPERS)
    return folder


def found(*paths, **options):
    return [(d.id, Path(d.span.filename).name, d.span.line) for d in lint(list(paths), **options).diagnostics]


def line(text, part):
    return 1 + next(i for i, x in enumerate(text.split("\n")) if part in x)


def test_what_it_finds(package):
    packed = line(HELPERS, "struct.pack(")
    assert found(package) == [
        ("no-derivative", "helpers.py", packed),
        ("non-differentiable-result", "model.py", line(BROKEN, "float(int(x))")),
        ("wrt-unknown", "model.py", line(BROKEN, "def g")),
        ("zero-derivative", "model.py", line(BROKEN, "return 3.0")),
        ("unsupported-construct", "model.py", line(BROKEN, "sum({x")),
    ]
    report = lint([package])
    assert report.definitions == 6 and report.files == 3
    assert report.diagnostics[0].notes == (f"called at {package}/model.py:{line(BROKEN, 'power(x) +')}:23",)


def test_nothing_of_it_is_imported(package):
    program = f"""
import sys
from pathlib import Path
from pullback.cli.linting import lint
before = set(sys.modules)
lint([Path({str(package)!r})])
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {m for m in done.stdout.split() if m.split(".")[0] in ("broken", "model", "helpers", "antigravity")}


def test_what_is_right_or_not_known_is_silent(tmp_path):
    (tmp_path / "right.py").write_text(RIGHT)
    report = lint([tmp_path / "right.py"])
    assert [d.render() for d in report.diagnostics] == []
    assert report.definitions == 3


def test_functions_without_a_contract_are_checked_if_asked(package):
    assert not [f for f in found(package) if f[2] == line(BROKEN, "return struct.pack")]
    assert ("no-derivative", "model.py", line(BROKEN, "return struct.pack")) in found(package, everything=True)


def test_registrations(tmp_path):
    (tmp_path / "rules.py").write_text(RULES)
    assert found(tmp_path) == [
        ("duplicate-derivative", "rules.py", line(RULES, "def again")),
        ("vjp-arity", "rules.py", line(RULES, "def erf_vjp")),
        ("vjp-result", "rules.py", line(RULES, "def product_vjp") + 1),
        ("vjp-pullback", "rules.py", line(RULES, "def pull")),
        ("vjp-tangents", "rules.py", line(RULES, "(v, 0.0, v)")),
    ]


ALONE = BROKEN.replace("from . import", "import").replace("from .h", "from h").replace("1 / 0", "")


@pytest.mark.parametrize("program", [RULES, ALONE])
def test_importing_a_module_says_the_same(program, tmp_path, monkeypatch):
    """The first error that an import raises is among those of the linter."""
    (tmp_path / "checked_module.py").write_text(program)
    (tmp_path / "helpers.py").write_text(HELPERS.replace("import antigravity", ""))
    monkeypatch.syspath_prepend(tmp_path)
    ids = {f[0] for f in found(tmp_path / "checked_module.py")}
    with pytest.raises(pullback.PullbackError) as raised:
        __import__("checked_module")
    error = raised.value
    assert {d.id for d in getattr(error, "diagnostics", ())} or {error.id}
    assert ({d.id for d in getattr(error, "diagnostics", ())} or {error.id}) <= ids


def test_the_examples_of_the_project_are_right(capsys):
    assert main(["check", str(ROOT / "examples"), "--all", "--strict"]) == 0
    assert "nothing wrong: checked 1" in capsys.readouterr().out


def test_a_package_of_a_thousand_functions(tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for number in range(20):
        body = ["import math", "import numpy as np", "import pullback as pb"]
        if number:
            body.append(f"from .part{number - 1} import f0 as before")
        for i in range(50):
            call = f"f{i - 1}(y, n)" if i else "before(y, n)" if number else "y"
            wrong = " + float({y}.pop())" if i == 25 and number % 5 == 0 else ""
            body.append(
                textwrap.dedent(f"""
                @pb.differentiable
                def f{i}(x: float, n: int):
                    y = x * math.sin(x) + {i}.0
                    for k in range(n):
                        y = y + x / (k + 1.0){wrong}
                    return {call if i % 10 else "y"} * 2.0
            """)
            )
        (folder / f"part{number}.py").write_text("\n".join(body))
    report = lint([folder])
    assert report.definitions == 1000 and report.files == 21
    assert {d.id for d in report.diagnostics} == {"unsupported-construct"}
    assert len({(d.span.filename, d.span.line) for d in report.diagnostics}) == 4


def test_functions_that_all_call_each_other_take_no_time_without_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(analysing, "_MOST", 10)
    names = [f"f{i}" for i in range(5)]
    calls = {n: " + ".join(f"{m}(x * 0.5, n - 1)" for m in names if m != n) for n in names}
    functions = [f"def {n}(x, n):\n    if n < 1:\n        return x\n    return {c}\n" for n, c in calls.items()]
    root = "import pullback as pb\n@pb.differentiable\ndef root(x: float):\n    return f0(x, 3) * float(int(x))\n"
    (tmp_path / "web.py").write_text("\n\n".join([*functions, root]))
    assert lint([tmp_path]).diagnostics == []
    assert 0 < len(analysing._read) <= 11


class TestTheCommand:
    def test_status(self, package, tmp_path, capsys):
        right = tmp_path / "right.py"
        right.write_text(RIGHT)
        warns = tmp_path / "warns.py"
        warns.write_text("import pullback as pb\n@pb.differentiable\ndef f(x):\n    return 3.0\n")
        wrong = tmp_path / "wrong.py"
        wrong.write_text("def f(:\n")
        assert main(["check", str(right)]) == 0
        assert main(["check", str(warns)]) == 0
        assert main(["check", str(warns), "--strict"]) == 1
        assert main(["check", str(package)]) == 1
        capsys.readouterr()
        assert main(["check", str(wrong)]) == 2
        assert f"error: {wrong}:1:" in capsys.readouterr().err
        assert main(["check", str(tmp_path / "missing.py")]) == 2
        assert "No such file" in capsys.readouterr().err
        with pytest.raises(SystemExit) as left:
            main(["check"])
        assert left.value.code == 2

    def test_text(self, package, capsys):
        main(["check", str(package)])
        text = capsys.readouterr().out
        assert f"  --> {package}/model.py:{line(BROKEN, 'float(int(x))')}:18\n" in text
        assert "\x1b" not in text
        assert "1 warning: checked 6 definitions in 3 files\n" in text
        assert "python -m pullback explain" in text

    def test_json(self, package, capsys):
        main(["check", str(package), "--format", "json"])
        every = json.loads(capsys.readouterr().out)
        (one,) = [d for d in every if d["id"] == "non-differentiable-result"]
        assert (one["line"], one["column"], one["end_column"]) == (line(BROKEN, "float(int(x))"), 18, 24)
        assert one["severity"] == "error" and one["help"] and one["file"].endswith("model.py")

    def test_sarif(self, package, capsys):
        main(["check", str(package), "--format", "sarif"])
        log = json.loads(capsys.readouterr().out)
        (run,) = log["runs"]
        assert log["version"] == "2.1.0" and run["tool"]["driver"]["name"] == "pullback"
        ids = [r["id"] for r in run["tool"]["driver"]["rules"]]
        for result in run["results"]:
            assert ids[result["ruleIndex"]] == result["ruleId"] and result["level"] in ("error", "warning")
            assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 0

    def test_github(self, package, capsys):
        main(["check", str(package), "--format", "github"])
        lines = capsys.readouterr().out.splitlines()
        assert all(x.startswith(("::error file=", "::warning file=")) for x in lines)
        assert any(f"line={line(BROKEN, 'float(int(x))')},col=18,title=pullback non-diff" in x for x in lines)

    def test_colours(self):
        text = "error[some-id]: message\n --> a.py:1:1\n  |\n1 | x\n  | ^ label\n  = help: do"
        assert "\x1b[1;31merror[some-id]\x1b[0m: message" in painted(text)

    def test_files_that_cannot_be_read(self, tmp_path, capsys):
        wrong, right = tmp_path / "wrong.py", tmp_path / "right.py"
        wrong.write_text("x = 1\ndef f(:\n")
        right.write_text(RIGHT)
        paths = [str(wrong), str(right), str(tmp_path / "missing.py"), str(tmp_path)]
        assert main(["check", *paths]) == 2
        out, err = capsys.readouterr()
        assert "2 unreadable files: checked" in out and "in 1 file\n" in out, "each is read once"
        assert "nothing wrong" not in out and err.count("error: ") == 2
        assert f"{wrong}:2:7: invalid syntax\n" in err
        assert main(["check", *paths, "--format", "github"]) == 2
        assert ",line=2,col=7,title=pullback::invalid syntax" in capsys.readouterr().out
        assert main(["check", *paths, "--format", "sarif"]) == 2
        (ended,) = json.loads(capsys.readouterr().out)["runs"][0]["invocations"]
        assert not ended["executionSuccessful"] and len(ended["toolExecutionNotifications"]) == 2

    def test_other_peoples_packages_are_left_alone(self, tmp_path):
        (tmp_path / "right.py").write_text(RIGHT)
        for folder in (".hidden", "env"):
            (tmp_path / folder / "lib").mkdir(parents=True)
            (tmp_path / folder / "lib" / "wrong.py").write_text("def f(:\n")
        (tmp_path / "env" / "pyvenv.cfg").write_text("")
        report = lint([tmp_path])
        assert report.files == 1 and not report.unreadable

    def test_columns_count_letters(self, tmp_path, capsys):
        file = tmp_path / "wide.py"
        text = 'import pullback as pb\n@pb.differentiable\ndef f(x):\n    名 = "日本"; return float(int(x))\n'
        file.write_text(text, encoding="utf-8")
        assert main(["check", str(file)]) == 1
        out = capsys.readouterr().out
        assert f"--> {file}:4:28\n" in out
        assert '4  |     名 = "日本"; return float(int(x))\n   |' + " " * 31 + "^^^^^^ " in out, "two columns for each"
        main(["check", str(file), "--format", "json"])
        assert json.loads(capsys.readouterr().out)[0]["column"] == 28

    def test_version_and_a_reader_that_leaves(self, capsys):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("pullback ")
        command = f"{sys.executable} -m pullback explain | head -c 1"
        ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        assert ended.stderr == ""

    def test_explain(self, capsys):
        assert main(["explain", "no-derivative"]) == 0
        assert capsys.readouterr().out.startswith("no-derivative: ")
        assert main(["explain", "error[outer-write]"]) == 0
        assert main(["explain"]) == 0
        assert "capture-rebound" in capsys.readouterr().out
        assert main(["explain", "no-derivativ"]) == 2
        assert "did you mean no-derivative" in capsys.readouterr().err

    def test_show(self, tmp_path, capsys):
        file = tmp_path / "model.py"
        file.write_text("import math\n\nclass C:\n    @staticmethod\n    def f(x: float, n: int):\n"
                        "        return math.sin(x) * n\n\n\ndef bad(n: int):\n    return n\n")  # fmt: skip
        assert main(["show", f"{file}:C.f", "--stage", "anf"]) == 0
        assert "_t1 = math.sin(x)\n" in capsys.readouterr().out
        assert main(["show", f"{file}:C.f", "--stage", "activity"]) == 0
        assert "# float, varies with x" in capsys.readouterr().out
        assert main(["show", f"{file}:C.f"]) == 0
        assert "def f_reverse(" in capsys.readouterr().out
        assert main(["show", f"{file}:C.f", "--args", "2.0, 3"]) == 0
        assert "def gradient_of_f(" in capsys.readouterr().out
        assert main(["show", f"{file}:C.f", "--args", "np.ones(2), 3"]) == 0
        assert "x.dtype.kind not in 'fc'" in capsys.readouterr().out
        assert main(["show", f"{file}:C.f", "--args", "2.0, foo("]) == 2
        assert "error: --args '2.0, foo(': is no list of values" in capsys.readouterr().err
        some = tmp_path / "some.py"
        some.write_text("import pullback as pb\n@pb.differentiable(wrt='y')\ndef some(x, y):\n    return x * y\n")
        assert main(["show", f"{some}:some", "--stage", "activity"]) == 0
        assert "# anything, varies with y\n" in capsys.readouterr().out
        assert main(["show", f"{file}:bad"]) == 1
        assert "nothing-to-differentiate" in capsys.readouterr().err
        wrong = [(f"{file}:D.f", "there is C.f"), (f"{tmp_path}/no.py:f", "No such"), ("f", "FILE:FUNCTION")]
        for place, says in wrong:
            assert main(["show", place]) == 2
            assert says in capsys.readouterr().err


def test_it_is_a_hook():
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert "id: pullback-check" in text and "entry: python -m pullback check" in text
