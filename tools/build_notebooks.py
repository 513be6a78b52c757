"""Build notebooks/, exercises/ and solutions/ from source/; with --check, say which of them are not up to date."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from notebook_source import (
    LESSONS,
    BuildError,
    Course,
    Page,
    add_grading,
    clear_answers,
    digest,
    fill_placeholders,
    find_pages,
    first_line,
    read_cells,
)

CELL_SECONDS = 600
MAX_BYTES = 400_000
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


def execute(page: Page, cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Run a lesson in a fresh kernel, record its run time, return the outputs of each code cell."""
    notebook = nbformat.v4.new_notebook(cells=deepcopy(cells))
    starts: list[tuple[float, NotebookNode]] = []
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(page.notebook.parent)}},
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        on_cell_execute=lambda cell, cell_index: starts.append((time.perf_counter(), cell)),
    )
    client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []  # this Python, not one registered as python3
    begin = time.perf_counter()
    try:
        client.execute(env=kernel_environment())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        what = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else str(error).strip()
        raise page.error(f"the cell {first_line(starts[-1][1])} failed with {what}") from None
    outputs = [tidy_outputs(page, cell) for cell in notebook.cells if cell.cell_type == "code"]
    times = [start for start, _ in starts] + [time.perf_counter()]
    longest = max((after - before for before, after in pairwise(times)), default=0.0)
    record_time(page, seconds=round(times[-1] - begin), longest_cell=round(longest))
    return outputs


def kernel_environment() -> dict[str, str]:
    """Return the caller's environment with what could change a lesson's outputs set: standard profile, on the CPU."""
    caller = {
        name: value for name, value in os.environ.items() if name not in ("VAE_LESSONS_PROFILE", "PYTHONWARNINGS")
    }
    return caller | {"VAE_LESSONS_DEVICE": "cpu", "PYTHONHASHSEED": "0"}


def record_time(page: Page, *, seconds: int, longest_cell: int) -> None:
    """Write the run time of one lesson into experiments/results/run_times.json."""
    times = page.course.run_times | {page.stem: {"seconds": seconds, "longest_cell": longest_cell}}
    page.course.results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(times, indent=2, sort_keys=True) + "\n"
    (page.course.results / "run_times.json").write_text(text, "utf-8", newline="\n")


def tidy_outputs(page: Page, cell: NotebookNode) -> list[NotebookNode]:
    """Return a cell's outputs with streams joined and without widget views, whose models die with the kernel."""
    kept: list[NotebookNode] = []
    for output in cell.outputs:
        was_widget = output.get("data", {}).pop(WIDGET, None) is not None
        if was_widget and set(output.data) <= {"text/plain"}:
            continue
        refuse_noise(page, cell, output)
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def refuse_noise(page: Page, cell: NotebookNode, output: NotebookNode) -> None:
    """Raise for an output that no reader should meet: an error, a warning, or what differs from machine to machine."""
    shown = [value for mime, value in output.get("data", {}).items() if mime.startswith("text/")]
    text = output.get("text", "") + "".join(shown)
    if output.output_type == "error" or output.get("name") == "stderr":
        what = text.strip() or f"{output.ename}: {output.evalue}"
        raise page.error(f"the cell {first_line(cell)} must show no error or warning, so mend its cause: {what}")
    if address := ADDRESS.search(text):
        remedy = "end its last line with a semicolon, or show something that a reader can use"
        raise page.error(f"the cell {first_line(cell)} shows a memory address ({address.group()}); {remedy}")
    folders = {str(page.course.root), sys.prefix, str(Path.home())} - {"/"}
    if any(folder in text for folder in folders):
        raise page.error(f"the cell {first_line(cell)} shows a folder of this machine; show only what others have too")


def render(page: Page, outputs: list[list[NotebookNode]]) -> bytes:
    """Return the bytes of a page; `outputs` holds one list for each code cell of a lesson."""
    cells = read_cells(page)
    stamp = {"source": digest(page.text)}
    if page.folder == LESSONS:
        stamp |= {"inputs": inputs_digest(page, cells), "outputs": digest(outputs)}
        code = (cell for cell in cells if cell.cell_type == "code")
        for number, (cell, shown) in enumerate(zip(code, outputs, strict=False), start=1):
            cell.update(execution_count=number, outputs=shown)
    else:
        add_grading(page, cells)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = fill_placeholders(page, cell.source)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "vae_lessons": stamp}
    notebook = nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    if page.folder == "exercises":
        notebook = clear_answers(page, notebook)
    nbformat.validate(notebook)
    return (nbformat.writes(notebook) + "\n").encode()


def verify_size(page: Page, data: bytes) -> None:
    """Raise when a notebook is too large to be read comfortably on the web."""
    if len(data) > MAX_BYTES:
        cells = nbformat.reads(data.decode(), as_version=4).cells
        largest = first_line(max(cells, key=lambda cell: len(json.dumps(cell))))
        size = f"{len(data) // 1000} kB, more than {MAX_BYTES // 1000} kB"
        raise page.error(f"the notebook would have {size}; show less in its largest cell, {largest}")


def inputs_digest(page: Page, cells: list[NotebookNode]) -> str:
    """Return a digest of what the outputs of a lesson come from: its code and the results that it names."""
    named = (file for file in sorted(page.course.results.glob("*.json")) if file.stem in page.text)
    results = [file.read_text("utf-8") for file in named if file.stem != "run_times"]
    return digest([[cell.source for cell in cells if cell.cell_type == "code"], results])


def read_notebook(page: Page) -> tuple[bytes, list[list[NotebookNode]], dict[str, str]]:
    """Return the bytes, the outputs and our stamp of the notebook as it lies there, whatever its state."""
    data = page.notebook.read_bytes() if page.notebook.exists() else b""
    try:
        notebook = nbformat.reads(data.decode(), as_version=4)
        nbformat.validate(notebook)
        outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
        return data, outputs, dict(notebook.metadata.vae_lessons)
    except Exception:  # a damaged file can fail in any way, and each time the answer is to build it again
        return data, [], {}


def find_problem(page: Page) -> str | None:
    """Return one sentence that says why a page is not up to date, or None."""
    remedy = f"run `python tools/build_notebooks.py {page.stem}`"
    if not page.source.exists():
        return f"{page.name} has no source; delete it or write {page.source_name}."
    data, outputs, stamp = read_notebook(page)
    try:
        expected = render(page, outputs)
    except BuildError as error:
        return str(error)
    if data == expected:
        return None
    if not data:
        return f"{page.name} is missing; {remedy}."
    if stamp.get("source") != digest(page.text):
        return f"{page.name} was not built from the present {page.source_name}; {remedy}."
    return f"{page.name} was edited, or a result it uses changed; move edits to {page.source_name}, then {remedy}."


def build(page: Page, *, force: bool) -> None:
    """Write a notebook; execute a lesson only when its code, a result that it names, or its outputs changed."""
    begin = time.perf_counter()
    page.notebook.parent.mkdir(exist_ok=True)
    cells = read_cells(page)
    _, outputs, stamp = read_notebook(page)
    fresh = (inputs_digest(page, cells), digest(outputs)) == (stamp.get("inputs"), stamp.get("outputs"))
    run = page.folder == LESSONS and (force or not fresh or page.stem not in page.course.run_times)
    if run:
        render(page, [])  # a mistake in the text should not cost minutes of execution first
        print(f"{page.name}: executing ...", flush=True)
        outputs = execute(page, cells)
    data = render(page, outputs)
    verify_size(page, data)
    page.notebook.write_bytes(data)
    print(f"{page.name}: {'executed' if run else 'written'} in {time.perf_counter() - begin:.0f} s", flush=True)


def check_pages(pages: list[Page]) -> int:
    """Print what is not up to date and return the exit code."""
    problems = [problem for page in pages if (problem := find_problem(page))]
    print("\n".join(problems) or f"All {len(pages)} notebooks are up to date.")
    return int(bool(problems))


def build_pages(pages: list[Page], *, force: bool) -> int:
    """Build what is not up to date, go on after a failure, and return the exit code."""
    failures = built = 0
    for page in pages:
        try:
            if page.source.exists() and (force or find_problem(page)):
                build(page, force=force)
                built += 1
            elif problem := find_problem(page):
                raise BuildError(problem)
        except BuildError as error:
            failures += 1
            print(error, file=sys.stderr, flush=True)
    if not built and not failures:
        print(f"All {len(pages)} notebooks are up to date.")
    return int(failures > 0)


def course_points(task: str) -> int:
    """Return the points of a task."""
    from vae_lessons.checks import points  # late, because it loads torch and lessons alone need no points

    return points(task)


def main(arguments: list[str] | None = None, *, course: Course | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stems", nargs="*", help="only these, such as 01_autoencoder (default: all that changed)")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="build nothing, say what is not up to date")
    group.add_argument("--all", action="store_true", help="build and execute everything, changed or not")
    options = parser.parse_args(arguments)
    course = course or Course(Path(__file__).resolve().parents[1], course_points)
    try:
        pages = find_pages(course, options.stems)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return check_pages(pages) if options.check else build_pages(pages, force=options.all)


if __name__ == "__main__":
    sys.exit(main())
