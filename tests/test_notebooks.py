"""The notebooks of the course: fresh, linked, described in words, and running from top to bottom."""

import importlib
import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade, is_grade

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
builder = importlib.import_module("build_notebooks")

FOLDERS = {"notebooks": "lessons", "exercises": "exercises", "solutions": "exercises"}
NOTEBOOKS = {folder: sorted((ROOT / folder).glob("*.ipynb")) for folder in FOLDERS}
EVERY = [path for paths in NOTEBOOKS.values() for path in paths]
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"(!?)\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\(\s*<?([^()\s<>]+)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)")
IMAGE_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def name(path):
    return str(path.relative_to(ROOT))


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name)


def read(path):
    return nbformat.read(path, as_version=4)


def markdown(path):
    """Return the text of a notebook or of a markdown file, without its fenced code."""
    if path.suffix == ".ipynb":
        text = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    else:
        text = path.read_text("utf-8")
    return FENCE.sub("", text)


def links(path):
    """Return (is it a picture, its words, its target) of each link."""
    found = LINK.findall(SPAN.sub("code", markdown(path)))
    return [(mark == "!", words, target) for mark, words, target in found]


def anchors(path):
    """Return the anchors of a file's headings as JupyterLab writes them and as GitHub does."""
    titles = [re.sub(r"[*`]", "", title) for _, title in HEADING.findall(markdown(path))]
    github = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    return {title.replace(" ", "-") for title in titles} | set(github)


def broken_links(path, root=ROOT):
    """Return each relative link or picture that leads to no file of the course, or to no heading."""
    broken = []
    for _, _, target in links(path):
        file, _, anchor = unquote(target).partition("#")
        linked = (path.parent / file).resolve() if file else path
        here = linked.is_file() and linked.is_relative_to(root)
        if not ELSEWHERE.match(target) and not (here and (not anchor or anchor in anchors(linked))):
            broken.append(target)
    return broken


def undescribed_pictures(path):
    """Return each picture in the text whose alternative text has fewer than three words."""
    bare = [target for is_picture, words, target in links(path) if is_picture and len(words.split()) < 3]
    tags = IMAGE_TAG.findall(markdown(path))
    return bare + [tag for tag in tags if not re.search(r"\balt=([\"'])(\S+\s+){2}.*?\1", tag)]


def outline_faults(path):
    """Return what is wrong with the headings: one h1, first, and no skipped level."""
    levels = [len(marks) for marks, _ in HEADING.findall(markdown(path))]
    faults = [f"h{above} is followed by h{below}" for above, below in pairwise(levels) if below > above + 1]
    return faults if levels[:1] == [1] and levels.count(1) == 1 else [*faults, f"h1 at the wrong places in {levels}"]


def figures(path):
    """Yield each picture among the outputs of a notebook."""
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            if any(mime.startswith("image/") for mime in output.get("data", {})):
                yield output


def run(path):
    """Return a notebook with the outputs of a quick run of all its cells, in its own folder."""
    notebook = read(path)
    environment = os.environ | {"VAE_LESSONS_PROFILE": "fast", "VAE_LESSONS_DEVICE": "cpu"}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []
    client.execute(env=environment)
    return notebook


def test_the_readers_of_this_file_see_faults(tmp_path):
    text = """# A *long* title, `twice`
[ok](#A-long-title,-twice) [ok](#a-long-title-twice) [ok](b%20c.md) [ok](https://example.org/x) [gone](gone.md#x)
[bad](#no) [bad](b%20c.md#no) [out](../out.md) [folder](sub) `[code](gone.md)`
![three good words](b%20c.md) ![two words](b%20c.md)
<img src="b.png" alt="a good description"> <img src="b.png" alt="bad"> <img src="b.png">
```
[code](gone.md)
# code
```
### Skipped
"""
    page = tmp_path / "course" / "a.md"
    (page.parent / "sub").mkdir(parents=True)
    page.write_text(text)
    (page.parent / "b c.md").write_text("text")
    (tmp_path / "out.md").write_text("text")
    assert broken_links(page, page.parent) == ["gone.md#x", "#no", "b%20c.md#no", "../out.md", "sub"]
    assert undescribed_pictures(page) == ["b%20c.md", '<img src="b.png" alt="bad">', '<img src="b.png">']
    assert outline_faults(page) == ["h1 is followed by h3"]
    page.write_text("## A\n# B\n# C")
    assert outline_faults(page) == ["h1 at the wrong places in [2, 1, 1]"]


def test_every_source_is_built_into_its_folders():
    for folder, source in FOLDERS.items():
        sources = {path.stem for path in (ROOT / "source" / source).glob("*.py")}
        assert sources == {path.stem for path in NOTEBOOKS[folder]}, folder


def test_the_built_notebooks_are_up_to_date(capsys):
    code = builder.main(["--check"])
    assert code == 0, capsys.readouterr().out


@each(EVERY)
def test_no_notebook_is_large(path):
    assert path.stat().st_size <= 400_000


@each(EVERY)
def test_no_notebook_stores_an_error_a_warning_or_widget_state(path):
    notebook = read(path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert "widgets" not in notebook.metadata


@each([*EVERY, ROOT / "README.md"])
def test_every_link_leads_somewhere(path):
    assert broken_links(path) == []


@each([*EVERY, ROOT / "README.md"])
def test_every_picture_in_the_text_is_described(path):
    assert undescribed_pictures(path) == []


@each(NOTEBOOKS["notebooks"])
def test_every_figure_is_described(path):
    for output in figures(path):
        words = output.metadata.get("image/png", {}).get("alt", "")
        assert len(words.split()) >= 5, f"the description {words!r} says too little"
        assert output.data["text/plain"] == words


@each(EVERY)
def test_headings_form_an_outline(path):
    assert outline_faults(path) == []


@pytest.mark.timeout(600)
@each(NOTEBOOKS["exercises"])
def test_an_unfilled_exercise_runs_and_every_check_says_not_attempted(path):
    checks = [cell for cell in run(path).cells if is_grade(cell)]
    assert checks
    for cell in checks:
        assert "not attempted" in str(cell.outputs), cell.source
        assert determine_grade(cell) == (0, cell.metadata.nbgrader.points)


@pytest.mark.timeout(600)
@each(NOTEBOOKS["solutions"])
def test_a_solution_earns_every_point(path):
    checks = [cell for cell in run(path).cells if is_grade(cell)]
    assert checks
    for cell in checks:
        assert determine_grade(cell) == (cell.metadata.nbgrader.points,) * 2, str(cell.outputs)
