"""Pictures in rows and grids, and latent planes."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnchoredText
from torch import Tensor

from vae_lessons.plots.picture import CLASS_COLORS, WIDTH, Picture


def image_rows(rows: Mapping[str, Tensor], *, alt: str, columns: Sequence[str] = ()) -> Picture:
    """One labelled row of pictures per entry, each (N, P) in [0, 1]; `columns` are optional headings."""
    count = max(len(images) for images in rows.values())
    label_width = 0.085 * max(len(label) for label in rows)
    scale = (WIDTH - label_width) / count
    figure = Figure(figsize=(WIDTH, scale * len(rows) + 0.25 * bool(columns)))
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for ax, (label, images) in zip(axes, rows.items(), strict=True):
        _show_tiles(ax, _tile(images, columns=count))
        ax.set_ylabel(label, rotation=0, ha="right", va="center")
    side = _side(next(iter(rows.values())))
    for i, heading in enumerate(columns):
        axes[0].text((i + 0.5) * side, -2, heading, ha="center", va="bottom")
    figure.subplots_adjust(hspace=0.04)
    return Picture(figure, alt)


def image_grid(images: Tensor, *, alt: str, columns: int = 10, title: str = "") -> Picture:
    """Pictures (N, P) in [0, 1], row by row."""
    rows = math.ceil(len(images) / columns)
    figure = Figure(figsize=(WIDTH, WIDTH * rows / columns))
    ax = figure.subplots()
    _show_tiles(ax, _tile(images, columns=columns))
    ax.set_title(title)
    return Picture(figure, alt)


def latent_scatter(
    panels: Mapping[str, tuple[Tensor, Tensor | None]],
    *,
    alt: str,
    unit_circles: bool = False,
    names: tuple[str, str] = ("$z_1$", "$z_2$"),
) -> Picture:
    """Codes (N, 2) with their labels (N,), a panel per entry; each dot is its label, or a dot where there is none.

    `names` are those of the two axes.
    """
    figure = Figure(figsize=(WIDTH, WIDTH / len(panels) if len(panels) > 1 else 0.8 * WIDTH), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, (codes, labels)) in zip(axes, panels.items(), strict=True):
        _scatter(ax, codes, labels)
        if unit_circles:
            _circles(ax)
        ax.set(title=title, xlabel=names[0], ylabel=names[1], aspect="equal", adjustable="datalim")
    return Picture(figure, alt)


class Window(NamedTuple):
    """A square of a latent plane: its centre and half of its side."""

    center: Tensor  # (2,)
    reach: float

    def points(self, side: int) -> Tensor:
        """The centres of side * side equal tiles, (side * side, 2), row by row from the top left."""
        steps = (torch.arange(side) + 0.5) / side * 2 * self.reach - self.reach
        vertical, horizontal = torch.meshgrid(steps.flip(0), steps, indexing="ij")
        return self.center + torch.stack([horizontal.flatten(), vertical.flatten()], dim=1)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top."""
        x, y = self.center.tolist()
        return x - self.reach, x + self.reach, y - self.reach, y + self.reach


def window_around(codes: Tensor) -> Window:
    """The square that holds all but the outermost hundredth of the codes (N, 2) along each axis."""
    low, high = codes.quantile(0.005, dim=0), codes.quantile(0.995, dim=0)
    return Window((low + high) / 2, 1.05 * (high - low).max().item() / 2)


def latent_map(codes: Tensor, labels: Tensor, decoded: Tensor, *, window: Window, alt: str) -> Picture:
    """Codes (N, 2) beside the pictures (n * n, P) decoded at `window.points(n)`."""
    figure = Figure(figsize=(WIDTH, WIDTH / 2), layout="constrained")
    left, right = figure.subplots(1, 2)
    extent = window.extent()
    _scatter(left, codes, labels)
    left.set(title="codes", xlabel="$z_1$", ylabel="$z_2$", xlim=extent[:2], ylim=extent[2:], aspect="equal")
    tiles = _tile(decoded, columns=math.isqrt(len(decoded)))
    right.imshow(tiles, cmap="gray_r", vmin=0, vmax=1, extent=extent)
    right.set(title="what the decoder draws there", xlabel="$z_1$")
    return Picture(figure, alt)


def _scatter(ax: Axes, codes: Tensor, labels: Tensor | None) -> None:
    codes = codes.detach().cpu().numpy()
    if labels is None:
        ax.scatter(codes[:, 0], codes[:, 1], s=5, color=CLASS_COLORS[0], alpha=0.7, lw=0)
        return
    labels = labels.cpu().numpy()
    for value in np.unique(labels):
        of_class, color = codes[labels == value], CLASS_COLORS[value % 10]
        ax.scatter(of_class[:, 0], of_class[:, 1], s=14, marker=f"${value}$", color=color, alpha=0.7, lw=0)
    for value in np.unique(labels):  # after all dots, so that no name is covered
        x, y = np.median(codes[labels == value], axis=0)
        box = {"boxstyle": "circle,pad=0.2", "fc": "white", "ec": CLASS_COLORS[value % 10], "alpha": 0.9}
        ax.text(x, y, str(value), ha="center", va="center", weight="bold", bbox=box, clip_on=True)


def _circles(ax: Axes) -> None:
    """Where the points of N(0, I) lie: 39 % of them inside radius 1, 99 % inside radius 3."""
    angle = np.linspace(0, 2 * math.pi, 200)
    for radius in (1, 2, 3):
        ax.plot(radius * np.cos(angle), radius * np.sin(angle), color="black", lw=1, ls="--")
    ax.add_artist(AnchoredText("dashed: radius 1, 2, 3", loc="lower right", prop={"size": 8}, frameon=False))


def _side(images: Tensor) -> int:
    return math.isqrt(images.shape[-1])


def _tile(images: Tensor, *, columns: int) -> np.ndarray:
    """(N, P) to one picture of rows * side by columns * side pixels; missing tiles are white (0 is shown white)."""
    side = _side(images)
    rows = math.ceil(len(images) / columns)
    tiles = torch.zeros(rows * columns, side, side)
    tiles[: len(images)] = images.detach().cpu().reshape(-1, side, side)
    return tiles.reshape(rows, columns, side, side).transpose(1, 2).reshape(rows * side, columns * side).numpy()


def _show_tiles(ax: Axes, tiles: np.ndarray) -> None:
    ax.imshow(tiles, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
