"""The frame around the checks: outcomes, isolation, rendering, hints, and how nbgrader reads a check cell."""

import random
import sys
import warnings

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from nbgrader.utils import determine_grade
from torch import nn

from vae_lessons.checks import check, core, hint, points, task_names

TASKS = ("Autoencoder", "reconstruction_error", "nearest_neighbors", "GaussianEncoder", "sample_prior")


def reconstruction_error(x, x_hat):
    return ((x - x_hat) ** 2).sum(1)


def _named(name, answer):
    answer.__name__ = name
    return answer


def _raises(*_):
    raise NotImplementedError()


def _module(name, **methods):
    return type(name, (nn.Module,), methods)


def _init(self, *sizes):
    nn.Module.__init__(self)


PLACEHOLDERS = [
    *(_named(name, lambda *_: _raises()) for name in TASKS),
    _named("reconstruction_error", lambda x, x_hat: None),
    _named("sample_prior", lambda decoder, n, latent_dim: ...),
    _named("nearest_neighbors", lambda codes, query, k: ...),
    *(_module(name) for name in ("Autoencoder", "GaussianEncoder")),
    *(_module(name, __init__=_raises) for name in ("Autoencoder", "GaussianEncoder")),
    *(_module(name, __init__=_init) for name in ("GaussianEncoder",)),
    *(_module(name, __init__=_init, encode=_raises, forward=_raises) for name in ("Autoencoder", "GaussianEncoder")),
    _module("Autoencoder", __init__=lambda *_: None, encode=lambda *_: None, forward=lambda *_: None),
    _module("Autoencoder", __init__=_init, encode=lambda self, x: None),
    _module("GaussianEncoder", __init__=_init, forward=lambda self, x: ...),
]


@pytest.mark.parametrize("answer", PLACEHOLDERS)
def test_a_placeholder_is_not_attempted(answer):
    result = check(answer)
    assert (result.outcome, result.passed, result.points) == ("not attempted", False, 0), str(result)
    assert "not attempted" in str(result) and "not attempted" in result._repr_html_()


def test_an_operation_that_torch_lacks_is_an_error_and_no_placeholder():
    def reconstruction_error(x, x_hat):
        raise NotImplementedError("\"mse_cpu\" not implemented for 'Half'")

    result = check(reconstruction_error)
    assert result.outcome == "failed" and "raised NotImplementedError" in result.message


@pytest.mark.parametrize(
    ("thing", "phrase"),
    [
        (torch.zeros(3), "was given a Tensor"),
        (_named("reconstruction_eror", lambda x, x_hat: x), "did you mean reconstruction_error?"),
        (lambda x: x, "<lambda> is not the name of a task"),
        ("sample_prior", "without quotes: check(sample_prior)"),
        (type("Autoencoder", (), {})(), "as in check(Autoencoder)"),
        (None, "function or class itself"),
        (np, "numpy is not the name of a task"),
    ],
)
def test_what_is_no_task_gets_a_sentence(thing, phrase):
    result = check(thing)
    assert (result.outcome, result.points) == ("failed", 0)
    assert phrase in result.message


def test_tasks_and_points():
    assert set(TASKS) <= set(task_names())
    assert [points(task) for task in TASKS] == [3, 2, 2, 3, 2]
    with pytest.raises(ValueError, match="'kl' is no task: the tasks are Autoencoder"):
        points("kl")


def _global_state():
    states = (torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate())
    return *states, torch.get_default_dtype(), torch.is_grad_enabled(), warnings.filters[:], sys.stderr


def _meddles(x, x_hat):
    torch.set_default_dtype(torch.float16)
    torch.set_grad_enabled(False)
    warnings.simplefilter("error")
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    return torch.rand(len(x))


def test_the_surroundings_are_left_as_they_were():
    torch.rand(3), np.random.rand(3), random.random()
    before = _global_state()
    assert check(reconstruction_error).passed
    assert not check(_named("reconstruction_error", _meddles)).passed
    assert _global_state() == before


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_learners_settings_do_not_matter(mode):
    torch.set_default_dtype(torch.float64)
    try:
        with mode():
            for name in TASKS:
                assert check(_right(name)).passed, name
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def _right(name):
    import answers_functions  # noqa: F401
    import answers_modules  # noqa: F401
    from catalogue import RIGHT

    return RIGHT[name][0][1]


def test_each_check_tries_new_numbers_and_a_seed_repeats_them():
    seen = []

    def reconstruction_error(x, x_hat):
        seen.append(x.sum().item())
        return x.sum(1)

    first = check(reconstruction_error)
    assert first.seed is not None
    assert check(reconstruction_error, seed=first.seed).message == first.message
    check(reconstruction_error)
    assert seen[0] == seen[1] != seen[2]


def test_warnings_and_stderr_of_an_answer_stay_off_stderr(capsys):
    def reconstruction_error(x, x_hat):
        warnings.warn("careful", stacklevel=1)
        print("looking", file=sys.stderr)
        return ((x - x_hat) ** 2).sum(1)

    assert check(reconstruction_error).passed
    assert capsys.readouterr().err == ""


def test_a_result_reads_well_in_a_terminal_and_on_a_page(monkeypatch):
    result = check(_named("reconstruction_error", lambda x, x_hat: "<b>"))
    assert str(result) == repr(result)
    assert str(result).startswith("✗ failed · reconstruction_error: reconstruction_error(x, x_hat) returned a str")
    raised = check(_named("reconstruction_error", lambda x, x_hat: int("<b>")))
    assert "&lt;b&gt;" in raised._repr_html_() and "<b>" not in raised._repr_html_()
    monkeypatch.delitem(sys.modules, "ipykernel.zmqshell", raising=False)
    assert result._repr_mimebundle_()["text/plain"] == str(result)


def test_hints_come_one_by_one(monkeypatch):
    monkeypatch.setattr(core, "_HINTS_SHOWN", {})
    for task in TASKS:
        shown = [hint(task) for _ in range(4)]
        assert [len(step.steps) for step in shown] == [1, 2, 3, 3]
        assert "Hint 1 of 3" in str(shown[0]) and "Hint 3 of 3" in shown[3]._repr_markdown_()
        assert shown[2].steps[:2] == shown[1].steps
    assert "did you mean nearest_neighbors?" in str(hint("nearest_neighbor"))
    assert "The tasks are Autoencoder, reconstruction_error" in str(hint("kl"))
    assert len(hint(reconstruction_error).steps) == 3


def _cell(source, worth=2):
    metadata = {"nbgrader": {"grade": True, "solution": False, "points": worth, "grade_id": "check"}}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def test_nbgrader_gives_the_points_of_the_check_and_the_page_shows_its_message():
    body = {"right": "return ((x - x_hat) ** 2).sum(1)", "wrong": "return (x - x_hat).abs().sum(1)", "blank": "..."}
    cells = [nbformat.v4.new_code_cell("from vae_lessons.checks import check")]
    cells += [
        _cell(f"def reconstruction_error(x, x_hat): {code}\ncheck(reconstruction_error)") for code in body.values()
    ]
    cells += [_cell("check(reconstruction_error(1, 2))")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    graded = notebook.cells[1:]
    assert [determine_grade(cell)[0] for cell in graded] == [2, 0, 0, 0]
    pages = [cell.outputs[0].data["text/html"] for cell in graded]
    assert "passed" in pages[0] and "absolute error" in pages[1] and "not attempted" in pages[2]
    assert "was given a" in pages[3]
