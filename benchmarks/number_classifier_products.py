"""Products for the drawings of the number classifier: shapes with edges that can be measured."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_SMOOTH = cv2.LINE_AA


@dataclass
class Product:
    """A drawn product.

    Parameters
    ----------
    edges : list of (str, start, end, outward)
        Measurable edges: the class, both ends, and the side where a dimension line may stand.
    box : tuple of four float
        Left, top, right and bottom of the front.
    """

    edges: list[tuple[str, Vector, Vector, Vector]]
    box: tuple[float, float, float, float]


def background(rng: random.Random, width: int, height: int) -> NDArray[np.uint8]:
    """Return an empty picture: mostly white, else shaded, patterned or cluttered."""
    kind = rng.random()
    if kind < 0.55:
        return np.full((height, width, 3), rng.choice((255, 255, 255, 248, 240)), dtype=np.uint8)
    low, high = sorted((rng.randint(20, 255), rng.randint(120, 255)))
    ramp = np.linspace(low, high, height if rng.random() < 0.5 else width)
    plane = np.tile(ramp[:, None], (1, width)) if len(ramp) == height else np.tile(ramp[None], (height, 1))
    plane = plane.astype(np.float64)
    if plane.shape != (height, width):
        plane = np.full((height, width), float(high))
    if kind > 0.75:
        plane += _noise(rng, width, height, rng.randint(2, 14)) * rng.uniform(10, 60)
    image = np.repeat(plane.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if kind > 0.9:
        for _ in range(rng.randint(2, 9)):
            p = (rng.randrange(width), rng.randrange(height))
            q = (p[0] + rng.randint(-200, 200), p[1] + rng.randint(-200, 200))
            if rng.random() < 0.5:
                cv2.rectangle(image, p, q, (rng.randrange(256),) * 3, -1)
            else:
                cv2.line(image, p, q, (rng.randrange(256),) * 3, rng.randint(1, 6), _SMOOTH)
    return image


def _noise(rng: random.Random, width: int, height: int, cells: int) -> NDArray[np.float64]:
    chance = np.random.default_rng(rng.randrange(2**32))
    return np.asarray(cv2.resize(chance.standard_normal((cells, cells)), (width, height)))


def _fill(
    rng: random.Random, image: NDArray[np.uint8], points: Vector, shade: int, texture: bool = True
) -> None:
    mask = np.zeros(image.shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255, _SMOOTH)
    plane = np.full(mask.shape, float(shade))
    if texture and rng.random() < 0.6:
        plane += _noise(rng, mask.shape[1], mask.shape[0], rng.choice((2, 3, 6, 40))) * rng.uniform(3, 25)
    if texture and rng.random() < 0.25:
        period = rng.uniform(8, 50)
        ramp = np.arange(mask.shape[1])[None] if rng.random() < 0.5 else np.arange(mask.shape[0])[:, None]
        plane -= (ramp % period < 1.5) * rng.uniform(20, 80)
    weight = mask[..., None] / 255.0
    image[:] = (image * (1 - weight) + plane.clip(0, 255)[..., None] * weight).astype(np.uint8)
    if rng.random() < 0.6:
        outline = (max(0, shade - rng.randint(20, 110)),) * 3
        cv2.polylines(
            image, [np.round(points).astype(np.int32)], True, outline, rng.choice((1, 1, 2)), _SMOOTH
        )


def product_on(
    rng: random.Random, image: NDArray[np.uint8], area: tuple[float, float, float, float], only: str | None
) -> Product:
    """Draw a product within ``area`` (left, top, right, bottom); ``only`` is the only dimension."""
    left, top, right, bottom = area
    wide, high = right - left, bottom - top
    kinds = ("box", "box", "round", "sheet", "rod", "stick", "shape", "shape", "flat", "cabinet", "figure")
    kind = "box" if only == "depth" else rng.choice(kinds)
    w, h = rng.uniform(0.32, 0.7) * wide, rng.uniform(0.28, 0.7) * high
    if kind == "rod":
        h = rng.uniform(0.03, 0.15) * high
    if kind == "stick":
        w = rng.uniform(0.03, 0.15) * wide
    if kind == "figure":
        w *= 0.5
    cx = left + wide * rng.uniform(0.42, 0.58)
    cy = top + high * rng.uniform(0.42, 0.6)
    x0, x1, y0, y1 = cx - w / 2, cx + w / 2, cy - h / 2, cy + h / 2
    shade = rng.randint(15, 245)
    depth = np.zeros(2)
    tilt = np.zeros(2)
    a, b = np.array((x0, y1)), np.array((x1, y1))
    up = np.array((0.0, -h))
    if kind in ("box", "cabinet", "flat"):
        slope = math.radians(rng.uniform(12, 68))
        side = rng.choice((-1, 1))
        reach = rng.uniform(0.1, 0.3) * min(wide, high)
        depth = np.array((side * math.cos(slope), -math.sin(slope))) * reach
        if rng.random() < 0.35:
            # Seen at an angle: the front runs down towards the side that is seen.
            fall = w * math.tan(math.radians(rng.uniform(4, 24)))
            tilt = np.array((0.0, fall / 2 * side))
        if kind == "flat":
            up *= rng.uniform(0.03, 0.2)
        a, b = a - tilt, b + tilt
        start, far = (b, a) if side > 0 else (a, b)
        if rng.random() < 0.15 and kind == "flat":
            depth[0] *= 0.2
        _fill(rng, image, np.array((a + up, b + up, b + up + depth, a + up + depth)), min(255, shade + 30))
        _fill(
            rng, image, np.array((start, start + depth, start + depth + up, start + up)), max(0, shade - 35)
        )
        _fill(rng, image, np.array((a, b, b + up, a + up)), shade)
        if kind == "cabinet":
            for i in range(1, rng.randint(2, 5)):
                p, q = a + up * i / 5, b + up * i / 5
                cv2.line(image, pixel(p), pixel(q), (max(0, shade - 60),) * 3, 1, _SMOOTH)
        edges = []
        down = np.array((0.0, 1.0))
        edges.append(("width", a, b, down))
        if rng.random() < 0.35:
            edges[0] = ("width", a + up + depth, b + up + depth, -down)
        edges.append(("depth", start, start + depth, np.array((depth[1], -depth[0])) * -side))
        if rng.random() < 0.3:
            edges[1] = ("depth", far + up, far + up + depth, np.array((depth[1], -depth[0])) * side)
        upright = [(far, -side), (start + depth, side), (start, side)]
        foot, outward = rng.choice(upright[:2] if rng.random() < 0.85 else upright)
        if kind != "flat" or rng.random() < 0.4:
            edges.append(("height", foot, foot + up, np.array((float(outward), 0.0))))
    else:
        _silhouette(rng, image, kind, (x0, y0, x1, y1), shade)
        edges = []
        if kind != "stick" or rng.random() < 0.5:
            above = rng.random() < 0.35
            y = y0 if above else y1
            edges.append(
                ("width", np.array((x0, y)), np.array((x1, y)), np.array((0.0, -1.0 if above else 1.0)))
            )
        if kind != "rod" or rng.random() < 0.5:
            aside = rng.choice((-1, 1))
            x = x0 if aside < 0 else x1
            edges.append(("height", np.array((x, y1)), np.array((x, y0)), np.array((float(aside), 0.0))))
        if kind == "figure":
            _person(rng, image, x0 - w * rng.uniform(0.8, 1.4), y0 - h * rng.uniform(0, 0.3), y1, w * 0.7)
    if rng.random() < 0.25:
        edges = [*edges, *(_part(rng, e) for e in edges if rng.random() < 0.5)]
    return Product(edges, (x0, y0, x1, y1))


def _part(rng: random.Random, edge: tuple[str, Vector, Vector, Vector]) -> tuple[str, Vector, Vector, Vector]:
    name, p, q, outward = edge
    low, high = sorted((rng.uniform(0, 0.5), rng.uniform(0.5, 1)))
    inward = -outward / max(1e-6, float(np.linalg.norm(outward))) * rng.uniform(5, 60)
    return name, p + (q - p) * low + inward, p + (q - p) * high + inward, outward


def _silhouette(
    rng: random.Random,
    image: NDArray[np.uint8],
    kind: str,
    box: tuple[float, float, float, float],
    shade: int,
) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    if kind in ("shape", "figure"):
        n = rng.randint(5, 24)
        angles = np.sort([rng.uniform(0, 2 * math.pi) for _ in range(n)] + [0, math.pi / 2, math.pi, 4.71])
        radii = np.array([rng.uniform(0.55, 1.0) for _ in angles])
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - low) / (high - low) * (w, h) + (x0, y0)
    elif kind == "round":
        cap = min(h * 0.25, w * rng.uniform(0.05, 0.25))
        t = np.linspace(0, math.pi, 24)
        lower = np.stack([x0 + w / 2 + np.cos(t) * w / 2, y1 - cap + np.sin(t) * cap], 1)
        neck = rng.uniform(0.3, 1.0) * w / 2
        upper = np.array(
            [(x0, y0 + h * 0.25), (x0 + w / 2 - neck, y0), (x0 + w / 2 + neck, y0), (x1, y0 + h * 0.25)]
        )
        points = np.concatenate([lower, upper])
    else:
        points = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    _fill(rng, image, points, shade)


def _person(
    rng: random.Random, image: NDArray[np.uint8], x: float, top: float, bottom: float, wide: float
) -> None:
    shade = (rng.choice((120, 160, 200, 215)),) * 3
    head = max(3.0, (bottom - top) * 0.07)
    cv2.circle(image, pixel(np.array((x, top + head))), round(head), shade, -1, _SMOOTH)
    trunk = np.array([(-0.5, 0), (0.5, 0), (0.3, 0.5), (0.35, 1), (-0.35, 1), (-0.3, 0.5)])
    points = trunk * (wide * 0.6, bottom - top - 2 * head) + (x, top + 2 * head)
    cv2.fillPoly(image, [np.round(points).astype(np.int32)], shade, _SMOOTH)


def pixel(p: Vector) -> tuple[int, int]:
    """Return the pixel that a point lies in."""
    return round(float(p[0])), round(float(p[1]))
