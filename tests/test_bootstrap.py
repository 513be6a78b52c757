"""The bootstrap on small projects: finished installs are quick to accept, broken ones never stand in the way."""

import ast
import importlib.util
import json
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "tools" / "bootstrap.py"
specification = importlib.util.spec_from_file_location("bootstrap", FILE)
bootstrap = importlib.util.module_from_spec(specification)
specification.loader.exec_module(bootstrap)

# A build backend that needs no package index: what pip asks for an editable install, by hand.
BACKEND = """
import zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    info = "tiny-1.0.dist-info/"
    with zipfile.ZipFile(folder + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "answer = 42")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\nProvides-Extra: dev\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "tiny-1.0-py3-none-any.whl"
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


class Machine:
    """Stands in for `venv` and `pip`: records the commands, makes a .venv whose Python starts, fails on request."""

    def __init__(self, root):
        self.root, self.venvs, self.installs, self.failure = root, 0, [], None

    def run(self, command, folder):
        assert folder == self.root
        if command[1:3] == ["-m", "venv"]:
            self.venvs += 1
            python = self.root / ".venv" / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text("#!/bin/sh\nexit 0\n")
            python.chmod(0o755)
            return 0
        self.installs.append(command[command.index("-c") :])
        if isinstance(self.failure, BaseException):
            raise self.failure
        return self.failure or 0


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "a course"  # with a space, as in many home folders
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "constraints.txt").write_text("# nothing\n")
    (folder / "backend.py").write_text(BACKEND)
    return folder


@pytest.fixture
def machine(root, monkeypatch):
    stand_in = Machine(root)
    monkeypatch.setattr(bootstrap, "run", stand_in.run)
    monkeypatch.setattr(bootstrap, "check_disk", lambda root: None)
    monkeypatch.setattr(bootstrap, "choose_python", lambda: "python3")
    return stand_in


def stamps(root):
    return sorted(file.name for file in (root / ".venv").glob(".vae-lessons-*"))


def test_a_fresh_install_says_how_long_it_takes_and_writes_its_stamp(root, machine, capsys):
    assert bootstrap.main(["lab"], root) == 0
    assert machine.venvs == 1 and machine.installs == [["-c", "constraints.txt", "-e", "."]]
    assert stamps(root) == [".vae-lessons-lab"]
    said = capsys.readouterr().out
    assert "2 to 10 minutes" in said and "about 5 GB" in said


def test_the_second_run_does_nothing_and_is_quick(root, machine):
    bootstrap.main(["lab"], root)
    start = time.perf_counter()
    assert bootstrap.main(["lab"], root) == 0
    assert time.perf_counter() - start < 1
    assert machine.venvs == 1 and len(machine.installs) == 1


def test_the_test_environment_serves_the_lab_too_but_not_the_reverse(root, machine):
    bootstrap.main(["test"], root)
    bootstrap.main(["lab"], root)
    assert machine.installs == [["-c", "constraints.txt", "-e", ".[dev]"]]
    (root / ".venv" / ".vae-lessons-test").rename(root / ".venv" / ".vae-lessons-lab")
    bootstrap.main(["test"], root)
    assert len(machine.installs) == 2 and machine.venvs == 1


@pytest.mark.parametrize("failure", [1, KeyboardInterrupt()])
def test_a_failed_first_install_leaves_nothing(root, machine, capsys, failure):
    machine.failure = failure
    assert bootstrap.main(["lab"], root) != 0
    assert not (root / ".venv").exists()
    assert "run the same command again" in capsys.readouterr().err
    machine.failure = None
    assert bootstrap.main(["lab"], root) == 0 and stamps(root) == [".vae-lessons-lab"]


@pytest.mark.parametrize("failure", [1, KeyboardInterrupt()])
def test_failing_to_add_the_test_tools_keeps_the_working_lab(root, machine, failure):
    bootstrap.main(["lab"], root)
    machine.failure = failure
    assert bootstrap.main(["test"], root) != 0
    assert stamps(root) == [".vae-lessons-lab"]
    assert bootstrap.main(["lab"], root) == 0, "the lab is still complete, so nothing is installed"
    assert len(machine.installs) == 2


@pytest.mark.parametrize("file", ["constraints.txt", "pyproject.toml"])
def test_a_change_of_what_is_wanted_installs_again_in_place(root, machine, file):
    bootstrap.main(["lab"], root)
    (root / file).write_text((root / file).read_text() + "# changed\n")
    assert bootstrap.main(["lab"], root) == 0
    assert len(machine.installs) == 2 and machine.venvs == 1


def test_a_failed_update_is_not_forgotten_when_the_change_is_undone(root, machine):
    bootstrap.main(["lab"], root)
    before = (root / "constraints.txt").read_text()
    (root / "constraints.txt").write_text("torch==1\n")
    machine.failure = 1
    assert bootstrap.main(["lab"], root) == 1
    assert (root / ".venv" / "bin" / "python").exists()
    machine.failure = None
    (root / "constraints.txt").write_text(before)
    assert bootstrap.main(["lab"], root) == 0
    assert len(machine.installs) == 3, "half of torch 1 may be there, so the old stamp must not count"


def test_an_update_of_the_lab_makes_the_test_tools_outdated(root, machine):
    bootstrap.main(["test"], root)
    (root / "constraints.txt").write_text("torch==2\n")
    bootstrap.main(["lab"], root)
    assert stamps(root) == [".vae-lessons-lab"]


def test_an_environment_without_a_stamp_is_made_anew(root, machine):
    (root / ".venv" / "lib").mkdir(parents=True)
    (root / ".venv" / "lib" / "half").touch()
    assert bootstrap.main(["lab"], root) == 0
    assert machine.venvs == 1 and not (root / ".venv" / "lib" / "half").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(root, machine):
    bootstrap.main(["lab"], root)
    python = root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(root / "python3.9-of-last-year")
    assert bootstrap.main(["lab"], root) == 0
    assert machine.venvs == 2 and python.exists()


def test_an_environment_that_was_moved_is_made_anew(root, machine):
    bootstrap.main(["lab"], root)
    moved = root.rename(root.parent / "elsewhere")
    machine.root = moved
    assert bootstrap.main(["lab"], moved) == 0
    assert machine.venvs == 2


def interpreters(monkeypatch, **found):
    """Replace the interpreters of this machine: name = (version, has the venv module)."""
    monkeypatch.setattr(bootstrap, "candidates", lambda: list(found))
    monkeypatch.setattr(bootstrap, "probe", found.get)


def test_the_first_python_that_fits_is_taken(monkeypatch):
    interpreters(monkeypatch, old=((3, 10), True), shim=((), False), bare=((3, 13), False), good=((3, 12), True))
    assert bootstrap.choose_python() == "good"


def test_no_python_that_fits_is_one_sentence_and_no_folder(root, monkeypatch, capsys):
    interpreters(monkeypatch, old=((3, 10), True), new=((3, 14), True))
    assert bootstrap.main(["lab", "--ignore-disk"], root) == 1
    message = capsys.readouterr().err
    assert "needs Python 3.11, 3.12 or 3.13" in message and "install one of them" in message
    assert not (root / ".venv").exists()


def test_a_python_without_venv_names_the_debian_package(root, monkeypatch, capsys):
    interpreters(monkeypatch, bare=((3, 12), False))
    assert bootstrap.main(["lab", "--ignore-disk"], root) == 1
    message = capsys.readouterr().err
    assert "sudo apt install python3-venv" in message and "python3.12-venv" in message


def test_probing_tells_what_runs_and_what_does_not(tmp_path):
    assert bootstrap.probe(sys.executable) == (sys.version_info[:2], True)
    assert bootstrap.probe(str(tmp_path / "absent")) == ((), False)


def test_an_active_environment_is_not_what_the_new_one_hangs_on():
    assert bootstrap.candidates()[0] == getattr(sys, "_base_executable", sys.executable)


def test_too_little_disk_stops_before_anything_is_made(root, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=5.1e9))
    assert bootstrap.main(["lab"], root) == 1
    assert "Only 5.1 GB are free" in capsys.readouterr().err
    assert not (root / ".venv").exists()


def test_it_starts_on_an_old_python_to_say_that_it_is_too_old():
    ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_real_install_without_network(root, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert bootstrap.main(["test", "--ignore-disk"], root) == 0
    python = root / ".venv" / "bin" / "python"
    assert subprocess.check_output([python, "-c", "import tiny; print(tiny.answer)"], text=True) == "42\n"
    settings = root / ".venv/etc/jupyter/labconfig/default_setting_overrides.json"
    assert json.loads(settings.read_text())["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    start = time.perf_counter()
    assert bootstrap.main(["lab"], root) == 0
    assert time.perf_counter() - start < 3
