"""Read a learner's formula back from its values."""

from collections.abc import Mapping

import torch
from torch import Tensor

from vae_lessons.checks.probe import same


def written_out(got: Tensor, terms: Mapping[str, Tensor]) -> str | None:
    """Write `got` as a weighted sum of `terms` ("0.5 mu^2 - logvar"), or return None where it is no such sum."""
    table = torch.stack([term.double().reshape(-1) for term in terms.values()], 1)
    values = got.double().reshape(-1)
    if len(values) != len(table) or not values.isfinite().all():
        return None
    weights = torch.linalg.lstsq(table, values[:, None]).solution[:, 0]
    weights = torch.where(weights.abs() < 1e-3, 0.0, weights)
    if not same(table @ weights, values):
        return None
    parts = [_part(float(weight), name) for weight, name in zip(weights, terms, strict=True) if weight]
    return " ".join(parts).removeprefix("+ ") or "0"


def _part(weight: float, name: str) -> str:
    sign, size = "-" if weight < 0 else "+", f"{abs(weight):.3g}"
    return f"{sign} {size}" if name == "1" else f"{sign} {name}" if size == "1" else f"{sign} {size} {name}"
