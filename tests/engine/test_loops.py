"""Adjoints that go from one iteration of a reverse loop to the next: none is lost, none is kept too long."""

import math

import pytest

import pullback as pb


def overwritten_in_a_branch(x, r, n):
    total = 0.0
    for i in range(n):
        total = (total + x) * (1.0 + r)
        if i % 2 == 0:
            total *= 1.0 + 0.1 * i
    return total


def carried_by_a_copy(x, n):
    before = x
    now = x * 1.1
    for _ in range(n):
        before, now = now, 0.7 * now + 0.2 * before * x
    return now


def set_in_the_last_iteration(x, n):
    y = 0.0
    for i in range(n):
        if i == n - 1:
            y = x * x
    return y * x


def reset_in_the_middle(x, n):
    y = x
    for i in range(n):
        y = y * math.sin(x + i)
        if i == 1:
            y = x
    return y


def nested(x, n):
    total = x
    for i in range(n):
        inner = total
        for j in range(i):
            inner = inner * 0.5 + math.cos(total * j)
            if inner > 0.9:
                total = total + inner * x
        total = total - 0.1 * inner
    return total


def until(x, n):
    y = x
    while y < n:
        y = y * (1.0 + x)
        if y > 3.0:
            break
    return y * y


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("f", [carried_by_a_copy, set_in_the_last_iteration, reset_in_the_middle, nested, until])
def test_loops(f, n):
    if f is set_in_the_last_iteration and n == 0:
        return
    pb.check_derivative(lambda x: f(x, n), 0.8)


@pytest.mark.parametrize("n", [1, 2, 6])
def test_a_product_in_a_branch(n):
    pb.check_derivative(lambda x, r: overwritten_in_a_branch(x, r, n), 3.0, 0.05)
    pull = pb.pullback(overwritten_in_a_branch, wrt=(0, 1))(3.0, 0.05, n)
    assert pull(1.0) == pull(1.0) == pb.gradient(overwritten_in_a_branch, wrt=(0, 1))(3.0, 0.05, n)
