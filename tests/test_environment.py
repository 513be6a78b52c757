"""pyproject.toml, constraints.txt and environment.yml name the same packages, ranges and Pythons."""

import importlib
import importlib.util
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"torch": "pytorch"}  # all others are called the same in both worlds
OWN = "vae-lessons"


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements():
    """Name to range of everything that `.[dev]` asks for, through extras that name other extras."""
    extras, found = project()["optional-dependencies"], {}
    todo = [*project()["dependencies"], *extras["dev"]]
    while todo:
        wanted = Requirement(todo.pop())
        if wanted.name == OWN:
            todo += [line for extra in wanted.extras for line in extras[extra]]
        else:
            found[canonicalize_name(wanted.name)] = wanted.specifier
    return found


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def conda_entries():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def conda_ranges():
    """Name to range of the conda packages, Python and pip left out."""
    packages = [Requirement(entry) for entry in conda_entries() if isinstance(entry, str)]
    return {package.name: package.specifier for package in packages if package.name not in ("python", "pip")}


def test_conda_installs_the_same_names_and_ranges():
    assert conda_ranges() == {CONDA_NAMES.get(name, name): wanted for name, wanted in requirements().items()}


def test_conda_installs_the_course_itself_from_the_folder():
    assert "pip" in conda_entries()
    assert conda_entries()[-1] == {"pip": ["-e ."]}
    assert yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["channels"] == ["conda-forge"]


def test_the_pythons_agree():
    supported = SpecifierSet(project()["requires-python"])
    (conda,) = [Requirement(entry) for entry in conda_entries() if str(entry).startswith("python>")]
    assert conda.specifier == supported
    expected = {(3, minor) for minor in range(40) if f"3.{minor}" in supported}
    specification = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    bootstrap = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(bootstrap)
    assert set(bootstrap.PYTHONS) == expected
    assert set(importlib.import_module("vae_lessons.classroom.doctor").PYTHONS) == expected


def test_constraints_are_exact_and_name_no_place():
    odd = [line for line in pins() if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)]
    assert not odd, f"not of the form name==version: {odd}"
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|index-url|find-links|trusted-host|@", text)


def test_constraints_name_each_package_once():
    names = [line.split("==")[0] for line in pins()]
    assert names == sorted(set(names))
    assert not {OWN, "pip", "setuptools"} & set(names)


def test_constraints_satisfy_every_range():
    pinned = dict(line.split("==") for line in pins())
    missing = set(requirements()) - set(pinned)
    assert not missing, f"constraints.txt pins no version of {missing}: add the tested ones"
    wrong = [
        f"{name}=={pinned[name]}" for name, wanted in requirements().items() if Version(pinned[name]) not in wanted
    ]
    assert not wrong, f"outside the ranges of pyproject.toml: {wrong}"
