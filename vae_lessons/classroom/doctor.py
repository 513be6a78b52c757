"""What stands between this machine and the lessons: one line for each check, with a remedy where one is needed."""

import importlib
import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

# No torch at the top: a machine on which it is missing or broken is what this module is for.
PYTHONS = ((3, 11), (3, 12), (3, 13))
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
WIDGETS_EXTENSION = "@jupyter-widgets/jupyterlab-manager/package.json"
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
DISK_GB = 1.0
MEMORY_GB = 3.0


class Check(NamedTuple):
    """The result of one check; `text` says what was found or, where `ok` is false, the remedy."""

    name: str
    ok: bool
    text: str

    @property
    def line(self) -> str:
        return f"{'OK ' if self.ok else 'FIX'} {self.name}: {self.text}"


class Report(NamedTuple):
    """The results of all checks; a notebook shows them as a table."""

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def summary(self) -> str:
        wrong = sum(not check.ok for check in self.checks)
        if not wrong:
            return "All is well: the lessons can start."
        return f"{wrong} of {len(self.checks)} checks need a remedy: see the lines marked FIX."

    def __repr__(self) -> str:
        return "\n".join([*(check.line for check in self.checks), self.summary])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td>{"OK" if ok else "<b>FIX</b>"}</td><th scope="row">{escape(name)}</th>'
            f'<td style="text-align: left">{escape(text)}</td></tr>'
            for name, ok, text in self.checks
        )
        return f"<table>{rows}</table><p>{escape(self.summary)}</p>"


def doctor() -> Report:
    """Examine this machine; some seconds, most of them for importing PyTorch."""
    return Report(tuple(examine()))


def examine() -> Iterator[Check]:
    """The results of all checks, each as soon as it is known."""
    for check in CHECKS:
        yield isolated(check)


def isolated(check: Callable[[], Check]) -> Check:
    """The result of one check; an exception becomes a result that needs a remedy."""
    name = check.__name__.replace("_", " ").capitalize()
    try:
        return check()
    except Exception as error:
        if import_error("torch"):
            return Check(name, False, "not checked, because PyTorch does not import: follow the line on PyTorch first.")
        return Check(name, False, f"the check itself stopped with {described(error)}: {reinstall('vae-lessons')}")


def python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in PYTHONS:
        return Check("Python", True, version)
    return Check(
        "Python", False, f"{version}, but the course needs 3.11, 3.12 or 3.13: install one and run `make lab`."
    )


def pytorch() -> Check:
    name, pair = "PyTorch", f"torch {version_of('torch')}, torchvision {version_of('torchvision')}"
    remedy = reinstall("torch torchvision")
    for package in ("torch", "torchvision"):
        error = import_error(package)
        if error is None:
            continue
        if "torchvision::nms" in str(error):
            return Check(
                name,
                False,
                f"{described(error)}: this torchvision was built for another PyTorch ({pair}); "
                f"install both from the same index as a matching pair: {remedy}",
            )
        if isinstance(error, ModuleNotFoundError) and error.name == package:
            return Check(name, False, f"{package} is not installed: {remedy}")
        return Check(name, False, f"{package} does not import, {described(error)} ({pair}): {remedy}")
    return Check(name, True, pair)


def device() -> Check:
    from vae_lessons.training import pick_device

    try:
        chosen = pick_device()
    except ValueError as error:
        return Check("Device", False, str(error))
    if os.environ.get("VAE_LESSONS_DEVICE"):
        return Check("Device", True, f"{chosen}, because VAE_LESSONS_DEVICE says so")
    reasons = {"cuda": "a CUDA graphics card was found", "mps": "an Apple graphics device was found"}
    return Check(
        "Device", True, f"{chosen}, {reasons.get(chosen.type, 'no graphics device was found, and none is needed')}"
    )


def data() -> Check:
    from vae_lessons.data import verify

    problems = verify()
    return Check("Data", not problems, " ".join(problems) or "the bundled images are complete and unaltered")


def jupyterlab() -> Check:
    name, packages = "JupyterLab", ("jupyterlab", "ipywidgets")
    for package in packages:
        if error := import_error(package):
            return Check(name, False, f"{package} does not import, {described(error)}: {reinstall(package)}")
    from jupyter_core.paths import jupyter_path

    if not any(Path(folder, WIDGETS_EXTENSION).is_file() for folder in jupyter_path("labextensions")):
        remedy = reinstall("jupyterlab_widgets")
        return Check(name, False, f"its extension jupyterlab_widgets is missing, so no slider would show: {remedy}")
    return Check(name, True, ", ".join(f"{package} {version_of(package)}" for package in packages))


def disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < DISK_GB:
        return Check("Disk", False, f"only {free:.1f} GB free here: free about {DISK_GB:.0f} GB to save your work in.")
    return Check("Disk", True, f"{free:.0f} GB free")


def memory() -> Check:
    import psutil

    limits = [text for path in map(Path, MEMORY_LIMITS) if path.is_file() and (text := path.read_text().strip())]
    free = min([psutil.virtual_memory().available, *(int(text) for text in limits if text.isdigit())]) / 1e9
    if free < MEMORY_GB:
        return Check(
            "Memory",
            False,
            f"only {free:.1f} GB available and training takes up to {MEMORY_GB:.0f}: close other programs "
            "and shut down the notebooks that you do not use.",
        )
    return Check("Memory", True, f"{free:.0f} GB available")


def write_access(folder: Path | None = None) -> Check:
    name, folder = "Write access", folder or Path.cwd()
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"saved")
    except OSError as error:
        remedy = "copy the course to a folder of your own, or ask for permission to write here"
        return Check(name, False, f"notebooks cannot be saved in {folder} ({error.strerror}): {remedy}.")
    return Check(name, True, "notebooks can be saved in this folder")


def versions(constraints: Path = CONSTRAINTS) -> Check:
    if not constraints.is_file():
        return Check("Versions", True, "not compared: constraints.txt is not here (installed without the repository)")
    tested = dict(line.split("==") for line in constraints.read_text(encoding="utf-8").split() if "==" in line)
    different = [
        f"{package} tested with {tested[package]}, you have {found}"
        for package in direct_dependencies()
        if package in tested and (found := version_of(package)).partition("+")[0] != tested[package]
    ]
    return Check("Versions", True, "; ".join(different) or "those that the course is tested with")


CHECKS: tuple[Callable[[], Check], ...] = (
    python,
    pytorch,
    device,
    data,
    jupyterlab,
    disk,
    memory,
    write_access,
    versions,
)


def import_error(module: str) -> Exception | None:
    """What importing a module raises, whatever it is."""
    try:
        importlib.import_module(module)
    except Exception as error:
        return error
    return None


def described(error: Exception) -> str:
    """The kind of an error and the first line of its message."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def reinstall(packages: str) -> str:
    source = "-e ." if packages == "vae-lessons" else packages
    return (
        "remove the folder .venv and run `make lab` again, or, in an environment of your own, "
        f"`python -m pip install --force-reinstall {source}`."
    )


def version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def direct_dependencies() -> list[str]:
    """The packages that the course itself asks for, extras left out."""
    wanted = importlib.metadata.requires("vae-lessons") or []
    return [re.split(r"[^\w.-]", text, maxsplit=1)[0].lower() for text in wanted if "extra ==" not in text]
