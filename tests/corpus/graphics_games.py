"""Vectors, colours, curves, ray marching, scores."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from .registry import case, later


@dataclass(frozen=True)
class Vec3:
    x: float
    y: float
    z: float

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other):
        return Vec3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    def scaled(self, k):
        return Vec3(self.x * k, self.y * k, self.z * k)

    def plus(self, other):
        return Vec3(self.x + other.x, self.y + other.y, self.z + other.z)

    @property
    def length(self):
        return math.sqrt(self.dot(self))

    def normalised(self):
        return self.scaled(1 / self.length)


class Colour(NamedTuple):
    r: float
    g: float
    b: float


@case(Vec3(1.0, 2.0, -0.5), Vec3(0.3, 0.8, 1.2))
def angle_between(a, b):
    return math.acos(a.normalised().dot(b.normalised()))


@case(Vec3(1.0, 2.0, -0.5), Vec3(0.3, 0.8, 1.2), Vec3(-1.0, 0.4, 0.0))
def triangle_area(a, b, c):
    edge1 = b.plus(a.scaled(-1.0))
    edge2 = c.plus(a.scaled(-1.0))
    return 0.5 * edge1.cross(edge2).length


@case(Vec3(0.2, 0.9, 0.1), Vec3(0.5, 1.0, 0.3), Vec3(0.0, 0.5, 1.0), 8.0)
def blinn_phong(normal, light, eye, shininess):
    """Diffuse plus specular light."""
    n, l, e = normal.normalised(), light.normalised(), eye.normalised()
    half = l.plus(e).normalised()
    diffuse = max(n.dot(l), 0.0)
    specular = max(n.dot(half), 0.0) ** shininess
    return 0.7 * diffuse + 0.3 * specular


@case(Colour(0.2, 0.5, 0.8))
def luminance(colour):
    """Relative luminance of an sRGB colour."""

    def linear(channel):
        if channel <= 0.04045:
            return channel / 12.92
        return ((channel + 0.055) / 1.055) ** 2.4

    r, g, b = colour
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)


@case(Colour(0.2, 0.5, 0.8), Colour(0.9, 0.4, 0.1), 0.3)
def mix(a, b, t):
    return Colour(a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t)


@case((0.0, 0.0), (0.5, 1.0), (1.5, 1.2), (2.0, 0.0), 0.35)
def bezier(p0, p1, p2, p3, t):
    """A point of a cubic Bezier curve."""
    s = 1 - t
    x = s**3 * p0[0] + 3 * s * s * t * p1[0] + 3 * s * t * t * p2[0] + t**3 * p3[0]
    y = s**3 * p0[1] + 3 * s * s * t * p1[1] + 3 * s * t * t * p2[1] + t**3 * p3[1]
    return x, y


@case([0.0, 0.7, 1.5, 2.0], 0.35)
def de_casteljau(points, t):
    """The same in one dimension, by repeated interpolation."""
    a, b, c, d = points
    a, b, c = a + (b - a) * t, b + (c - b) * t, c + (d - c) * t
    a, b = a + (b - a) * t, b + (c - b) * t
    return a + (b - a) * t


@case(0.3)
def smoothstep(x, low=0.0, high=1.0):
    t = (x - low) / (high - low)
    t = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
    return t * t * (3 - 2 * t)


@case(0.1, -0.2, 0.8)
def ray_march(x, y, radius):
    """Distance along z to a sphere with a bump, by sphere tracing."""
    z = 0.0
    for _ in range(60):
        bump = 0.05 * math.sin(5 * x) * math.sin(5 * y)
        distance = math.sqrt(x * x + y * y + (z - 3.0) ** 2) - radius + bump
        if distance < 1e-9:
            break
        z += distance
        if z > 20.0:
            return 20.0
    return z


@case(0.9, 0.4)
def rotate_many(x, angle, turns=3):
    """Rotate a point repeatedly: a swap with two temporaries in disguise."""
    y = 0.5
    while turns > 0:
        x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        turns -= 1
    return x


@case(10.0, 35.0, 0.0, 0.6)
def shot_height(distance, speed, wind, angle):
    """Height at which a ball with drag passes a wall; the loop stops between two steps."""
    x, y = 0.0, 0.0
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    dt = 0.01
    while x < distance:
        v = math.sqrt((vx - wind) ** 2 + vy**2)
        vx, vy = vx - 0.02 * v * (vx - wind) * dt, vy - (9.81 + 0.02 * v * vy) * dt
        previous = (x, y)
        x, y = x + vx * dt, y + vy * dt
    part = (distance - previous[0]) / (x - previous[0])
    return previous[1] + part * (y - previous[1])


@case(1500.0, 1620.0)
def elo(winner, loser, k=32):
    """New ratings after a game."""
    expected = 1 / (1 + 10 ** ((loser - winner) / 400))
    gain = k * (1 - expected)
    return winner + gain, loser - gain


@case(0.2, 0.3, 5.0)
def wave(x, y, t):
    """A landscape of octaves."""
    height, amplitude, frequency = 0.0, 1.0, 1.0
    for octave in range(4):
        height += amplitude * math.sin(frequency * x + t) * math.cos(frequency * y - octave)
        amplitude *= 0.5
        frequency *= 2
    return height


@case(-0.4, 0.35)
def escape_time(cr, ci):
    """A smooth Mandelbrot iteration count."""
    zr = zi = 0.0
    for n in range(20):
        zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
        if zr * zr + zi * zi > 16:
            return n + 1 - math.log(math.log(math.hypot(zr, zi))) / math.log(2)
    return zr * zr + zi * zi


@later("setattr", 3.0, 1.0)
def spring_particle(x, k):
    class Particle:
        pass

    p = Particle()
    p.x, p.v = x, 0.0
    for _ in range(10):
        p.v -= k * p.x * 0.1
        p.x += p.v * 0.1
    return p.x


@later("operators", 1.0, 2.0)
def vector_operators(a, b):
    @dataclass
    class V:
        x: float
        y: float

        def __add__(self, other):
            return V(self.x + other.x, self.y + other.y)

        def __mul__(self, k):
            return V(self.x * k, self.y * k)

    total = V(a, b) * 2.0 + V(b, a * b)
    return total.x * total.y


@later("match", "circle", 2.0)
def area(shape, size):
    match shape:
        case "circle":
            return math.pi * size**2
        case "square":
            return size * size
        case _:
            raise ValueError(shape)
