"""The tables, and the plot, of what was measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from goals import judged
from measure import COMPILED, COMPILED_PRIMAL, GRADIENT, HAND, NUMBA, PRIMAL
from timing import Ratio

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def markdown(results: dict[str, Any]) -> str:
    """Everything, as Markdown: the goals, then a table a work."""
    parts = [f"Measured on {results['machine']}.", "", "## Goals", "", *goal_table(results, False)]
    for name, work in results["works"].items():
        parts += ["", f"## {name}: {work['title']}", ""]
        if work["machine"] != results["machine"]:
            parts += [f"(measured on {work['machine']})", ""]
        parts += work_table(work["rows"])
    return "\n".join(parts) + "\n"


def goal_table(results: dict[str, Any], readme: bool) -> list[str]:
    """Each goal: what was measured, and whether it is reached."""
    lines = ["| | measured | goal | reached |", "|---|---|---|---|"]
    for row in judged(results):
        if readme and not row["readme"]:
            continue
        seen = f"{_ratio(row['seen'])} {row['unit']}" if row["seen"] else "not measured"
        reached = "yes" if row["reached"] else "**no**" if row["seen"] else f"- {row['reason']}".rstrip()
        if readme and not row["seen"]:
            continue
        lines.append(f"| {row['what']} | {seen} | {row['goal']} | {reached} |")
    return lines


def work_table(rows: list[dict[str, Any]]) -> list[str]:
    """A work's cases: times, ratios, first call, memory."""
    peers = list(dict.fromkeys(n for r in rows for n in r["microseconds"] if n not in _OWN))
    compiled = any(COMPILED in r["microseconds"] for r in rows)
    heads = ["case", "primal µs", "gradient µs", "gradient / primal", "/ by hand"]
    heads += [f"{p} / ours" for p in peers]
    if compiled:
        heads += ["compiled µs", "/ compiled primal", "/ Numba by hand", *(f"{p} / compiled" for p in peers)]
    heads += ["first call ms", "compile ms" if compiled else "", "peak MB"]
    heads = [h for h in heads if h]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    notes = []
    for r in rows:
        times, ratios, first = r["microseconds"], r["ratios"], r["first"]
        cells = [r["case"], _time(times.get(PRIMAL)), _time(times.get(GRADIENT))]
        cells += [_ratio(ratios.get(f"{GRADIENT} / {PRIMAL}")), _ratio(ratios.get(f"{GRADIENT} / {HAND}"))]
        cells += [_ratio(ratios.get(f"{p} / {GRADIENT}")) for p in peers]
        if compiled:
            cells += [_time(times.get(COMPILED)), _ratio(ratios.get(f"{COMPILED} / {COMPILED_PRIMAL}"))]
            cells += [_ratio(ratios.get(f"{COMPILED} / {NUMBA}"))]
            cells += [_ratio(ratios.get(f"{p} / {COMPILED}")) for p in peers]
        cells.append(f"{first[GRADIENT] * 1e3:.3g}" if GRADIENT in first else "")
        if compiled:
            cells.append(f"{first[COMPILED] * 1e3:.3g}" if COMPILED in first else "")
        held = r.get("peak", {}).get(GRADIENT)
        cells.append(f"{held / 1e6:.3g}" if held is not None else "")
        lines.append("| " + " | ".join(cells) + " |")
        compile_times = [f"{n} {first[n] * 1e3:.0f} ms" for n in first if n.startswith("jax")]
        notes += [f"- {r['case']}: first call of {t}" for t in compile_times]
        notes += [f"- {r['case']}: {n} did not run: {why}" for n, why in r["refused"].items()]
    return [*lines, "", *notes] if notes else lines


_OWN = (GRADIENT, PRIMAL, HAND, NUMBA, COMPILED, COMPILED_PRIMAL)


def _ratio(seen: dict[str, float] | None) -> str:
    return str(Ratio(seen["median"], seen["low"], seen["high"])) if seen else ""


def _time(seen: dict[str, float] | None) -> str:
    return f"{seen['median']:.4g}" if seen else ""


def into_readme(results: dict[str, Any]) -> None:
    """Put the short table between its marks in the README."""
    text = README.read_text()
    intro = (
        "Ratios, each measured side by side in one run (medians, quartiles in parentheses) by `python -m benchmarks` "
        f"on\n{results['machine']}:"
    )
    block = "\n".join([START, "", intro, "", *goal_table(results, True), "", END])
    README.write_text(re.sub(f"{START}.*{END}", lambda _: block, text, flags=re.DOTALL))


def plot(results: dict[str, Any], file: Path) -> bool:
    """Gradient over primal, and peers over ours, of every case that has them, where Matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [(f"{n}: {r['case']}", r["ratios"]) for n, w in results["works"].items() for r in w["rows"]]
    rows = [r for r in rows if r[1]][::-1]
    figure, axes = plt.subplots(figsize=(9, 0.22 * len(rows) + 1.5))
    marks = {
        f"{GRADIENT} / {PRIMAL}": ("o", "gradient / primal"),
        f"{COMPILED} / {COMPILED_PRIMAL}": ("D", "compiled gradient / compiled primal"),
        f"torch / {GRADIENT}": ("s", "PyTorch / ours"), f"autograd / {GRADIENT}": ("^", "autograd / ours"),
        f"jax / {GRADIENT}": ("v", "jitted JAX / ours"), f"torch / {COMPILED}": ("x", "PyTorch / compiled"),
    }  # fmt: skip
    for key, (mark, label) in marks.items():
        points = [(ratios[key]["median"], y) for y, (_, ratios) in enumerate(rows) if key in ratios]
        if points:
            axes.plot(*zip(*points, strict=True), mark, label=label, markersize=4)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=6)
    axes.set_xscale("log")
    axes.axvline(1.0, color="grey", linewidth=0.5)
    axes.legend(fontsize=7)
    axes.set_xlabel("ratio")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    plt.close(figure)
    return True
