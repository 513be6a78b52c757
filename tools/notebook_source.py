"""From a source file to the cells of a notebook: stable ids, measured numbers, nbgrader's metadata, cleared answers."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

SOURCES = {"notebooks": "lessons", "exercises": "exercises", "solutions": "exercises"}
LESSONS = "notebooks"
STUB = 'raise NotImplementedError("replace this line with your answer")'
# No magics: jupytext would also "uncomment" prose such as `# cat pictures`, since cat is a shell command.
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
PLACEHOLDER = re.compile(r"\{\{\s*([\w-]+)\s*:\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}")
QUOTED_TIME = re.compile(r"\{\{\s*run_times\s*:\s*(\w+)")
MARKER = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION$", re.MULTILINE)
ANY_MARKER = re.compile(r"\b(BEGIN|END)[\W_]*SOLUTION", re.IGNORECASE)


class BuildError(Exception):
    """A source that cannot become a notebook; the message is one sentence with the remedy."""


@dataclass(frozen=True)
class Course:
    """A folder with source/ and experiments/results/, and the points of each task."""

    root: Path
    points: Callable[[str], int]

    @property
    def results(self) -> Path:
        """The folder of measured claims, one JSON file for each."""
        return self.root / "experiments" / "results"

    @property
    def run_times(self) -> dict[str, dict[str, int]]:
        """Seconds of each lesson's last execution, in all and for its longest cell."""
        path = self.results / "run_times.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}


@dataclass(frozen=True)
class Page:
    """One notebook and the source that it is built from; either file may be missing."""

    course: Course
    folder: str
    stem: str

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.stem}.ipynb"

    @property
    def source_name(self) -> str:
        return f"source/{SOURCES[self.folder]}/{self.stem}.py"

    @property
    def notebook(self) -> Path:
        return self.course.root / self.name

    @property
    def source(self) -> Path:
        return self.course.root / self.source_name

    @property
    def text(self) -> str:
        return self.source.read_text("utf-8")

    def error(self, what: str) -> BuildError:
        return BuildError(f"{self.source_name}: {what.rstrip(' .')}.")


def find_pages(course: Course, stems: list[str]) -> list[Page]:
    """Return every page that has a source or a notebook, those that quote the run times of other lessons last."""
    pages = []
    for folder, source in SOURCES.items():
        files = [*(course.root / "source" / source).glob("*.py"), *(course.root / folder).glob("*.ipynb")]
        pages += [Page(course, folder, stem) for stem in sorted({file.stem for file in files})]
    known = sorted({page.stem for page in pages})
    if unknown := sorted(set(stems) - set(known)):
        raise BuildError(f"There is no source named {unknown[0]!r}; choose from: {', '.join(known) or 'none yet'}.")
    return sorted((page for page in pages if not stems or page.stem in stems), key=quoted_times)


def quoted_times(page: Page) -> int:
    """Return how many other lessons' run times a page quotes."""
    text = page.text if page.source.exists() else ""
    return len(set(QUOTED_TIME.findall(text)) - {page.stem})


def digest(value: Any) -> str:
    """Return the SHA-256 of a text or of anything that JSON can hold."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def first_line(cell: NotebookNode) -> str:
    """Return how messages name a cell."""
    return repr(cell.source.strip().partition("\n")[0])


def read_cells(page: Page) -> list[NotebookNode]:
    """Read the percent cells of a source, with ids that depend on nothing but the stem and each cell's own text."""
    seen: Counter[str] = Counter()
    cells = jupytext.reads(page.text, fmt=PERCENT).cells
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)
        plain = page.folder == LESSONS or cell.cell_type != "code"
        allowed = {"tags"} if plain else {"tags", "answer", "check"}
        if unknown := sorted(set(cell.metadata) - allowed):
            options = ", ".join(sorted(allowed))
            raise page.error(f"the cell {first_line(cell)} has the option {unknown[0]!r}; use only {options}")
        text = f"{page.stem}\n{cell.cell_type}\n{cell.source}"
        seen[text] += 1
        cell.id = digest(f"{text}\n{seen[text]}")[:12]
    return cells


def fill_placeholders(page: Page, text: str) -> str:
    """Replace each `{{claim: dotted.path | format}}` by the value in experiments/results/claim.json."""
    filled = PLACEHOLDER.sub(lambda match: quoted_value(page, *match.group(0, 1, 2, 3)), text)
    if broken := re.search(r"\{\{.{0,40}", filled):
        remedy = "write {{claim: path}} or {{claim: path | format}}, and put a space between braces meant as braces"
        raise page.error(f"{broken.group()!r} is not a placeholder; {remedy}")
    return filled


def quoted_value(page: Page, placeholder: str, claim: str, path: str, spec: str | None) -> str:
    """Return one measured value as text."""
    value: Any = load_claim(page, placeholder, claim)
    for key in path.split("."):
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (LookupError, TypeError, ValueError):
            has = f"the names there are: {', '.join(value)}" if isinstance(value, dict) else "nothing has a name there"
            raise page.error(f"{placeholder} asks for {key!r}, which {claim}.json does not have; {has}") from None
    if isinstance(value, dict | list):
        raise page.error(f"{placeholder} names a group; go on to one of its values")
    try:
        return format(value, (spec or "").strip())
    except ValueError:
        raise page.error(f"{placeholder} has a format that does not suit {value!r}; use one like .2f or .0%") from None


def load_claim(page: Page, placeholder: str, claim: str) -> dict[str, Any]:
    """Return the results of a claim; a lesson's own run time counts as 0 until it is measured."""
    if claim == "run_times":
        return {page.stem: {"seconds": 0, "longest_cell": 0}} | page.course.run_times
    path = page.course.results / f"{claim}.json"
    if not path.exists():
        remedy = f"run the experiment that writes experiments/results/{claim}.json, or correct the name"
        raise page.error(f"{placeholder} quotes an unknown claim; {remedy}")
    return json.loads(path.read_text("utf-8"))


def add_grading(page: Page, cells: list[NotebookNode]) -> None:
    """Turn the options `answer` and `check` into nbgrader's metadata (schema 3)."""
    verify_tasks(page, cells)
    for cell in cells:
        answer, task = cell.metadata.pop("answer", None), cell.metadata.pop("check", None)
        if answer is not None:
            cell.id = answer
            cell.metadata.nbgrader = nbgrader_metadata(answer, solution=True)
        elif task is not None:
            cell.id = f"{task}-check"
            cell.metadata.nbgrader = nbgrader_metadata(cell.id, solution=False) | {"points": task_points(page, task)}


def nbgrader_metadata(grade_id: str, *, solution: bool) -> dict[str, Any]:
    """Return nbgrader's metadata of an answer cell (`solution`) or of a check cell."""
    grade = not solution
    return dict(grade=grade, grade_id=grade_id, locked=grade, schema_version=3, solution=solution, task=False)


def task_points(page: Page, task: str) -> int:
    """Return what a task is worth, which only its check knows."""
    try:
        return page.course.points(task)
    except (LookupError, ValueError):
        raise page.error(f"the task {task!r} has no check in vae_lessons.checks; add one or correct the name") from None


def verify_tasks(page: Page, cells: list[NotebookNode]) -> None:
    """Raise unless every task has an answer cell, then a check cell, and solution regions in its answer only."""
    have = [(kind, cell.metadata[kind]) for cell in cells for kind in ("answer", "check") if kind in cell.metadata]
    want = [(kind, task) for task in dict.fromkeys(task for _, task in have) for kind in ("answer", "check")]
    if have != want:
        found = ", ".join(f"{kind} {task}" for kind, task in have)
        raise page.error(f"its tasks are in the order [{found}]; give each one answer cell and then one check cell")
    for cell in cells:
        exact, loose = MARKER.findall(cell.source), ANY_MARKER.findall(cell.source)
        answer = "answer" in cell.metadata
        if loose and not answer:
            raise page.error(f"the cell {first_line(cell)} has a solution marker but is no answer; take it out")
        complete = exact and exact == ["BEGIN", "END"] * (len(exact) // 2) and len(loose) == len(exact)
        if answer and not complete:
            remedy = "put each answer between '### BEGIN SOLUTION' and '### END SOLUTION', on lines of their own"
            raise page.error(f"the answer cell {first_line(cell)} lacks a complete solution region; {remedy}")


def clear_answers(page: Page, notebook: NotebookNode) -> NotebookNode:
    """Return the notebook that a learner gets, made by nbgrader's own preprocessors."""
    stub = ClearSolutions(code_stub={"python": STUB})
    released = deepcopy(notebook)
    for step in (LockCells(), stub, ClearOutput(), CheckCellMetadata(), ComputeChecksums(), CheckCellMetadata()):
        released, _ = step.preprocess(released, {})
    for cell in released.cells:
        try:
            ast.parse(cell.source if cell.metadata.get("nbgrader", {}).get("solution") else "")
        except SyntaxError:
            remedy = "keep the def line and the docstring outside the solution region"
            raise page.error(f"the answer cell {first_line(cell)} is no valid Python when cleared; {remedy}") from None
    return released
