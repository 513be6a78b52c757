"""doctor on broken machines: every fault has its line with a remedy, and the other checks still run."""

import importlib
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from vae_lessons.classroom import cli
from vae_lessons.classroom import doctor as examine_here

doctor = importlib.import_module("vae_lessons.classroom.doctor")
NAMES = ["Python", "PyTorch", "Device", "Data", "JupyterLab", "Disk", "Memory", "Write access", "Versions"]


def run_in_terminal(**environment):
    command = [sys.executable, "-m", "vae_lessons.classroom.cli", "doctor"]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def fake_package(folder, name, code):
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(code)
    return str(folder)


def line_of(output, name):
    (line,) = [line for line in output.splitlines() if line[4:].startswith(f"{name}:")]
    return line


@pytest.fixture
def training(monkeypatch):
    """A stand-in for vae_lessons.training, so that the device is the test's choice."""
    module = types.SimpleNamespace(pick_device=lambda: types.SimpleNamespace(type="cuda"))
    monkeypatch.setitem(sys.modules, "vae_lessons.training", module)
    monkeypatch.delenv("VAE_LESSONS_DEVICE", raising=False)
    return module


def replace_verify(monkeypatch, verify):
    monkeypatch.setitem(sys.modules, "vae_lessons.data", types.SimpleNamespace(verify=verify))


def test_a_torchvision_of_another_build_has_its_own_remedy(tmp_path):
    code = "raise RuntimeError('operator torchvision::nms does not exist')"
    result = run_in_terminal(PYTHONPATH=fake_package(tmp_path, "torch", code))
    line = line_of(result.stdout, "PyTorch")
    assert line.startswith("FIX") and "operator torchvision::nms does not exist" in line
    assert "from the same index as a matching pair" in line
    assert "--force-reinstall torch torchvision" in line
    assert "follow the line on PyTorch" in line_of(result.stdout, "Device")
    assert line_of(result.stdout, "Versions").startswith("OK"), "the other checks still run"
    assert result.stdout.splitlines()[-1] == "3 of 9 checks need a remedy: see the lines marked FIX."
    assert result.returncode == 1 and "Traceback" not in result.stderr


def test_a_library_that_does_not_load_is_reported(tmp_path):
    code = "raise OSError('libcudart.so: cannot open shared object file')"
    result = run_in_terminal(PYTHONPATH=fake_package(tmp_path, "torch", code))
    line = line_of(result.stdout, "PyTorch")
    assert "torch does not import, OSError: libcudart.so: cannot open shared object file" in line
    assert "`make lab`" in line and result.returncode == 1


def test_a_missing_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    check = doctor.pytorch()
    assert not check.ok and check.text.startswith("torchvision is not installed: ")
    assert "pip install --force-reinstall torch torchvision" in check.text


def test_a_dependency_missing_inside_torch_is_not_called_a_missing_torch(monkeypatch):
    lacking = ModuleNotFoundError("No module named 'sympy'", name="sympy")
    monkeypatch.setattr(doctor, "import_error", lambda package: lacking)
    assert "torch does not import, ModuleNotFoundError: No module named 'sympy'" in doctor.pytorch().text


def test_damaged_data_are_named(monkeypatch):
    replace_verify(monkeypatch, lambda: ["mnist/a.gz is missing: reinstall.", "mnist/b.gz was altered: reinstall."])
    check = doctor.data()
    assert not check.ok and check.text == "mnist/a.gz is missing: reinstall. mnist/b.gz was altered: reinstall."


def test_whole_data_are_well(monkeypatch):
    replace_verify(monkeypatch, lambda: [])
    assert doctor.data().ok


def test_a_check_that_breaks_leaves_the_others_running(monkeypatch):
    def burst():
        raise ZeroDivisionError("the floor gave way")

    replace_verify(monkeypatch, burst)
    monkeypatch.setattr(doctor, "CHECKS", (doctor.data, doctor.disk))
    broken, disk = examine_here().checks
    assert not broken.ok and broken.name == "Data"
    assert "ZeroDivisionError: the floor gave way" in broken.text and "run `make lab` again" in broken.text
    assert disk.name == "Disk"


def test_a_device_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("VAE_LESSONS_DEVICE", "quantum")
    check = doctor.device()
    assert not check.ok and "VAE_LESSONS_DEVICE" in check.text and "quantum" in check.text and "unset" in check.text


def test_the_device_line_says_why(monkeypatch, training):
    assert "a CUDA graphics card was found" in doctor.device().text
    training.pick_device = lambda: types.SimpleNamespace(type="cpu")
    assert "no graphics device was found, and none is needed" in doctor.device().text
    monkeypatch.setenv("VAE_LESSONS_DEVICE", "cpu")
    assert "because VAE_LESSONS_DEVICE says so" in doctor.device().text


def test_an_unsupported_python(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 4))
    check = doctor.python()
    assert not check.ok and check.text.startswith("3.10.4, but the course needs 3.11, 3.12 or 3.13: install one")


def test_a_jupyterlab_without_the_widgets_extension(monkeypatch):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [])
    check = doctor.jupyterlab()
    assert not check.ok and "no slider would show" in check.text and "jupyterlab_widgets" in check.text


def test_a_missing_ipywidgets(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    check = doctor.jupyterlab()
    assert not check.ok and "ipywidgets does not import" in check.text
    assert "--force-reinstall ipywidgets" in check.text


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=0.31e9))
    check = doctor.disk()
    assert not check.ok and check.text.startswith("only 0.3 GB free here: free about 1 GB")


def test_little_memory(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=1.2e9))
    check = doctor.memory()
    assert not check.ok and "only 1.2 GB available" in check.text and "close other programs" in check.text


def test_the_memory_limit_of_a_container_counts(monkeypatch, tmp_path):
    (tmp_path / "limit").write_text("2000000000\n")
    (tmp_path / "none").write_text("max\n")
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=64e9))
    monkeypatch.setattr(doctor, "MEMORY_LIMITS", (tmp_path / "none",))
    assert doctor.memory().text == "64 GB available"
    monkeypatch.setattr(doctor, "MEMORY_LIMITS", (tmp_path / "none", tmp_path / "limit"))
    assert doctor.memory().text.startswith("only 2.0 GB available")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    check = doctor.write_access(tmp_path / "file")  # nobody, root included, creates a file inside a file
    assert not check.ok and "notebooks cannot be saved in" in check.text
    assert "copy the course to a folder of your own" in check.text


def test_a_writable_folder_stays_as_it_was(tmp_path):
    assert doctor.write_access(tmp_path).ok and list(tmp_path.iterdir()) == []


@pytest.fixture
def versions_with(monkeypatch, tmp_path):
    def versions(pins, **installed):
        (tmp_path / "constraints.txt").write_text(pins)
        monkeypatch.setattr(doctor, "version_of", installed.get)
        return doctor.versions(tmp_path / "constraints.txt")

    return versions


def test_a_version_that_was_not_tested_is_a_note(versions_with):
    pins = "# a comment\nnumpy==2.4.6\ntorch==2.15.0\ntornado==6.0\n"
    check = versions_with(pins, torch="2.13.0", numpy="2.4.6", tornado="1.0")
    assert check.ok and check.text == "torch tested with 2.15.0, you have 2.13.0"


def test_a_cpu_build_of_the_tested_version_is_the_tested_version(versions_with):
    assert versions_with("torch==2.15.0\n", torch="2.15.0+cpu").text == "those that the course is tested with"


def test_versions_without_the_repository(tmp_path):
    check = doctor.versions(tmp_path / "constraints.txt")
    assert check.ok and "installed without the repository" in check.text


def test_the_report_in_a_terminal_and_in_a_notebook():
    report = doctor.Report((doctor.Check("Disk", True, "9 GB"), doctor.Check("Data", False, "<gone> & away")))
    assert repr(report) == (
        "OK  Disk: 9 GB\nFIX Data: <gone> & away\n1 of 2 checks need a remedy: see the lines marked FIX."
    )
    assert "&lt;gone&gt; &amp; away" in report._repr_html_() and "<gone>" not in report._repr_html_()
    assert report._repr_html_().count("<tr>") == 2


def test_the_notebook_shows_the_table():
    from IPython.core.formatters import DisplayFormatter

    shown, _ = DisplayFormatter().format(doctor.Report((doctor.Check("Disk", True, "9 GB"),)))
    assert shown["text/plain"].startswith("OK  Disk: 9 GB") and "<table>" in shown["text/html"]


def test_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", (doctor.disk,))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=50e9))
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out == "OK  Disk: 50 GB free\nAll is well: the lessons can start.\n"
    with pytest.raises(SystemExit):
        cli.main([])


def test_this_environment_has_a_line_for_every_check_and_no_path_in_the_good_ones():
    checks = examine_here().checks
    assert [check.name for check in checks] == NAMES
    assert not [check.text for check in checks if check.ok and str(Path.cwd()) in check.text]
    installed = [check for check in checks if check.name not in ("Disk", "Memory", "Write access")]
    assert all(check.ok for check in installed), "\n".join(check.line for check in installed)


def test_the_doctor_loads_no_torch_before_it_looks():
    code = "import sys, vae_lessons.classroom, vae_lessons.classroom.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
