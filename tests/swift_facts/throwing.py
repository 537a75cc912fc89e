"""Exceptions: raised, caught, passed by."""

from .registry import fact


def raising(x):
    if x < 0:
        raise ValueError("negative")
    return x * x


@fact(2.0, gradient=4.0)
def not_raised(x):
    return raising(x)


@fact(2.0, gradient=4.0)
@fact(-2.0, gradient=2.0)
def caught(x):
    try:
        return raising(x)
    except ValueError:
        return 2 * x


@fact(2.0, gradient=10.0)
@fact(-2.0, gradient=-4.0)
def caught_with_names_before(x):
    y = 5 * x
    try:
        z = -x
        return raising(z)
    except ValueError:
        return 2 * y


@fact(3.0, gradient=6.0)
def finally_runs(x):
    log = []
    try:
        y = x * x
    finally:
        log.append("done")
    return y * len(log)


def nothing():
    pass


@fact(3.0, gradient=1.0)
def calls_that_do_nothing(x):
    nothing()
    for _ in range(int(x)):
        if 1 == 1:
            nothing()
        nothing()
    nothing()
    return x


@fact(3.0, gradient=1.0)
def callback_that_does_nothing(x):
    def run(body):
        body()

    run(lambda: None)
    return x
