"""The picture in the README is the one that lesson 02 shows."""

import base64
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]


def test_the_picture_is_a_figure_of_lesson_02():
    notebook = nbformat.read(ROOT / "notebooks" / "02_vae.ipynb", as_version=4)
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    figures = [base64.b64decode(o.data["image/png"]) for o in outputs if "image/png" in o.get("data", {})]
    assert (ROOT / "docs" / "latent_map.png").read_bytes() in figures, (
        "docs/latent_map.png is not a figure of lesson 02: copy the map of its section 5 there."
    )
