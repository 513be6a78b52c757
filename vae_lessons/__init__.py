"""The shared package of the course; importing it loads nothing, so that each lesson pays only for what it uses."""

__version__ = "0.1.0"
