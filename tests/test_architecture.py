"""The package's structure: who may import whom, and what importing a module costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vae_lessons"
MAY_IMPORT = {
    "distributions": set(),
    "schedules": set(),
    "history": set(),
    "data": set(),
    "plots": set(),
    "latents": set(),
    "models": {"distributions"},
    "pixelcnn": {"distributions", "models"},
    "losses": {"distributions"},
    "total_correlation": {"distributions", "losses"},
    "training": {"data", "history", "losses", "schedules"},
    "metrics": {"data", "distributions", "losses", "models", "training"},
    "checks": set(),
    "classroom": {"checks", "data", "training"},
}


def parts_imported_by(part: str) -> set[str]:
    files = (PACKAGE / part).rglob("*.py") if (PACKAGE / part).is_dir() else [PACKAGE / f"{part}.py"]
    names = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {part}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("vae_lessons.")} - {part}


def test_the_table_names_every_part():
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts - {"__init__"} == set(MAY_IMPORT)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_follow_the_table(part):
    assert parts_imported_by(part) <= MAY_IMPORT[part]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_package_itself_loads_nothing():
    assert not loaded_by("vae_lessons") & {"torch", "numpy", "matplotlib", "vae_lessons.data"}


@pytest.mark.parametrize("module", ["distributions", "losses", "models", "pixelcnn", "data"])
def test_the_maths_loads_neither_plots_nor_widgets(module):
    assert not loaded_by(f"vae_lessons.{module}") & {"matplotlib", "ipywidgets", "torchvision"}
