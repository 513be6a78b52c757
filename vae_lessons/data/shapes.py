"""Pictures whose causes are known: every combination of shape, scale, rotation, x and y, drawn by code.

Only sums, products and square roots are used, which IEEE arithmetic fixes to the last bit, and whole numbers
from there on: the pictures are the same on every machine.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy import ndarray

from vae_lessons.data.images import Images, Splits

FACTOR_NAMES = ("shape", "scale", "rotation", "x", "y")
FACTOR_SIZES = (3, 4, 8, 8, 8)
SIDE = 32

RADII = (5.0, 6.0, 7.0, 8.0)  # pixels from the centre of a shape to its farthest point, one per scale
STAMP = 18  # a shape is drawn on a stamp of this side; 18 > 2 * 8, so that no rotation is clipped
STEP = 2  # pixels between neighbouring positions; 18 + 7 * 2 = 32, so that no stamp leaves the picture
FINE = 8  # a pixel is the average of 8 x 8 points
PARTS = 8

HALF_SQRT2 = np.sqrt(0.5)
COSINES = (1.0, HALF_SQRT2, 0.0, -HALF_SQRT2, -1.0, -HALF_SQRT2, 0.0, HALF_SQRT2)  # of 0, 45, ..., 315 degrees


class Outline(NamedTuple):
    """A shape: which points it holds, its centre of mass and the distance from there to its farthest point."""

    holds: Callable[[ndarray, ndarray], ndarray]
    centre: tuple[float, float]
    reach: float


def _arrow(x: ndarray, y: ndarray) -> ndarray:
    head = (y > 0) & (y < 1 - 1.25 * abs(x))
    shaft = (abs(x) < 0.3) & (y > -0.9) & (y <= 0)
    return head | shaft


def _heart(x: ndarray, y: ndarray) -> ndarray:
    ring = x * x + y * y - 1
    return ring * ring * ring < x * x * y * y * y


def _moon(x: ndarray, y: ndarray) -> ndarray:
    bite = (x - 0.5) * (x - 0.5) + y * y < 0.65 * 0.65
    return (x * x + y * y < 1) & ~bite


# No shape looks the same after a turn of less than 360 degrees, so that every rotation is a different picture.
OUTLINES = {
    "arrow": Outline(_arrow, (0.0, 0.0177), 0.981),
    "heart": Outline(_heart, (0.0, 0.2935), 1.290),
    "moon": Outline(_moon, (-0.276, 0.0), 1.238),
}


def shapes() -> Splits:
    """All 6,144 pictures, 32 x 32: 4,608 to train, 768 to validate and 768 to test; `class_names` name the shapes.

    A picture belongs to a part by the sum of its five labels modulo 8 (6: validation, 7: test). This way each part
    holds every value of every factor, and every pair of values of two factors, equally often.
    """
    pictures = every_shape()
    remainder = pictures.labels.sum(dim=1) % PARTS
    train, validation, test = remainder < PARTS - 2, remainder == PARTS - 2, remainder == PARTS - 1
    return Splits(pictures.take(train), pictures.take(validation), pictures.take(test), tuple(OUTLINES))


def every_shape() -> Images:
    """All 6,144 pictures in the order of their labels (N, 5): shape, scale, rotation, x, y, the last one fastest.

    Rotation counts steps of 45 degrees against the clock, x steps of 2 pixels to the right and y downwards.
    """
    stamps = _stamps()
    pictures = np.zeros((*FACTOR_SIZES, SIDE, SIDE), dtype=np.uint8)
    for x, y in np.ndindex(*FACTOR_SIZES[3:]):
        pictures[:, :, :, x, y, STEP * y : STEP * y + STAMP, STEP * x : STEP * x + STAMP] = stamps
    labels = np.indices(FACTOR_SIZES).reshape(len(FACTOR_SIZES), -1).T
    return Images(
        torch.from_numpy(pictures.reshape(-1, SIDE, SIDE)),
        torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64)),
    )


def _stamps() -> ndarray:
    stamps = np.empty((*FACTOR_SIZES[:3], STAMP, STAMP), dtype=np.uint8)
    for kind, outline in enumerate(OUTLINES.values()):
        for scale, rotation in np.ndindex(*FACTOR_SIZES[1:3]):
            stamps[kind, scale, rotation] = _stamp(outline, RADII[scale], rotation)
    return stamps


def _stamp(outline: Outline, radius: float, rotation: int) -> ndarray:
    """One shape in the middle of a stamp: each pixel is the share of its fine points inside, from 0 to 255."""
    axis = (np.arange(STAMP * FINE) + 0.5) / FINE - STAMP / 2
    right, up = axis[None, :], -axis[:, None]
    cosine, sine = COSINES[rotation], COSINES[rotation - 2]
    zoom = outline.reach / radius
    x = (cosine * right + sine * up) * zoom + outline.centre[0]
    y = (cosine * up - sine * right) * zoom + outline.centre[1]
    inside = outline.holds(x, y).reshape(STAMP, FINE, STAMP, FINE).sum(axis=(1, 3))
    return (255 * inside + FINE * FINE // 2) // (FINE * FINE)
