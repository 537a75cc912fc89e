"""Classes: constructors, methods that are overridden, properties, class members."""

from .registry import fact


class C:
    constant = 1.0

    def __init__(self, x):
        self.x = x

    @classmethod
    def convenience(cls, x):
        return cls(x)

    def method(self, y):
        return y * self.x

    def without_derivative(self):
        return self.constant

    @staticmethod
    def choose(c1, c2, flag):
        if flag:
            c3 = C(c1.x * c2.x)
            result = c3.x
        else:
            result = c2.x * c1.x
        return result


@fact(3.0, gradient=10.0)
def constructed(x):
    return C(x).x * 10


@fact(3.0, gradient=10.0)
def constructed_conveniently(x):
    return C.convenience(x).x * 10


@fact(10.0, 3.0, gradient=(3.0, 10.0))
def method_called(x, y):
    return C(x).method(y)


@fact(10.0, 20.0, True, gradient=(20.0, 10.0))
@fact(10.0, 20.0, False, gradient=(20.0, 10.0))
def static_method_with_conditions(a, b, flag):
    return C.choose(C(a), C(b), flag)


@fact(10.0, gradient=1.0)
def class_attribute_is_a_constant(x):
    return C(x).without_derivative() + x


class Super:
    def __init__(self, base):
        self.base = base

    def f(self, x):
        return self.base * x

    @property
    def squared(self):
        return self.base * self.base


class Override(Super):
    def __init__(self, base):
        super().__init__(base)
        self.extra = base * 2

    def f(self, x):
        return 3 * x


class Extending(Super):
    def f(self, x):
        return super().f(x) + x * x


@fact(2.0, 10.0, gradient=(10.0, 2.0))
def base_method(base, x):
    return Super(base).f(x)


@fact(2.0, 10.0, gradient=(0.0, 3.0))
def overridden_method(base, x):
    return Override(base).f(x)


@fact(2.0, 10.0, gradient=(10.0, 22.0))
def method_that_calls_super(base, x):
    return Extending(base).f(x)


@fact(2.0, gradient=8.0)
def property_and_attribute(x):
    s = Override(x)
    return s.squared + 2 * s.extra


@fact(1.0, gradient=6.0)
def chosen_at_run_time(x):
    total = 0.0
    for cls in (Super, Override, Extending):
        total = total + cls(1.0).f(x)
    return total - x + 0.0 * x


class Stateless:
    def method(self, x):
        return x * x


@fact(-5.0, gradient=-10.0)
@fact(0.0, gradient=0.0)
@fact(4.0, gradient=8.0)
def object_without_state(x):
    return Stateless().method(x)


class Generic:
    def __init__(self, stored):
        self.stored = stored


@fact(3.0, gradient=1.0)
def through_tuples(x):
    s = Generic(x)
    t = (s, (s, s))
    return t[1][0].stored


@fact(3.0, gradient=1.0)
def through_nested_lists(x):
    s = Generic(x)
    result = [[s, s]]
    return result[0][1].stored


class Callable:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        if x > 0:
            if x > 1:
                x = x * self.w
        return x


@fact(3.0, 10.0, gradient=(10.0, 3.0))
def called_object(w, x):
    return Callable(w)(x)


class Wrapper:
    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        if name == "doubled":
            return self.value * 2
        raise AttributeError(name)


@fact(3.0, gradient=2.0)
def attribute_by_getattr(x):
    return Wrapper(x).doubled


class Descriptor:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        setattr(instance, self.name, value)


class Wrapped:
    x = Descriptor()
    z = Descriptor()

    def __init__(self, x, z):
        self.x = x
        self.z = z


@fact(10.0, 30.0, gradient=(30.0, 10.0))
def property_wrapper_read(x, z):
    s = Wrapped(x, z)
    return s.x * s.z


@fact(10.0, 30.0, 2.0, gradient=(60.0, 20.0, 300.0))
def property_wrapper_written(x, z, y):
    s = Wrapped(x, z)
    s.x = s.x * y * s.z
    return s.x
