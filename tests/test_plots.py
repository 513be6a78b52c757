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
        lambda: plots.seed_dots({"a": {"MIG": [0.1, 0.2]}}, xlabel="gap", alt=ALT, share=False),
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
        lambda: plots.heatmap(torch.rand(2, 2), rows=["a", "b"], columns=["x", "y"], label="nats", alt=ALT, center=0.5),
        lambda: plots.heatmap(torch.full((1, 1), 0.5), rows=["a"], columns=["x"], label="p", alt=ALT, center=0.5),
        lambda: plots.roc({"a": ([0, 0.5, 1], [0, 0.9, 1])}, alt=ALT, points={"5 %": (0.05, 0.4)}),
        lambda: plots.histograms({"a": torch.randn(99), "b": torch.randn(99)}, xlabel="g", alt=ALT, window=(-3, 3)),
    ],
)
def test_every_figure_is_drawn_at_a_readable_size(picture):
    width, height = size_of(picture())
    assert 500 < width < 1000 and height > 60


def seed_axis(**options) -> tuple[tuple[float, float], str, str]:
    """The limits of a seed plot of values up to 0.25, the number at its first row, and how its axis writes a half."""
    rows = {"a": {"one": [0.1, 0.2], "two": [0.25, 0.25]}, "b": {"one": [0.0, 0.1], "two": [0.1, 0.1]}}
    ax = plots.seed_dots(rows, xlabel="x", alt=ALT, **options).figure.axes[0]
    return ax.get_xlim(), ax.texts[0].get_text(), ax.xaxis.get_major_formatter()(0.5, 0)


def test_seed_dots_are_shares_unless_told_otherwise():
    assert seed_axis() == ((-0.02, 1.02), "15% · 25%", "50%")
    assert seed_axis(reference=("line", 0.4)) == ((-0.02, 1.02), "15% · 25%", "50%")


def test_seed_dots_of_plain_numbers_end_a_little_above_the_largest():
    (low, high), text, tick = seed_axis(share=False)
    assert -0.02 < low < 0 and 0.255 < high < 0.27
    assert (text, tick) == ("0.15 · 0.25", "0.50")
    (_, high), _, _ = seed_axis(share=False, reference=("line", 0.4))
    assert 0.4 < high < 0.42


def test_names_of_labelled_points_stay_inside_the_axes():
    points = {f"beta {beta}": ([x, x + 0.1], [y, y]) for beta, x, y in ((8, 5, 135), (1, 26, 66), (0.25, 54, 56))}
    figure = plots.labelled_points(points, xlabel="x", ylabel="y", alt=ALT).figure
    figure.draw_without_rendering()
    frame = figure.axes[0].get_window_extent()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1


def cell_colors(table: torch.Tensor, **options) -> tuple[list, list[str]]:
    """The (red, green, blue) of each cell of a heatmap, and the colour of the number in it."""
    rows, columns = ([str(i) for i in range(n)] for n in table.shape)
    ax = plots.heatmap(table, rows=rows, columns=columns, label="", alt=ALT, **options).figure.axes[0]
    shown = ax.images[0]
    fills = shown.cmap(shown.norm(table.numpy()))[..., :3]
    return fills.reshape(-1, 3).tolist(), [text.get_color() for text in ax.texts]


def test_a_centred_heatmap_is_pale_at_its_center_and_as_dark_below_it_as_above():
    fills, numbers = cell_colors(torch.tensor([[0.1, 0.5, 0.6, 0.9]]), center=0.5)
    (red, _, blue), middle, near, (red_above, _, blue_above) = fills
    assert red > blue and red_above < blue_above  # orange below, violet above
    assert min(middle) > 0.9 and min(near) > 0.7
    assert abs(sum(fills[0]) - sum(fills[-1])) < 0.5
    assert numbers == ["white", "black", "black", "white"]


def test_a_heatmap_without_a_center_runs_from_pale_to_dark():
    fills, numbers = cell_colors(torch.tensor([[0.0, 0.2, 0.9]]))
    brightness = [sum(fill) for fill in fills]
    assert brightness == sorted(brightness, reverse=True)
    assert numbers == ["black", "black", "white"]


def test_the_legend_of_a_roc_lies_outside_the_axes():
    figure = plots.roc({"a": ([0, 1], [0, 1])}, alt=ALT, points={"5 %": (0.05, 0.4)}).figure
    figure.draw_without_rendering()
    axes, legend = figure.axes[0].get_window_extent(), figure.legends[0].get_window_extent()
    assert not axes.overlaps(legend)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["guessing", "a", "5 %"]


def test_plots_do_not_touch_pyplot():
    code = "import sys, vae_lessons.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
