"""Curves, histograms and measured values."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from torch import Tensor

from vae_lessons.plots.picture import DASHES, MARKERS, SERIES_COLORS, WIDTH, Picture

CENTERED = colormaps["PuOr"].resampled(21)  # orange, white, violet; few steps survive the 128 colours of a Picture
BRIGHTNESS = np.array([0.299, 0.587, 0.114])  # of red, green and blue to the eye


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float | Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    log_x: bool = False,
    ticks: Sequence[str] = (),
    bottom: float = 0.0,
) -> Picture:
    """One line with its own marker per entry, all over the same x; the name stands in a legend.

    A point may be several numbers, one per seed: then it is their mean, with a bar of one standard deviation. `ticks`
    are words for the places x; the vertical axis starts at `bottom`.
    """
    figure = Figure(figsize=(WIDTH, 0.5 * WIDTH), layout="constrained")
    ax = figure.subplots()
    for i, (name, values) in enumerate(series.items()):
        means, spreads = [np.mean(v) for v in values], [np.std(v, ddof=np.ndim(v)) for v in values]
        ax.errorbar(x, means, spreads, marker=MARKERS[i], color=SERIES_COLORS[i], label=name, capsize=3)
    if log_x:
        ax.set_xscale("log", base=2)
    ax.set_xticks(x, ticks or [f"{value:g}" for value in x])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(bottom=bottom)
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
    share: bool = True,
) -> Picture:
    """Shares measured over seeds: a row per entry, in it a colour and a shape per series, one open mark per seed.

    A bar and a number show each mean. `reference` is a dashed line with its name. With `share` the axis is 0 to 100 %;
    without, numbers have two decimals, and the axis goes from 0 to a little above the largest.
    """
    number = "{:.0%}" if share else "{:.2f}"
    figure = Figure(figsize=(WIDTH, 1.1 + 0.42 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for i, series in enumerate(rows.values()):
        for j, (name, values) in enumerate(series.items()):
            y, color, mean = i + 0.3 * (j - (len(series) - 1) / 2), SERIES_COLORS[j], float(np.mean(values))
            label = name if i == 0 else None
            ax.plot(values, [y] * len(values), MARKERS[j], mfc="none", color=color, ms=6, label=label)
            ax.plot([mean, mean], [y - 0.14, y + 0.14], color="black", lw=2)
        text = " · ".join(number.format(np.mean(values)) for values in series.values())
        ax.annotate(text, (1.01, i), xycoords=("axes fraction", "data"), va="center")
    if reference:
        ax.axvline(reference[1], color="black", ls="--", lw=1, label=reference[0])
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.grid(axis="x", alpha=0.3)
    top = 1.0 if share else 1.02 * ax.dataLim.xmax  # of the marks and of the reference
    ax.set(xlabel=xlabel, xlim=(-0.02 * top, 1.02 * top))
    ax.xaxis.set_major_formatter(lambda value, _: number.format(value))
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return Picture(figure, alt)


def curves(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    from_zero: bool = True,
) -> Picture:
    """Smooth curves of many points, a panel per entry; in it x and y per name, told apart by colour and dashes."""
    figure = Figure(figsize=(WIDTH, 0.45 * WIDTH), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (title, series) in zip(axes, panels.items(), strict=True):
        for i, (name, (x, y)) in enumerate(series.items()):
            ax.plot(x, y, ls=DASHES[i], color=SERIES_COLORS[i], lw=2, label=name)
        ax.set(title=title, xlabel=xlabel)
        if all(isinstance(value, int) for x, _ in series.values() for value in x):
            ax.xaxis.get_major_locator().set_params(integer=True)
        if len(series) > 1:  # a single curve is named by its panel
            ax.legend(frameon=False)
    axes[0].set_ylabel(ylabel)
    if from_zero:
        axes[0].set_ylim(bottom=0)
    return Picture(figure, alt)


def bars(
    panels: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    mark: tuple[str, float] | None = None,
) -> Picture:
    """One bar per number, numbered from 1, a panel per entry on one scale; `mark` is a dashed level with its name."""
    figure = Figure(figsize=(WIDTH, 0.4 * WIDTH), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (title, heights) in zip(axes, panels.items(), strict=True):
        ax.bar(range(1, len(heights) + 1), heights, color=SERIES_COLORS[0])
        ax.set(title=title, xlabel=xlabel)
        ax.xaxis.get_major_locator().set_params(integer=True)
        if mark:
            ax.axhline(mark[1], color="black", ls="--", lw=1, label=mark[0])
            ax.legend(frameon=False)
    axes[0].set_ylabel(ylabel)
    return Picture(figure, alt)


def labelled_points(
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, xlabel: str, ylabel: str, alt: str
) -> Picture:
    """One mark per seed, x and y of each entry; the entry's name beside the mean, and a line through the means."""
    figure = Figure(figsize=(WIDTH, 0.6 * WIDTH), layout="constrained")
    ax = figure.subplots()
    means = [(float(np.mean(x)), float(np.mean(y))) for x, y in points.values()]
    ax.plot(*zip(*means, strict=True), color="0.7", lw=1, zorder=0)
    for i, (name, (x, y)) in enumerate(points.items()):
        color = SERIES_COLORS[i % len(SERIES_COLORS)]
        ax.plot(x, y, MARKERS[i % len(MARKERS)], mfc="none", color=color, ms=6)
        ax.annotate(name, means[i], xytext=(9, 5), textcoords="offset points")
    ax.margins(x=0.18, y=0.12)  # room for the name on the right
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return Picture(figure, alt)


def heatmap(
    table: Tensor, *, rows: Sequence[str], columns: Sequence[str], label: str, alt: str, center: float | None = None
) -> Picture:
    """A table (R, C) of numbers, dark for large ones, each written in its cell; `label` says what they are.

    With `center`, that number is white, and what lies above it is violet, what lies below it orange, as far as it lies.
    """
    figure = Figure(figsize=(WIDTH, 0.9 + 0.32 * len(rows)), layout="constrained")
    ax = figure.subplots()
    values = table.detach().cpu().numpy()
    middle = center or 0.0
    reach = float(abs(values - middle).max() if center is not None else values.max()) or 1.0
    low, cmap = (0.0, "Blues") if center is None else (middle - reach, CENTERED)
    shown = ax.imshow(values, cmap=cmap, vmin=low, vmax=middle + reach, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = value > 0.6 * reach if center is None else BRIGHTNESS @ shown.to_rgba(value)[:3] < 0.46
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if dark else "black")
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_yticks(range(len(rows)), list(rows))
    figure.colorbar(shown, label=label)
    return Picture(figure, alt)


def roc(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    alt: str,
    points: Mapping[str, tuple[float, float]] | None = None,
) -> Picture:
    """Detection rate over false-alarm rate, a curve per entry, with the diagonal of guessing; `points` are marked."""
    figure = Figure(figsize=(0.92 * WIDTH, 0.6 * WIDTH), layout="constrained")
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color="0.6", lw=1, label="guessing")
    for i, (name, (false_alarms, detections)) in enumerate(series.items()):
        ax.plot(false_alarms, detections, ls=DASHES[i], color=SERIES_COLORS[i], lw=2, label=name)
    for i, (name, (x, y)) in enumerate((points or {}).items()):
        ax.plot(x, y, MARKERS[i], color="black", ms=8, label=name)
    ax.set(xlabel="false-alarm rate: share of normal images flagged", ylabel="share of anomalies flagged (recall)")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_aspect("equal")
    figure.legend(frameon=False, loc="outside right center")
    return Picture(figure, alt)
