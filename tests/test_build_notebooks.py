"""The builder on a tiny course: same source, same bytes; one changed character anywhere is noticed."""

import importlib
import json
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader import nbgraderformat
from nbgrader.utils import is_grade, is_locked, is_solution

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
builder = importlib.import_module("build_notebooks")

LESSON = """\
# %% [markdown]
# # A lesson
#
# Only {{holes: arms.vae.mean | .0%}} on {{holes: seeds.2}} seeds; see [exercise](../exercises/01_a.ipynb): $x^{2}$.

# %%
# cat pictures are not what this prints
from time import sleep

print("one", flush=True)
sleep(0.3)
print("two")

# %% tags=["nbval-check-output"]
1 + 1
"""
EXERCISE = '''\
# %% [markdown]
# # An exercise

# %%
def check(answer):
    return answer


# %% answer="double"
def double(x):
    """Return 2 x."""
    ### BEGIN SOLUTION
    secret = 2
    return secret * x
    ### END SOLUTION


# %% check="double"
check(double)

# %% answer="Counter"
class Counter:
    """Counts."""

    def __init__(self):
        ### BEGIN SOLUTION
        self.secret = 0
        ### END SOLUTION

    def step(self):
        ### BEGIN SOLUTION
        self.secret += 1
        ### END SOLUTION


# %% check="Counter"
check(Counter)
'''
HOLES = {"claim": "holes", "arms": {"vae": {"mean": 0.714}}, "seeds": [0, 1, 3]}
LESSON_FILE, EXERCISE_FILE = "source/lessons/01_a.py", "source/exercises/01_a.py"
NOTEBOOKS = ["notebooks/01_a.ipynb", "exercises/01_a.ipynb", "solutions/01_a.ipynb"]


def make_course(root: Path, files: dict[str, str]) -> builder.Course:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return builder.Course(root, {"double": 3, "Counter": 4}.__getitem__)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    files = {LESSON_FILE: LESSON, EXERCISE_FILE: EXERCISE, "experiments/results/holes.json": json.dumps(HOLES)}
    course = make_course(tmp_path_factory.mktemp("built"), files)
    assert builder.main([], course=course) == 0
    return course


@pytest.fixture
def course(built, tmp_path):
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return builder.Course(tmp_path, built.points)


@pytest.fixture
def no_kernel(monkeypatch):
    def refuse(page, cells):
        raise AssertionError(f"{page.name} was executed without need")

    monkeypatch.setattr(builder, "execute", refuse)


def check(course, *stems):
    return builder.main(["--check", *stems], course=course)


def replace(course, name, old, new):
    path = course.root / name
    text = path.read_text("utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), "utf-8")


def notebook(course, name):
    return nbformat.read(course.root / name, as_version=4)


def lesson_error(tmp_path, capsys, source):
    """Build one lesson that cannot be built and return what was said about it."""
    course = make_course(tmp_path, {LESSON_FILE: source, "experiments/results/holes.json": json.dumps(HOLES)})
    assert builder.main([], course=course) == 1
    assert not (tmp_path / NOTEBOOKS[0]).exists()
    said = capsys.readouterr().err.strip()
    assert said.startswith(LESSON_FILE)
    assert said.endswith(".") and not said.endswith("..")
    return said


# --- Freshness ----------------------------------------------------------------------------------------------------


def test_two_builds_give_the_same_bytes(course, built):
    assert builder.main(["--all"], course=course) == 0
    for name in NOTEBOOKS:
        assert (course.root / name).read_bytes() == (built.root / name).read_bytes()


def test_a_fresh_build_passes_the_check_and_a_second_build_does_nothing(course, no_kernel, capsys):
    before = {name: (course.root / name).stat().st_mtime_ns for name in NOTEBOOKS}
    assert check(course) == 0
    assert builder.main([], course=course) == 0
    assert capsys.readouterr().out == "All 3 notebooks are up to date.\n" * 2
    assert before == {name: (course.root / name).stat().st_mtime_ns for name in NOTEBOOKS}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (LESSON_FILE, "A lesson", "B lesson", "was not built from the present source/lessons/01_a.py"),
        (LESSON_FILE, "1 + 1\n", "1 + 1\n\n", "was not built from the present"),
        (EXERCISE_FILE, "secret * x", "secret - x", "was not built from the present source/exercises/01_a.py"),
        (NOTEBOOKS[0], "A lesson", "B lesson", "notebooks/01_a.ipynb was edited"),
        (NOTEBOOKS[0], "two\\n", "too\\n", "notebooks/01_a.ipynb was edited"),
        (NOTEBOOKS[0], '"execution_count": 1', '"execution_count": 7', "notebooks/01_a.ipynb was edited"),
        (NOTEBOOKS[0], "nbval-check-output", "nbval-check-outpud", "notebooks/01_a.ipynb was edited"),
        (NOTEBOOKS[0], "ipykernel", "Ipykernel", "notebooks/01_a.ipynb was edited"),
        (NOTEBOOKS[1], '"points": 3', '"points": 4', "exercises/01_a.ipynb was edited"),
        (NOTEBOOKS[2], "secret = 2", "secret = 3", "solutions/01_a.ipynb was edited"),
        ("experiments/results/holes.json", "0.714", "0.724", "a result it uses changed"),
    ],
)
def test_a_changed_character_is_named_with_its_remedy(course, capsys, name, old, new, said):
    replace(course, name, old, new)
    assert check(course) == 1
    out = capsys.readouterr().out
    assert said in out
    assert "run `python tools/build_notebooks.py 01_a`" in out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("folder", ["notebooks", "exercises", "solutions"])
def test_no_damaged_byte_goes_unnoticed(course, folder):
    page = builder.Page(course, folder, "01_a")
    data = page.notebook.read_bytes()
    for place in range(0, len(data), 11):
        other = b"0" if data[place : place + 1] != b"0" else b"1"
        page.notebook.write_bytes(data[:place] + other + data[place + 1 :])
        assert builder.find_problem(page), f"byte {place} of {page.name}"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_missing_notebook_and_a_missing_source_are_named(course, capsys, name):
    shutil.copy(course.root / name, course.root / name.replace("01_a", "09_orphan"))
    (course.root / name).unlink()
    assert check(course) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{name} is missing; run")
    assert out[1].startswith(f"{name.replace('01_a', '09_orphan')} has no source; delete it or write source/")
    assert len(out) == 2
    assert builder.main(["01_a", "09_orphan"], course=course) == 1
    assert (course.root / name).exists()
    assert capsys.readouterr().err.strip() == out[1]


def test_only_the_named_stems_are_looked_at(course, no_kernel, capsys):
    (course.root / "source/exercises/02_b.py").write_text(EXERCISE)
    assert check(course, "01_a") == 0
    assert builder.main(["02_b"], course=course) == 0
    assert check(course) == 0
    assert check(course, "03_c") == 1
    assert "no source named '03_c'; choose from: 01_a, 02_b" in capsys.readouterr().err


# --- What is executed ---------------------------------------------------------------------------------------------


def test_new_text_keeps_the_outputs_without_execution(course, no_kernel):
    replace(course, LESSON_FILE, "A lesson", "The lesson")
    replace(course, NOTEBOOKS[0], "A lesson", "Edited by hand")
    before = notebook(course, NOTEBOOKS[0])
    assert builder.main([], course=course) == 0
    after = notebook(course, NOTEBOOKS[0])
    assert after.cells[0].source.startswith("# The lesson\n")
    assert after.cells[1:] == before.cells[1:]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (LESSON_FILE, "1 + 1", "1 + 2"),
        (NOTEBOOKS[0], "two\\n", "too\\n"),
        ("experiments/results/holes.json", "0.714", "0.724"),
        ("experiments/results/run_times.json", "01_a", "00_a"),
    ],
)
def test_new_code_results_or_outputs_need_execution(course, monkeypatch, name, old, new):
    executed = []
    monkeypatch.setattr(builder, "execute", lambda page, cells: executed.append(page.stem) or [[], []])
    replace(course, name, old, new)
    replace(course, LESSON_FILE, "A lesson", "B lesson")
    assert builder.main([], course=course) == 0
    assert executed == ["01_a"]


def test_the_kernel_is_this_python_on_the_cpu_with_the_standard_profile(tmp_path, monkeypatch):
    spec = tmp_path / "elsewhere" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/nowhere/python", "{connection_file}"], "display_name": "other"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.setenv("VAE_LESSONS_PROFILE", "fast")
    monkeypatch.setenv("VAE_LESSONS_DEVICE", "cuda")
    code = f"""\
# %%
import os, sys
from pathlib import Path

print(sys.executable == {sys.executable!r})
print(Path.cwd().name, os.environ.get("VAE_LESSONS_PROFILE"), os.environ.get("VAE_LESSONS_DEVICE"))
"""
    course = make_course(tmp_path / "course", {LESSON_FILE: code})
    assert builder.main([], course=course) == 0
    shown = notebook(course, NOTEBOOKS[0]).cells[0].outputs[0].text
    assert shown == "True\nnotebooks None cpu\n"


def test_run_times_are_recorded_and_can_be_quoted(tmp_path):
    slow = "# %% [markdown]\n# # T\n#\n# {{run_times: 01_a.longest_cell}} of {{run_times: 01_a.seconds}} s\n"
    overview = "# %% [markdown]\n# # T\n#\n# {{run_times: 01_a.longest_cell}} s\n"
    files = {LESSON_FILE: f"{slow}\n# %%\nimport time\n\ntime.sleep(1.6)\n", "source/lessons/00_b.py": overview}
    course = make_course(tmp_path, files)
    assert builder.main([], course=course) == 0
    times = json.loads((tmp_path / "experiments/results/run_times.json").read_text())
    assert set(times) == {"00_b", "01_a"}
    longest, seconds = times["01_a"]["longest_cell"], times["01_a"]["seconds"]
    assert 2 <= longest <= seconds < 60
    assert notebook(course, NOTEBOOKS[0]).cells[0].source == f"# T\n\n{longest} of {seconds} s"
    assert notebook(course, "notebooks/00_b.ipynb").cells[0].source == f"# T\n\n{longest} s"
    assert check(course) == 0


# --- Lessons ------------------------------------------------------------------------------------------------------


def test_the_lesson_is_filled_in_and_plain(built):
    lesson = notebook(built, NOTEBOOKS[0])
    text, code, number = lesson.cells
    said = "# A lesson\n\nOnly 71% on 3 seeds; see [exercise](../exercises/01_a.ipynb): $x^{2}$."
    assert text.source == said
    assert code.source.startswith('# cat pictures are not what this prints\nfrom time import sleep\n\nprint("one"')
    assert code.outputs == [{"name": "stdout", "output_type": "stream", "text": "one\ntwo\n"}]
    assert (code.metadata, number.metadata) == ({}, {"tags": ["nbval-check-output"]})
    assert (code.execution_count, number.execution_count) == (1, 2)
    assert number.outputs[0].data == {"text/plain": "2"}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    assert lesson.metadata.kernelspec == kernel
    assert set(lesson.metadata) == {"kernelspec", "language_info", "vae_lessons"}
    assert lesson.metadata.language_info == {"name": "python"}


def test_editing_a_cell_leaves_the_other_ids_alone(course):
    page = builder.Page(course, "notebooks", "01_a")
    text = LESSON + "\n# %%\n1 + 1\n"
    page.source.write_text(text)
    before = [cell.id for cell in builder.read_cells(page)]
    page.source.write_text(text.replace('"one"', '"three"'))
    after = [cell.id for cell in builder.read_cells(page)]
    assert len(set(before)) == 4
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True, True]


def test_progress_bars_and_widget_views_are_dropped_but_their_pictures_stay(tmp_path):
    code = """\
# %%
import ipywidgets
from IPython.display import display
from tqdm.auto import tqdm

for i in tqdm(range(2)):
    print(i)
view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1", "version_major": 2, "version_minor": 0}}
display({"image/png": "iVBORw0KGgo=", "text/plain": "a digit"} | view, raw=True)
ipywidgets.FloatSlider()
"""
    course = make_course(tmp_path, {LESSON_FILE: code})
    assert builder.main([], course=course) == 0
    lesson = notebook(course, NOTEBOOKS[0])
    prints, picture = lesson.cells[0].outputs
    assert prints.text == "0\n1\n"
    assert picture.data == {"image/png": "iVBORw0KGgo=", "text/plain": "a digit"}
    assert "widgets" not in lesson.metadata
    assert check(course) == 0


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "the cell '1 / 0' failed with ZeroDivisionError: division by zero"),
        ("raise ValueError('Bad.')", "failed with ValueError: Bad."),
        ("import warnings; warnings.warn('old habit')", "must show no error or warning, so mend its cause"),
        ("import sys; print('odd', file=sys.stderr)", "must show no error or warning, so mend its cause: odd"),
        ("import os; os.getcwd()", "the cell 'import os; os.getcwd()' shows a folder of this machine"),
        ("object()", "the cell 'object()' shows a memory address (at 0x"),
        ("print('x' * 401_000)", "kB, more than 400 kB; show less in its largest cell, \"print('x' * 401_000)\""),
        ("import os; os._exit(1)", "the cell 'import os; os._exit(1)' failed with Kernel died"),
    ],
)
def test_a_lesson_with_errors_noise_or_too_much_output_is_refused(tmp_path, capsys, code, said):
    assert said in lesson_error(tmp_path, capsys, f"# %%\nprint('before')\n\n# %%\n{code}\n")


def test_a_lesson_that_takes_too_long_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(builder, "CELL_SECONDS", 1)
    said = lesson_error(tmp_path, capsys, "# %%\nimport time; time.sleep(60)\n")
    assert "the cell 'import time; time.sleep(60)' failed with" in said
    assert "timed out" in said


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        ("{{hols: seeds.0}}", "{{hols: seeds.0}} quotes an unknown claim; run the experiment that writes"),
        ("{{holes: arms.ae.mean}}", "asks for 'ae', which holes.json does not have; the names there are: vae"),
        ("{{holes: seeds.9}}", "asks for '9', which holes.json does not have"),
        ("{{holes: arms.vae.mean.x}}", "asks for 'x', which holes.json does not have"),
        ("{{holes: arms.vae}}", "{{holes: arms.vae}} names a group; go on to one of its values"),
        ("{{holes: claim | .0%}}", "has a format that does not suit 'holes'; use one like .2f or .0%"),
        ("{{holes arms.vae.mean}}", "is not a placeholder; write {{claim: path}}"),
        ("{{run_times: 02_b.seconds}}", "asks for '02_b', which run_times.json does not have"),
    ],
)
def test_a_wrong_placeholder_is_refused_before_anything_runs(tmp_path, capsys, no_kernel, quote, said):
    assert said in lesson_error(tmp_path, capsys, f"# %% [markdown]\n# # T\n# {quote}\n")


def test_braces_in_code_are_left_alone(tmp_path):
    course = make_course(tmp_path, {LESSON_FILE: '# %%\nprint(f"{{holes: arms}}")\n'})
    assert builder.main([], course=course) == 0
    assert notebook(course, NOTEBOOKS[0]).cells[0].outputs[0].text == "{holes: arms}\n"


def test_an_unknown_cell_option_is_refused(tmp_path, capsys, no_kernel):
    said = lesson_error(tmp_path, capsys, '# %% anser="double"\n1\n')
    assert "the cell '1' has the option 'anser'; use only tags." in said


# --- Exercises ----------------------------------------------------------------------------------------------------


def test_exercise_and_solution_are_nbgrader_assignments_with_the_same_ids(built):
    released, solved = (nbgraderformat.read(built.root / name, as_version=4) for name in NOTEBOOKS[1:])
    assert [cell.id for cell in released.cells] == [cell.id for cell in solved.cells]
    for cell in [*released.cells, *solved.cells]:
        kind = (is_solution(cell), is_grade(cell), is_locked(cell))
        expected = {"double": (True, False, False), "Counter": (True, False, False)}
        expected |= {f"{task}-check": (False, True, True) for task in list(expected)}
        assert kind == expected.get(cell.id, (False, False, False))
        if any(kind):
            assert cell.metadata.nbgrader.grade_id == cell.id
    points = {cell.id: cell.metadata.nbgrader.points for cell in released.cells if is_grade(cell)}
    assert points == {"double-check": 3, "Counter-check": 4}


def test_a_released_check_cell_is_locked_and_carries_a_checksum(built):
    double, locked = (notebook(built, NOTEBOOKS[1]).cells[place] for place in (2, 3))
    assert (locked.metadata.editable, locked.metadata.deletable) == (False, False)
    assert (double.metadata.get("editable", True), double.metadata.deletable) == (True, False)
    assert len(locked.metadata.nbgrader.checksum) == len(double.metadata.nbgrader.checksum) == 32


def test_the_exercise_has_no_answers_and_the_solution_has_them_all(built):
    released, solved = ((built.root / name).read_text() for name in NOTEBOOKS[1:])
    assert "secret" not in released
    assert "SOLUTION" not in released
    assert solved.count("secret") == EXERCISE.count("secret")
    assert not any(cell.get("outputs") for name in NOTEBOOKS[1:] for cell in notebook(built, name).cells)


def test_a_stub_keeps_its_docstring_and_says_what_to_do(built):
    names = {}
    for cell in notebook(built, NOTEBOOKS[1]).cells[2::2]:
        exec(cell.source, names)
    assert names["double"].__doc__ == "Return 2 x."
    for attempt in (lambda: names["double"](1), names["Counter"], lambda: names["Counter"].step(None)):
        with pytest.raises(NotImplementedError, match=r"^replace this line with your answer$"):
            attempt()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('# %% check="double"\ncheck(double)\n', "", "[answer double, answer Counter, check Counter]"),
        ('# %% answer="double"', "# %%", "[check double, answer Counter, check Counter]"),
        ('check="Counter"', 'check="double"', "give each one answer cell and then one check cell"),
        ("check(Counter)\n", 'check(Counter)\n\n# %% check="double"\ncheck(double)\n', "check Counter, check double]"),
        ("### BEGIN SOLUTION\n    secret = 2\n    return secret * x\n    ### END SOLUTION", "pass", "lacks a complete"),
        ("Return 2 x.", "Return 2 x (END SOLUTION).", "lacks a complete solution region"),
        ("    ### END SOLUTION\n", "", "the answer cell 'def double(x):' lacks a complete solution region"),
        ("    ### BEGIN SOLUTION\n", "", "lacks a complete solution region"),
        ("### BEGIN SOLUTION", "### Begin solution", "lacks a complete solution region"),
        ("### END SOLUTION", "### END SOLUTION #", "lacks a complete solution region"),
        ("# # An exercise", "# # An exercise\n#\n# ### BEGIN SOLUTION", "has a solution marker but is no answer"),
        ("    return answer", "    # end_solution\n    return answer", "has a solution marker but is no answer"),
        ("# %% [markdown]", '# %% [markdown] answer="double"', "has the option 'answer'; use only tags"),
        ('="double"', '="triple"', "the task 'triple' has no check in vae_lessons.checks"),
        ("def double(x):\n", "", "is no valid Python when cleared; keep the def line"),
    ],
)
def test_a_malformed_exercise_is_refused(tmp_path, capsys, old, new, said):
    count = -1 if old == '="double"' else 1
    course = make_course(tmp_path, {EXERCISE_FILE: EXERCISE.replace(old, new, count)})
    assert builder.main([], course=course) == 1
    errors = capsys.readouterr().err
    assert said in errors
    assert all(line.startswith(EXERCISE_FILE) for line in errors.splitlines())
    assert not (tmp_path / NOTEBOOKS[1]).exists()
