"""The door to every other image data set: torchvision's, or anything that looks like one."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vae_lessons.data.images import DataError, Images, Splits, split

SIDEWAYS = "EMNIST"  # its files hold every picture with height and width swapped, and torchvision shows them so


def from_torchvision(*, train: Any, test: Any) -> Splits:
    """A torchvision image classification data set as `Splits`, from its official training and test part.

    For example `from_torchvision(train=FashionMNIST(root, train=True, download=True), test=FashionMNIST(root,
    train=False))`. Colours become grey (0.299 R + 0.587 G + 0.114 B). EMNIST, whose files have height and width
    swapped, is put upright here. A transform is applied if it gives pictures, as Resize does; ToTensor does not.
    """
    if train is test or getattr(test, "train", False) is True:
        raise DataError(
            f"The test part of {_name(test)} is a training part, so scores on it would mean nothing: "
            "build the test part with train=False."
        )
    official_train, official_test = _images(train), _images(test)
    return split(official_train, official_test, _class_names(train, official_train.labels))


def _images(dataset: Any) -> Images:
    pictures = _resident(dataset) if _holds_grey_pixels(dataset) else _one_by_one(dataset)
    if any(kind.__name__ == SIDEWAYS for kind in type(dataset).__mro__):
        pictures = pictures._replace(images=pictures.images.transpose(1, 2).contiguous())
    return pictures


def _holds_grey_pixels(dataset: Any) -> bool:
    """Whether all images lie in memory as uint8 (N, H, W), with nothing to be done to them."""
    data, targets = getattr(dataset, "data", None), getattr(dataset, "targets", None)
    plain = getattr(dataset, "transform", None) is None and getattr(dataset, "target_transform", None) is None
    grey = isinstance(data, Tensor) and data.dtype == torch.uint8 and data.ndim == 3
    return plain and grey and targets is not None and torch.as_tensor(targets).ndim == 1


def _resident(dataset: Any) -> Images:
    return Images(dataset.data.clone(), torch.as_tensor(dataset.targets, dtype=torch.int64).clone())


def _one_by_one(dataset: Any) -> Images:
    images, labels = [], []
    for index in range(len(dataset)):
        picture, label = dataset[index]
        images.append(_grey(picture, dataset))
        labels.append(_whole_number(label, dataset))
    shapes = sorted({tuple(image.shape) for image in images})
    if len(shapes) != 1:
        raise DataError(
            f"The images of {_name(dataset)} come in {len(shapes)} sizes, not one: "
            "build it with transform=Resize((28, 28)) or another fixed size."
        )
    return Images(torch.stack(images), torch.tensor(labels, dtype=torch.int64))


def _grey(picture: Any, dataset: Any) -> Tensor:
    if not hasattr(picture, "convert"):
        raise DataError(
            f"The items of {_name(dataset)} are {type(picture).__name__} objects, not pictures: "
            "build it without ToTensor, since `to_float` makes the floats later."
        )
    return torch.from_numpy(np.array(picture.convert("L")))


def _whole_number(label: Any, dataset: Any) -> int:
    try:
        return int(label)
    except (TypeError, ValueError, RuntimeError):
        raise DataError(
            f"The labels of {_name(dataset)} are not one whole number per image: "
            "build it with a target_transform that gives one."
        ) from None


def _class_names(dataset: Any, labels: Tensor) -> tuple[str, ...]:
    names = getattr(dataset, "classes", None) or range(int(labels.max()) + 1)
    return tuple(str(name) for name in names)


def _name(dataset: Any) -> str:
    return type(dataset).__name__
