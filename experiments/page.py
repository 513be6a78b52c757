"""Write docs/measurements.md, the ledger and all run times as one page: `python -m experiments.page`."""

import json
from pathlib import Path

from experiments.ledger import RESULTS
from vae_lessons.classroom.claims import read_ledger

PAGE = Path(__file__).parents[1] / "docs" / "measurements.md"
HEAD = """# What was measured

Written by `make notebooks` from the files in `experiments/results`; do not edit it. `vae-lessons claims` shows it in a
terminal, `vae-lessons claims ID` every number of one claim, and `make claims` measures all of them again.

## The claims

Each is measured on several seeds with a control, and the verdict is computed from the numbers. Seconds are those of all
seeds together, on one core; `make claims` measures one seed per core at a time.

| lesson | claim | question | treatment | control | seeds | verdict | seconds |
|---|---|---|---|---|---|---|---|
"""
LESSONS_HEAD = """
## Run times of the lessons

Measured when the notebooks were built: two CPU cores, standard profile, in seconds.

| lesson | all cells | longest cell |
|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    results, times = read_ledger(), json.loads((RESULTS / "run_times.json").read_text())
    lessons = "".join(f"| {stem} | {time['seconds']} | {time['longest_cell']} |\n" for stem, time in times.items())
    total = sum(result["seconds"] for result in results)
    claims = "".join(f"| {' | '.join(_cells(result))} |\n" for result in results)
    return f"{HEAD}{claims}| | | | | | | **all, on one core** | **{total}** |\n{LESSONS_HEAD}{lessons}"


def _cells(result: dict) -> list[str]:
    lesson = f"[{result['lesson'][:2]}](../notebooks/{result['lesson']}.ipynb)"
    claim = f"[{result['claim']}](../experiments/results/{result['claim']}.json)"
    text = [result[part].replace("|", "\\|") for part in ("question", "treatment", "control")]
    return [lesson, claim, *text, str(len(result["seeds"])), result["verdict"], str(result["seconds"])]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
