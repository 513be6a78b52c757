"""The data sets that travel inside the package: all of MNIST and a part of Fashion-MNIST, as gzipped idx files."""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from vae_lessons.data.images import DataError, Images, Splits, split

FOLDER = Path(__file__).parent

SHA256 = {
    "mnist/train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "mnist/train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "mnist/t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "mnist/t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
    "fashion_mnist/train-images-idx3-ubyte.gz": "1be733b5e3563a3e09249eaf2860ab906050f4ad092514fd69643a971f092eef",
    "fashion_mnist/train-labels-idx1-ubyte.gz": "61a6840eba903a1624db1cd180742787f58a96a5d569dcbab532ea0bbd943a75",
    "fashion_mnist/t10k-images-idx3-ubyte.gz": "a2d469e967c6f16f941e652e24b2bc5422a63b1a71325ff49da1bb5a3350b4dc",
    "fashion_mnist/t10k-labels-idx1-ubyte.gz": "09e12ea2704e7fc948433dfc4fc0c69cf8e2e18611cf6b3b80e6ad82dec4dcba",
}

DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

GZIP_MAGIC = b"\x1f\x8b"
IDX_UINT8 = 0x08


def mnist() -> Splits:
    """All of MNIST, 28 x 28: 50,000 training, 10,000 validation and 10,000 test images of handwritten digits.

    Each call reads the files again (a quarter of a second), so that nobody inherits another caller's in-place edits.
    """
    return _load("mnist", DIGIT_NAMES)


def fashion_mnist() -> Splits:
    """A part of Fashion-MNIST, 28 x 28: 8,334 training, 1,666 validation and 2,000 test images of clothes.

    These are the first 10,000 and 2,000 images of the official parts; `from_torchvision` opens the full set.
    """
    return _load("fashion_mnist", FASHION_NAMES)


def verify() -> list[str]:
    """One sentence for each bundled file that is missing or damaged; an empty list when all is well."""
    return [problem for name in SHA256 if (problem := _problem(name))]


def parse_idx(content: bytes, name: str) -> Tensor:
    """The array in an idx file: two zero bytes, type, number of axes, big-endian axis lengths, then uint8 values."""
    header = 4 + 4 * content[3] if len(content) >= 4 else 4
    if len(content) < header or content[:3] != bytes([0, 0, IDX_UINT8]):
        raise DataError(f"{name} is not an idx file of uint8 values: its first bytes are {content[:4].hex(' ')}.")
    shape = struct.unpack(f">{content[3]}I", content[4:header])
    if len(content) != header + math.prod(shape):
        raise DataError(
            f"{name} announces {math.prod(shape)} values of shape {shape} but holds {len(content) - header}: "
            "get a fresh copy of the file."
        )
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=header).reshape(shape)


def _load(folder: str, class_names: tuple[str, ...]) -> Splits:
    return split(_part(f"{folder}/train"), _part(f"{folder}/t10k"), class_names)


def _part(stem: str) -> Images:
    return Images(_array(f"{stem}-images-idx3-ubyte.gz"), _array(f"{stem}-labels-idx1-ubyte.gz").long())


def _array(name: str) -> Tensor:
    return parse_idx(gzip.decompress(_checked_bytes(name)), name)


def _problem(name: str) -> str | None:
    try:
        _checked_bytes(name)
    except DataError as error:
        return str(error)
    return None


def _checked_bytes(name: str) -> bytes:
    try:
        packed = (FOLDER / name).read_bytes()
    except FileNotFoundError:
        raise _file_error(name, "is missing") from None
    except OSError as error:
        raise _file_error(name, f"cannot be read ({error.strerror})") from error
    if hashlib.sha256(packed).hexdigest() != SHA256[name]:
        raise _file_error(name, _damage(packed))
    return packed


def _damage(packed: bytes) -> str:
    """What is wrong with a file whose checksum differs, in words that fit after its name."""
    if not packed:
        return "is empty"
    if not packed.startswith(GZIP_MAGIC):
        return "is not a gzip file"
    try:
        gzip.decompress(packed)
    except EOFError:
        return "is cut short"
    except (gzip.BadGzipFile, zlib.error):
        pass
    return "was altered (its SHA-256 checksum differs)"


def _file_error(name: str, fault: str) -> DataError:
    return DataError(
        f"The data file {FOLDER / name} {fault}: restore it with `git checkout -- vae_lessons/data/{name}` "
        "in the course folder, or reinstall the vae-lessons package."
    )
