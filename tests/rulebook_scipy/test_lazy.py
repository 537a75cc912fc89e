"""Rules for SciPy are registered when SciPy is there, and `import pullback` does not bring it in."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")


def run(tmp_path, program):
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(program), encoding="utf-8")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_pullback_does_not_import_scipy(tmp_path):
    assert run(
        tmp_path,
        """
        import sys
        import numpy as np
        import pullback as pb

        def f(x):
            return np.sum(np.sin(x))

        pb.gradient(f)(np.ones(2))
        print(*[m for m in sys.modules if m.startswith(("scipy", "pullback.rulebook.scipy"))])
        """,
    ) == []  # fmt: skip


def test_scipy_imported_before_and_after(tmp_path):
    for first, second in (("pullback as pb", "scipy.special"), ("scipy.special", "pullback as pb")):
        printed = run(
            tmp_path,
            f"""
            import {first}
            import {second}
            from scipy.special import erf

            def f(x):
                return erf(x)

            print(round(float(pb.gradient(f)(0.0)), 6))
            """,
        )
        assert printed == ["1.128379"]


def test_scipy_imported_while_a_derivative_exists(tmp_path):
    printed = run(
        tmp_path,
        """
        import pullback as pb

        def apply(h, x):
            return h(x)

        def square(x):
            return x * x

        def late(x):
            from scipy.special import expit
            return expit(x)

        slope = pb.gradient(apply, wrt="x")
        print(slope(square, 3.0))
        print(float(pb.gradient(late)(0.0)))
        from scipy import special
        print(float(slope(special.expit, 0.0)), slope(square, 3.0))
        """,
    )
    assert printed == ["6.0", "0.25", "0.25", "6.0"]


def test_only_the_parts_that_are_used_are_loaded(tmp_path):
    printed = run(
        tmp_path,
        """
        import sys
        import pullback as pb
        from scipy import special

        def f(x):
            return special.gamma(x)

        pb.gradient(f)(2.0)
        print(sum("pullback.rulebook.scipy_special" in m for m in sys.modules) > 0)
        print(sum("pullback.rulebook.scipy_stats" in m for m in sys.modules))
        """,
    )
    assert printed == ["True", "0"]


def test_a_users_rule_joins_the_librarys(tmp_path):
    printed = run(
        tmp_path,
        """
        import pullback as pb
        from scipy import special

        @pb.derivative(of=special.gammainc, wrt="x1")
        def gammainc_a(x1, x2):
            return special.gammainc(x1, x2), lambda v: v * 100.0

        def f(x):
            return special.gammainc(2.0, x)

        print(round(float(pb.gradient(f)(1.0)), 6))
        """,
    )
    assert printed == ["0.367879"]
