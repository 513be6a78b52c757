"""The digits that claims are measured on."""

import torch

from vae_lessons.data import Images, Splits, mnist


def digits_for(quick: bool) -> Splits:
    """MNIST; for a quick look every fifth of its digits: 10,000 to train, 2,000 to validate and 2,000 to test."""
    digits = mnist()
    return Splits(*(_fifth(part) for part in digits[:3]), digits.class_names) if quick else digits


def _fifth(part: Images) -> Images:
    return part.take(torch.arange(0, part.size, 5))
