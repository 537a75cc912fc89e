"""Many random programs in several processes; failing ones are reduced and reported.

python tests/fuzz/long_run.py --count 30000 --seed 7 --features all --jobs 4
python tests/fuzz/long_run.py --count 500 --seed 1 --features mutation --refusals-pass
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.checking import Check, Comparisons, failure, is_refusal, kind_of  # noqa: E402
from fuzz.dual import Unsuitable  # noqa: E402
from fuzz.features import parse  # noqa: E402
from fuzz.more_checks import MORE  # noqa: E402
from fuzz.programs import generate  # noqa: E402
from fuzz.reduce import reduced  # noqa: E402

Job = tuple[int, int, frozenset[str], tuple[str, ...]]


class Endless(BaseException):
    """A program, or its derivative, took too long."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `Endless` in the body after so many seconds of its own; reduced programs may loop for ever."""

    def stop(*_: object) -> None:
        raise Endless

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # (a busy machine is no reason)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def run(job: Job) -> tuple[int, int, list[tuple[int, str]]]:
    """A range of seeds: how many were tested, how many unsuitable, the failures."""
    first, count, features, names = job
    tested = unsuitable = 0
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            try:
                with limited(60.0):
                    report = failure(generate(seed, features).source, Path(folder), seed, comparisons(names))
            except Endless:
                report = "Endless: no answer within a minute"
            except Unsuitable:
                unsuitable += 1
                continue
            tested += 1
            if report is not None:
                failures.append((seed, report))
    return tested, unsuitable, failures


def comparisons(names: tuple[str, ...]) -> Comparisons:
    """The comparisons of these names; "reverse" is the usual one."""
    return tuple(Check.all if name == "reverse" else MORE[name] for name in names)


def minimise(seed: int, features: frozenset[str], names: tuple[str, ...], report: str) -> tuple[str, str]:
    """The smallest program failing like this one, and its report."""
    kind = kind_of(report)
    with tempfile.TemporaryDirectory() as folder:

        def report_of(source: str) -> str | None:
            try:
                with limited(2.0):
                    return failure(source, Path(folder), seed, comparisons(names))
            except (Endless, Unsuitable):
                return None
            except Exception:  # no longer a program the oracle accepts
                return None

        until = time.perf_counter() + 30.0

        def fails(source: str) -> bool:
            if time.perf_counter() > until:
                return False
            found = report_of(source)
            return found is not None and kind_of(found) == kind

        source = reduced(generate(seed, features).source, fails)
        return source, report_of(source) or report


def main() -> int:
    """Run, print each sort of failure once with a reduced program; the exit status says if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--features", type=parse, default=parse("core"), help="core, all, names; -name removes")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--reduce", type=int, default=1, help="how many of each sort to reduce")
    parser.add_argument("--refusals-pass", action="store_true", help="only count wrong numbers and crashes")
    parser.add_argument("--checks", default="reverse", help=f"reverse, {', '.join(MORE)}; several with commas")
    options = parser.parse_args()
    names = tuple(options.checks.split(","))
    comparisons(names)
    warnings.simplefilter("ignore")  # reduced programs are odd, and Python says so
    chunk = 50
    jobs: list[Job] = [
        (s, min(chunk, options.seed + options.count - s), options.features, names)
        for s in range(options.seed, options.seed + options.count, chunk)
    ]
    sorts: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    tested = unsuitable = 0
    began = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        for done, dropped, failures in pool.imap_unordered(run, jobs):
            tested, unsuitable = tested + done, unsuitable + dropped
            for seed, report in failures:
                kind = kind_of(report)
                if options.refusals_pass and is_refusal(report):
                    refusals[kind] += 1
                    continue
                sorts[kind] += 1
                many = 5 if kind.startswith("Mismatch") else 1
                if sorts[kind] <= options.reduce * many:
                    source, small = minimise(seed, options.features, names, report)
                    print(f"==== seed {seed} [{kind}]\n{small}\n----\n{source}\n", flush=True)
                elif sorts[kind] < 50:
                    print(f"==== seed {seed} [{kind}]", flush=True)
    took = time.perf_counter() - began
    failed, refused = sorts.total(), refusals.total()
    print(f"{tested} programs tested, {unsuitable} unsuitable, {refused} refused, {failed} failed, in {took:.0f} s")
    for title, counter in (("", sorts), ("refused:", refusals)):
        if counter and title:
            print(title)
        for kind, number in counter.most_common():
            print(f"  {number:6d}  {kind}")
    return 1 if sorts else 0


if __name__ == "__main__":
    raise SystemExit(main())
