"""Tests train for one epoch only, unless a profile is asked for; notebooks started by nbval inherit it."""

import os

os.environ.setdefault("VAE_LESSONS_PROFILE", "fast")
