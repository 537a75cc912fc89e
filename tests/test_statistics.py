"""Python's own statistics."""

import statistics

import numpy as np
import pytest

import pullback as pb
from pullback.testing import check_derivative

NAMES = "mean fmean geometric_mean harmonic_mean variance pvariance stdev pstdev median median_low median_high".split()
DATA = [0.5, 2.0, 1.1, 3.7]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda xs: xs[:3]])
def test_statistics_of_data(name, kind):
    function = getattr(statistics, name)
    check_derivative(lambda xs: function(xs) * xs[0], kind(DATA), modes=("reverse", "forward"))


def test_ints_among_the_data():
    assert pb.gradient(lambda x: statistics.mean([x, 1, 2]))(3.0) == pytest.approx(1 / 3)
    assert pb.gradient(lambda x: statistics.median([x, 1, 2.5]))(2.0) == 1.0
    assert pb.gradient(lambda x: statistics.stdev([x, x]) + x)(2.0) == 1.0


@pytest.mark.parametrize(
    "f",
    [
        lambda xs: statistics.fmean(xs, weights=[1, 2, 3, 4]),
        lambda xs: statistics.variance(xs, xs[0]),
    ],
)
def test_what_is_not_differentiated_is_refused(f):
    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(f)(list(DATA))
