"""What every data set is made of: uint8 images with labels, one split rule, one conversion to float."""

from typing import NamedTuple, Self

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

VALIDATION_EVERY = 6
THRESHOLD = 127


class DataError(RuntimeError):
    """A data set that cannot be used; the message is one sentence: what it is about, the fault and the remedy."""


class Images(NamedTuple):
    """Pictures (N, H, W) uint8, row 0 at the top, with labels (N,) int64, or (N, F) for F known factors."""

    images: Tensor
    labels: Tensor

    @property
    def size(self) -> int:
        """The number of images N (the `len` of a named tuple counts its two fields)."""
        return len(self.images)

    def take(self, index: Tensor) -> Self:
        """The images at `index`, integers (K,) or a boolean mask (N,), as a copy."""
        return self._replace(images=self.images[index], labels=self.labels[index])

    def to(self, device: torch.device | str) -> Self:
        """The same images on another device."""
        return self._replace(images=self.images.to(device), labels=self.labels.to(device))


class Splits(NamedTuple):
    """The three parts of a data set: fit on `train`, choose on `validation`, report on `test`."""

    train: Images
    validation: Images
    test: Images
    class_names: tuple[str, ...]

    def to(self, device: torch.device | str) -> Self:
        """The same three parts on another device."""
        return self._replace(
            train=self.train.to(device), validation=self.validation.to(device), test=self.test.to(device)
        )


def split(official_train: Images, official_test: Images, class_names: tuple[str, ...]) -> Splits:
    """Set aside every sixth image of the official training part (5, 11, 17, ...) for validation.

    The official test part stays as it is. A rule instead of a random draw gives the same parts in every version and
    on every device, and unlike a prefix or a suffix it takes its share from the whole file, however that is ordered.
    """
    position = torch.arange(official_train.size)
    held_out = position % VALIDATION_EVERY == VALIDATION_EVERY - 1
    return Splits(official_train.take(~held_out), official_train.take(held_out), official_test, class_names)


def to_float(images: Tensor) -> Tensor:
    """Pixels as numbers in [0, 1], one row per image: uint8 (N, H, W) or (N, P) -> float32 (N, P), value / 255.

    The one place where pixels become floats. Raises TypeError for anything but uint8: floats were converted already.
    """
    return _rows(images).float().div_(255)


def binarize(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Black and white pixels, uint8 (N, H, W) or (N, P) -> float32 (N, P) of zeros and ones.

    Without a generator the result is fixed: 1 where the pixel is brighter than 127. With a generator (on the images'
    device) it is drawn afresh in each call: 1 with probability pixel / 255 (Salakhutdinov and Murray, 2008).
    """
    if generator is None:
        return (_rows(images) > THRESHOLD).float()
    return torch.bernoulli(to_float(images), generator=generator)


def halve(images: Tensor) -> Tensor:
    """Pictures of half the side, each pixel the brightest of 2 x 2: uint8 (N, H, W) to (N, H // 2, W // 2).

    The brightest and not the mean, so that thin strokes stay whole when the pixels are made black and white.
    """
    return F.max_pool2d(images[:, None].float(), 2)[:, 0].to(torch.uint8)


def random_shift(images: Tensor, pixels: int = 2) -> Tensor:
    """Each image (N, H, W) moved by -pixels to +pixels along each axis at random, with zeros from outside.

    An augmentation for `fit`; the shifts come from PyTorch's global generator on the images' device.
    """
    height, width = images.shape[1:]
    windows = F.pad(images, (pixels,) * 4).unfold(1, height, 1).unfold(2, width, 1)  # (N, 2 p + 1, 2 p + 1, H, W)
    down, right = torch.randint(2 * pixels + 1, (2, len(images)), device=images.device)
    return windows[torch.arange(len(images), device=images.device), down, right]


def _rows(images: Tensor) -> Tensor:
    if images.dtype != torch.uint8:
        raise TypeError(
            f"Expected uint8 pixels from 0 to 255 but got {images.dtype}: pass the `images` of a data set as they are, "
            "floats have been converted already."
        )
    if images.ndim < 2:
        raise ValueError(
            f"Expected a batch of images but got shape {tuple(images.shape)}: for one image use images[i : i + 1]."
        )
    return images.flatten(1)
