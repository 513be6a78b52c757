import base64
import io
import subprocess
import sys

import pytest
import torch
from PIL import Image

from vae_lessons import plots
from vae_lessons.plots import images as image_plots

ALT = "Two rows of grey squares."


def size_of(picture: plots.Picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.png())).size


def test_picture_carries_its_description():
    data, metadata = plots.image_grid(torch.rand(4, 9), alt=ALT, columns=2)._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == ALT
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_pictures_are_the_same_bytes_each_time():
    images = torch.rand(6, 9)
    assert plots.image_grid(images, alt=ALT).png() == plots.image_grid(images, alt=ALT).png()


def test_tiles_keep_their_orientation_and_order():
    images = torch.arange(12.0).reshape(3, 4)  # 2 x 2 pixels
    assert image_plots._tile(images, columns=2).tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 0, 0],
        [10, 11, 0, 0],
    ]


def test_points_of_a_window_run_from_top_left_to_bottom_right():
    window = plots.Window(torch.tensor([10.0, 0.0]), 2.0)
    assert window.points(2).tolist() == [[9.0, 1.0], [11.0, 1.0], [9.0, -1.0], [11.0, -1.0]]
    assert window.extent() == (8.0, 12.0, -2.0, 2.0)


def test_window_is_a_square_around_nearly_all_codes():
    codes = torch.stack([torch.linspace(0, 100, 10_001), torch.linspace(-1, 1, 10_001)], dim=1)
    window = plots.window_around(codes)
    assert window.center.tolist() == pytest.approx([50.0, 0.0], abs=1e-3)
    assert window.reach == pytest.approx(1.05 * 49.5, rel=1e-4)


@pytest.mark.parametrize(
    "picture",
    [
        lambda: plots.image_rows({"original": torch.rand(5, 784), "copy": torch.rand(5, 784)}, alt=ALT),
        lambda: plots.image_rows({"one": torch.rand(2, 784)}, alt=ALT, columns=["a", "b"]),
        lambda: plots.latent_scatter({"AE": (torch.randn(50, 2), torch.arange(50) % 10)}, alt=ALT, unit_circles=True),
        lambda: plots.latent_map(
            torch.randn(50, 2),
            torch.arange(50) % 10,
            torch.rand(25, 784),
            window=plots.Window(torch.zeros(2), 3.0),
            alt=ALT,
        ),
        lambda: plots.lines([1, 2, 4], {"a": [3, 2, 1], "b": [1, 1, 1]}, xlabel="x", ylabel="y", alt=ALT, log_x=True),
        lambda: plots.lines([1, 2], {"a": [[3.0, 2.0], [1.0, 1.5]]}, xlabel="x", ylabel="y", alt=ALT),
        lambda: plots.seed_dots(
            {"a": {"AE": [0.1, 0.2], "VAE": [0.5, 0.6]}, "b": {"AE": [0.1], "VAE": [0.9]}},
            xlabel="share",
            alt=ALT,
            reference=("real", 0.94),
        ),
        lambda: plots.lines([0, 1], {"a": [3, 2]}, xlabel="x", ylabel="y", alt=ALT, ticks=["0", "0.1"], bottom=1.0),
        lambda: plots.latent_scatter({"t-SNE": (torch.randn(50, 2), None)}, alt=ALT, names=("", "")),
        lambda: plots.paths({"x": (torch.arange(3.0), torch.rand(3, 4))}, ylabel="z", alt=ALT),
        lambda: plots.curves(
            {"one": {"a": ([0, 1], [1, 2])}, "two": {"b": ([0, 1], [3, 4])}}, xlabel="x", ylabel="y", alt=ALT
        ),
        lambda: plots.bars({"a": [3, 2, 0.1], "b": [1, 1, 1]}, xlabel="x", ylabel="y", alt=ALT, mark=("floor", 0.5)),
        lambda: plots.labelled_points({"a": ([1, 2], [3, 4]), "b": ([5], [1])}, xlabel="x", ylabel="y", alt=ALT),
        lambda: plots.heatmap(torch.rand(3, 2), rows=["a", "b", "c"], columns=["x", "y"], label="nats", alt=ALT),
        lambda: plots.heatmap(torch.zeros(3, 2), rows=["a", "b", "c"], columns=["x", "y"], label="nats", alt=ALT),
        lambda: plots.roc({"a": ([0, 0.5, 1], [0, 0.9, 1])}, alt=ALT, points={"5 %": (0.05, 0.4)}),
        lambda: plots.histograms({"a": torch.randn(99), "b": torch.randn(99)}, xlabel="g", alt=ALT, window=(-3, 3)),
    ],
)
def test_every_figure_is_drawn_at_a_readable_size(picture):
    width, height = size_of(picture())
    assert 500 < width < 1000 and height > 60


def test_plots_do_not_touch_pyplot():
    code = "import sys, vae_lessons.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
