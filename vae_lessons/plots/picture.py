"""What every figure of the lessons is: a matplotlib figure with a description in words."""

import base64
import io

from matplotlib import color_sequences
from matplotlib.figure import Figure
from PIL import Image

WIDTH = 7.0  # inches; about the width of a notebook's text
DPI = 110
CLASS_COLORS = color_sequences["petroff10"]  # ten colours chosen to stay apart for colour-blind readers
SERIES_COLORS = [color_sequences["okabe_ito"][i] for i in (5, 6, 3, 1, 7, 0)]  # blue, vermilion, green, orange, ...
MARKERS = "osD^vP*X<>"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


class Picture:
    """A matplotlib `figure` and its description `alt`, shown together as the result of a notebook cell."""

    def __init__(self, figure: Figure, alt: str):
        self.figure, self.alt = figure, alt

    def png(self) -> bytes:
        """The figure as a PNG file of 128 colours, a third of the size of one with all colours."""
        drawn, small = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=DPI, bbox_inches="tight")
        Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        return small.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}
