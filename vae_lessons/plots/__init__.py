"""Figures for the lessons, each with a description in words. They take tensors and know no model."""

from vae_lessons.plots.charts import bars, curves, heatmap, histograms, labelled_points, lines, paths, roc, seed_dots
from vae_lessons.plots.images import Window, image_grid, image_rows, latent_map, latent_scatter, window_around
from vae_lessons.plots.picture import Picture

__all__ = [
    "Picture",
    "Window",
    "bars",
    "curves",
    "heatmap",
    "histograms",
    "image_grid",
    "image_rows",
    "labelled_points",
    "latent_map",
    "latent_scatter",
    "lines",
    "paths",
    "roc",
    "seed_dots",
    "window_around",
]
