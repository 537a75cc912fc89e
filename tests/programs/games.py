"""Games and graphics: vectors with operators, entities with methods, rays, quaternions, state machines."""

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from .registry import program


class Vec3:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, o):
        return Vec3(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vec3(self.x - o.x, self.y - o.y, self.z - o.z)

    def __mul__(self, k):
        return Vec3(self.x * k, self.y * k, self.z * k)

    __rmul__ = __mul__

    def __iadd__(self, o):
        self.x += o.x
        self.y += o.y
        self.z += o.z
        return self

    def __neg__(self):
        return self * -1.0

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def normalized(self):
        return self * (1.0 / math.sqrt(self.dot(self)))


@dataclass
class Sphere:
    centre: Vec3
    radius: float

    def hit(self, origin, direction):
        oc = origin - self.centre
        b = oc.dot(direction)
        c = oc.dot(oc) - self.radius**2
        disc = b * b - c
        if disc < 0:
            return None
        return -b - math.sqrt(disc)


@program(0.1, 0.2, 1.0)
def ray_tracer(cx, cy, radius):
    scene = [Sphere(Vec3(cx, cy, 3.0), radius), Sphere(Vec3(2.0, 0.0, 5.0), 1.5)]
    light = Vec3(1.0, 1.0, -1.0).normalized()
    total = 0.0
    for px in (-0.2, 0.0, 0.2, 0.5):
        direction = Vec3(px, 0.05, 1.0).normalized()
        nearest, found = None, None
        for s in scene:
            t = s.hit(Vec3(0.0, 0.0, 0.0), direction)
            if t is not None and (nearest is None or t < nearest):
                nearest, found = t, s
        if found is not None:
            point = direction * nearest
            normal = (point - found.centre).normalized()
            total += max(0.0, normal.dot(light)) / (1 + nearest)
    return total


@program(3.0, 0.7)
def vectors_added_in_place(speed, tilt):
    """`position += velocity * dt` where `+=` is the class's own and changes it."""
    position = Vec3(0.0, 2.0, 0.0)
    velocity = Vec3(speed, speed * tilt, 0.5)
    start = position
    for _ in range(10):
        velocity += Vec3(0.0, -9.81, 0.0) * 0.05
        position += velocity * 0.05
        if position.y < 0:
            position.y = -position.y
            velocity.y *= -0.8
    return start.x + position.y * position.z


@program(0.3, 0.2, 0.9)
def rigid_body_quaternion(wx, wy, wz):
    class Body:
        def __init__(self):
            self.q = np.array([1.0, 0.0, 0.0, 0.0])
            self.w = np.array([wx, wy, wz])
            self.inertia = np.array([1.0, 2.0, 3.0])

        def integrate(self, dt):
            torque = -np.cross(self.w, self.inertia * self.w)
            self.w += torque / self.inertia * dt
            a, b, c, d = self.q
            x, y, z = self.w
            self.q = self.q + 0.5 * dt * np.array(
                [-b * x - c * y - d * z, a * x + c * z - d * y, a * y - b * z + d * x, a * z + b * y - c * x]
            )
            self.q /= np.linalg.norm(self.q)

    body = Body()
    for _ in range(6):
        body.integrate(0.1)
    return body.q[1] * 2 + body.w[0] * body.w[1]


class Mode(Enum):
    IDLE = auto()
    CHASE = auto()
    FLEE = auto()


@program(1.0, 4.0, 0.6)
def enemy_state_machine(x, target, speed):
    class Enemy:
        def __init__(self):
            self.x = x
            self.energy = 1.0
            self.mode = Mode.IDLE

        def tick(self):
            distance = target - self.x
            if self.mode is Mode.IDLE and abs(distance) > 2:
                self.mode = Mode.CHASE
            elif self.mode is Mode.CHASE and self.energy < 0.5:
                self.mode = Mode.FLEE
            if self.mode is Mode.CHASE:
                self.x += speed * math.tanh(distance)
                self.energy *= 0.8
            elif self.mode is Mode.FLEE:
                self.x -= speed * 0.5
                self.energy += 0.1

    enemy = Enemy()
    for _ in range(9):
        enemy.tick()
    return enemy.x + enemy.energy * target


class Entity:
    count = 0

    def __init__(self, hp):
        self.hp = hp
        self.log = []

    def damage(self, amount):
        self.hp -= amount
        self.log.append(amount)


class Armoured(Entity):
    def __init__(self, hp, armour):
        super().__init__(hp)
        self.armour = armour

    def damage(self, amount):
        taken = amount / (1.0 + self.armour)
        self.armour *= 0.9
        super().damage(taken)


@program(10.0, 0.5, 2.0)
def battle(hp, armour, hit):
    units = [Entity(hp), Armoured(hp * 1.5, armour)]
    for turn in range(4):
        for u in units:
            u.damage(hit * (1 + 0.1 * turn))
        units[0].damage(0.1 * units[1].hp)
    return units[0].hp * units[1].hp + sum(units[1].log)


@dataclass(frozen=True)
class Car:
    x: float
    v: float
    fuel: float


@program(1.0, 0.3)
def car_by_replace(throttle, drag):
    car = Car(0.0, 0.0, 5.0)
    for _ in range(6):
        car = replace(car, v=car.v + throttle - drag * car.v**2, fuel=car.fuel - 0.1 * throttle)
        car = replace(car, x=car.x + 0.1 * car.v)
    return car.x * car.fuel


@program(1.0, 0.3)
def tweened_by_setattr(start, end):
    class Sprite:
        x = 0.0
        y = 0.0
        alpha = 1.0

    sprite = Sprite()
    for name, gain in (("x", 1.0), ("y", 2.0), ("alpha", 0.5)):
        for k in range(3):
            setattr(sprite, name, getattr(sprite, name) + gain * (end - start) * k)
    return sprite.x * sprite.y + sprite.alpha


@program(20.0)
def thermostat_with_setter(temperature):
    class Thermostat:
        def __init__(self):
            self._kelvin = 0.0
            self.changes = 0

        @property
        def celsius(self):
            return self._kelvin - 273.15

        @celsius.setter
        def celsius(self, value):
            self._kelvin = value + 273.15
            self.changes += 1

    t = Thermostat()
    t.celsius = temperature
    for _ in range(3):
        t.celsius = t.celsius * 0.9 + 2.0
        t.celsius += 0.1 * t.celsius
    return t._kelvin * t.celsius


@program(0.3, np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 0.0]]))
def bezier_by_de_casteljau(t, points):
    pts = [p for p in points]
    while len(pts) > 1:
        pts = [(1 - t) * a + t * b for a, b in zip(pts, pts[1:])]
    return pts[0] @ pts[0]


@program(0.4, 0.6)
def splatted_pixels(cx, cy):
    """A Gaussian blob drawn into a canvas pixel by pixel, then blurred in place."""
    canvas = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            canvas[i, j] += math.exp(-((i / 3 - cx) ** 2 + (j / 3 - cy) ** 2) * 4)
    canvas[:, 1:-1] = 0.5 * canvas[:, 1:-1] + 0.25 * (canvas[:, :-2] + canvas[:, 2:])
    canvas[canvas > 0.9] = 0.9
    return float(np.sum(canvas**2))


@program(0.2, 1.5)
def cloth_of_linked_nodes(stretch, stiffness):
    """Nodes that know their neighbours; constraints move both ends."""

    class Node:
        def __init__(self, x):
            self.x = x
            self.next = None

    head = Node(0.0)
    last = head
    for i in range(1, 5):
        node = Node(i * (1 + stretch))
        last.next = node
        last = node
    for _ in range(3):
        node = head
        while node.next is not None:
            gap = node.next.x - node.x - 1.0
            node.x += 0.25 * stiffness * gap
            node.next.x -= 0.25 * stiffness * gap
            node = node.next
    total, node = 0.0, head
    while node:
        total += node.x**2
        node = node.next
    return total
