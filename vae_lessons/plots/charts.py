"""Curves, histograms and measured values."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from vae_lessons.plots.picture import MARKERS, SERIES_COLORS, WIDTH, Picture


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float | Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    log_x: bool = False,
) -> Picture:
    """One line with its own marker per entry, all over the same x; the name stands in a legend.

    A point may be several numbers, one per seed: then it is their mean, with a bar of one standard deviation.
    """
    figure = Figure(figsize=(WIDTH, 0.5 * WIDTH), layout="constrained")
    ax = figure.subplots()
    for i, (name, values) in enumerate(series.items()):
        means, spreads = [np.mean(v) for v in values], [np.std(v, ddof=np.ndim(v)) for v in values]
        ax.errorbar(x, means, spreads, marker=MARKERS[i], color=SERIES_COLORS[i], label=name, capsize=3)
    if log_x:
        ax.set_xscale("log", base=2)
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    return Picture(figure, alt)


def paths(panels: Mapping[str, tuple[Tensor, Tensor]], *, ylabel: str, alt: str) -> Picture:
    """A bundle of lines per entry: x (N,) and y (N, lines); the entry's name stands below its axis."""
    figure = Figure(figsize=(WIDTH, 0.45 * WIDTH), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (xlabel, (x, y)) in zip(axes, panels.items(), strict=True):
        ax.plot(x.numpy(), y.numpy(), color=SERIES_COLORS[0], alpha=0.6, lw=1)
        ax.set_xlabel(xlabel)
    axes[0].set_ylabel(ylabel)
    return Picture(figure, alt)


def histograms(
    samples: Mapping[str, Tensor], *, xlabel: str, alt: str, window: tuple[float, float], mark: float | None = None
) -> Picture:
    """One panel per entry, all with the same bins over `window`; `mark` is a vertical line."""
    figure = Figure(figsize=(WIDTH, 0.2 * WIDTH * len(samples)), layout="constrained")
    axes = figure.subplots(len(samples), 1, sharex=True, squeeze=False)[:, 0]
    for i, (ax, (name, values)) in enumerate(zip(axes, samples.items(), strict=True)):
        ax.hist(values.detach().numpy(), bins=90, range=window, density=True, color=SERIES_COLORS[i])
        ax.set(ylabel="density", title=name)
        if mark is not None:
            ax.axvline(mark, color="black", ls="--")
    axes[-1].set_xlabel(xlabel)
    return Picture(figure, alt)


def seed_dots(
    rows: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    xlabel: str,
    alt: str,
    reference: tuple[str, float] | None = None,
) -> Picture:
    """Shares measured over seeds: a row per entry, in it a colour and a shape per series, one open mark per seed.

    A bar and a number show each mean. `reference` is a dashed line with its name.
    """
    figure = Figure(figsize=(WIDTH, 1.1 + 0.42 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for i, series in enumerate(rows.values()):
        for j, (name, values) in enumerate(series.items()):
            y, color, mean = i + 0.3 * (j - (len(series) - 1) / 2), SERIES_COLORS[j], float(np.mean(values))
            label = name if i == 0 else None
            ax.plot(values, [y] * len(values), MARKERS[j], mfc="none", color=color, ms=6, label=label)
            ax.plot([mean, mean], [y - 0.14, y + 0.14], color="black", lw=2)
        text = " · ".join(f"{np.mean(values):.0%}" for values in series.values())
        ax.annotate(text, (1.01, i), xycoords=("axes fraction", "data"), va="center")
    if reference:
        ax.axvline(reference[1], color="black", ls="--", lw=1, label=reference[0])
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.grid(axis="x", alpha=0.3)
    ax.set(xlabel=xlabel, xlim=(-0.02, 1.02))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return Picture(figure, alt)
