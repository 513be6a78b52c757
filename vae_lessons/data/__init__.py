"""Images for the course: bundled, generated or from torchvision, always uint8 (N, H, W) in three parts."""

from vae_lessons.data.bundled import fashion_mnist, mnist, verify
from vae_lessons.data.external import from_torchvision
from vae_lessons.data.images import DataError, Images, Splits, binarize, halve, random_shift, split, to_float
from vae_lessons.data.shapes import FACTOR_NAMES, FACTOR_SIZES, every_shape, shapes

__all__ = [
    "FACTOR_NAMES",
    "FACTOR_SIZES",
    "DataError",
    "Images",
    "Splits",
    "binarize",
    "every_shape",
    "fashion_mnist",
    "from_torchvision",
    "halve",
    "mnist",
    "random_shift",
    "shapes",
    "split",
    "to_float",
    "verify",
]
