"""Make .venv and install the course into it: `python3 tools/bootstrap.py lab` (or `test`); quick when nothing changed.

Needs the standard library alone and starts on any Python from 3.7 on, so that it can say what is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ((3, 13), (3, 12), (3, 11))  # newest first, as in pyproject.toml
FREE_GB = 8  # PyTorch and torchvision take about 5 on Linux, pip's downloads the rest
EXTRAS = {"lab": "", "test": "[dev]"}
SATISFIED_BY = {"lab": ("lab", "test"), "test": ("test",)}
OUTDATED = "outdated"  # the digest of a stamp while its environment is being changed

PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); sys.stdout.flush(); import venv, ensurepip"
# JupyterLab merges this into its default settings; what a user chose in the settings editor wins.
LAB_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


class ProblemError(Exception):
    """What stops the setup, in one sentence that names the remedy."""


def say(text: str) -> None:
    print(text, flush=True)


def run(command: list[str], folder: Path) -> int:
    """Run a command in a folder, its output on the terminal; the exit status."""
    return subprocess.call(command, cwd=str(folder))


def python_in(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs(python: Path) -> bool:
    """Whether an environment's Python starts and finds its packages (false once the system's Python was replaced)."""
    if not python.exists():
        return False
    return subprocess.call([str(python), "-c", "import pip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def probe(python: str) -> tuple[tuple[int, ...], bool]:
    """(version, can make environments) of an interpreter; ((), False) where it does not start."""
    try:
        result = subprocess.run([python, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return (), False
    version = result.stdout.decode().strip()
    return tuple(int(part) for part in version.split(".") if part), result.returncode == 0


def candidates() -> list[str]:
    """The interpreter that runs this file (its base, if that is an environment), then python3.13 to 3.11 on PATH."""
    named = [shutil.which("python{}.{}".format(*version)) for version in PYTHONS]
    return [getattr(sys, "_base_executable", None) or sys.executable, *filter(None, named)]


def choose_python() -> str:
    """The first interpreter that is supported and can make an environment."""
    found = [(python, *probe(python)) for python in candidates()]
    supported = [entry for entry in found if entry[1] in PYTHONS]
    for python, _, complete in supported:
        if complete:
            return python
    if supported:
        package = "python{}.{}-venv".format(*supported[0][1])
        raise ProblemError(
            "This Python lacks the module that makes virtual environments: install python3-venv "
            f"(Debian and Ubuntu: `sudo apt install python3-venv`, or `{package}`), then run the same command again."
        )
    raise ProblemError(
        f"The course needs Python 3.11, 3.12 or 3.13, but only {sys.version.split()[0]} was found here: install one of "
        "them, then run the same command again (or name it: `make lab PYTHON=/path/to/python3.12`)."
    )


def fingerprint(root: Path) -> str:
    """A digest of all that decides what gets installed."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes() + b"\0")
    return digest.hexdigest()


def stamp_file(root: Path, profile: str) -> Path:
    return root / ".venv" / f".vae-lessons-{profile}"


def write_stamp(root: Path, profile: str, digest: str) -> None:
    """Record a finished install, and where: an environment does not survive being moved."""
    stamp_file(root, profile).write_text(f"{digest}\n{root}\n", encoding="utf-8")


def read_stamps(root: Path) -> dict[str, str]:
    """Profile to digest, for the installs that were finished at this place."""
    stamps = {}
    for profile in EXTRAS:
        file = stamp_file(root, profile)
        digest, _, place = file.read_text(encoding="utf-8").partition("\n") if file.is_file() else ("", "", "")
        if digest and place.strip() == str(root).strip():
            stamps[profile] = digest
    return stamps


def check_disk(root: Path) -> None:
    free = shutil.disk_usage(str(root)).free / 1e9
    if free < FREE_GB:
        raise ProblemError(
            f"Only {free:.1f} GB are free on this disk and the installation needs about {FREE_GB}: free some space and "
            "run the same command again (for the smaller CPU builds of PyTorch from an index of your own, run "
            "`python3 tools/bootstrap.py lab --ignore-disk` first)."
        )


def create(root: Path, python: str) -> None:
    """An empty environment in .venv, in place of whatever was there."""
    venv = root / ".venv"
    if venv.exists():
        say("The environment in .venv is unfinished, was moved, or has lost its Python: it is made anew.")
        shutil.rmtree(str(venv))
    say(f"Making the environment .venv with {python}.")
    if run([python, "-m", "venv", str(venv)], root):
        raise ProblemError("The environment .venv could not be made (the reason is above).")


def install(root: Path, profile: str) -> None:
    """The course and what it depends on, at the tested versions; pip reads the user's own settings."""
    target = "." + EXTRAS[profile]
    pip = [str(python_in(root / ".venv")), "-m", "pip", "install", "--disable-pip-version-check"]
    if run([*pip, "-c", "constraints.txt", "-e", target], root):
        raise ProblemError(
            "The installation did not finish (pip gives the reason above): check the network connection or the package "
            "index that pip is set to, then run the same command again."
        )


def write_lab_settings(root: Path) -> None:
    """No pop-up with Jupyter news at the first start; kept inside .venv, the user's own settings stay untouched."""
    folder = root / ".venv" / "etc" / "jupyter" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS, indent=1), encoding="utf-8")


def set_up(root: Path, profile: str, ignore_disk: bool) -> None:
    """A new environment; any failure or Ctrl-C removes it again."""
    if not ignore_disk:
        check_disk(root)
    python = choose_python()
    say("First start: PyTorch, torchvision and JupyterLab come from the package index, about 5 GB on disk on Linux.")
    say("This takes 2 to 10 minutes, once; later starts take seconds.")
    try:
        create(root, python)
        install(root, profile)
    except BaseException:
        shutil.rmtree(str(root / ".venv"), ignore_errors=True)
        raise


def update(root: Path, profile: str, stamps: dict[str, str], wanted: str) -> None:
    """Bring a finished environment up to date; a failure leaves it there, for the next run to complete."""
    say("Completing the environment .venv: under a minute, or some minutes if PyTorch's version has changed.")
    for name, digest in stamps.items():
        if digest != wanted:
            write_stamp(root, name, OUTDATED)
    install(root, profile)


def finish(root: Path, profile: str, wanted: str) -> None:
    """Record the install; a profile that was installed with other versions counts no more."""
    write_lab_settings(root)
    write_stamp(root, profile, wanted)
    for name, digest in read_stamps(root).items():
        if digest != wanted:
            stamp_file(root, name).unlink()


def prepare(root: Path, profile: str, ignore_disk: bool = False) -> None:
    """Make, complete or simply accept the environment that `profile` needs."""
    wanted, stamps = fingerprint(root), read_stamps(root)
    whole = bool(stamps) and runs(python_in(root / ".venv"))
    if whole and wanted in [stamps.get(name) for name in SATISFIED_BY[profile]]:
        say("The environment .venv is ready.")
        return
    started = time.time()
    if whole:
        update(root, profile, stamps, wanted)
    else:
        set_up(root, profile, ignore_disk)
    finish(root, profile, wanted)
    say(f"The environment .venv is ready, after {time.time() - started:.0f} s.")


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Make .venv and install the course into it.")
    parser.add_argument("profile", choices=sorted(EXTRAS), help="lab: to learn; test: also to build and test")
    parser.add_argument("--ignore-disk", action="store_true", help=f"start with less than {FREE_GB} GB free, too")
    options = parser.parse_args(argv)
    try:
        prepare(root, options.profile, options.ignore_disk)
    except ProblemError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before the environment was complete: run the same command again.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
