"""The two halves of a chapter: either may be edited, and what only one file holds is never overwritten."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import nbformat
import notebooks
import pairs
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "---\njupytext:\n  formats: ipynb,md:myst\n---\n\n# One\n\n```{code-cell} ipython3\nprint(1 + 1)\n```\n"
pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="what was committed is asked of git")


class Project:
    """A project of two chapters, `one` and `solutions/one`, committed with their outputs."""

    def __init__(self, root):
        self.root, self.text = root, root / "book" / "one.md"
        self.notebook = self.text.with_suffix(".ipynb")

    def git(self, *words):
        identity = ["-c", "user.name=author", "-c", "user.email=author@example.org"]
        done = subprocess.run(["git", *identity, *words], cwd=self.root, capture_output=True, text=True, check=False)
        return done.stdout

    def commit(self):
        self.git("add", ".")
        self.git("commit", "-q", "-m", "all")

    def edit(self, half, old, new):
        """Edit a half in its file, as an editor that knows of no pairs."""
        content = half.read_text(encoding="utf-8")
        assert old in content
        half.write_text(content.replace(old, new), encoding="utf-8")

    def source(self):
        """Which half is carried over: ".md", ".ipynb", None if they agree, or "conflict"."""
        try:
            half = pairs.edited(self.notebook, self.root)
        except pairs.Failed as failure:
            assert "one.md and " in str(failure) and "one.ipynb have both changed" in str(failure)
            return "conflict"
        return half and half.suffix

    def carry_over(self):
        """What `make notebooks` does with a pair, without running its cells."""
        before = pairs.snapshot(self.notebook)
        pairs.write(self.notebook, pairs.tidy(pairs.source_of(self.notebook, self.root)), before, self.root)

    def stale(self, ran=None):
        return [notebooks.name(path, self.root) for path in notebooks.chapters(self.root / "book")
                if not notebooks.current(path, self.root, ran or {})]

    def ran(self):
        return json.loads((self.root / "_build" / "notebooks.json").read_text())

    def halves(self):
        return pairs.snapshot(self.notebook)


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    root = tmp_path_factory.mktemp("committed")
    (root / "nnlib").mkdir()
    (root / "nnlib" / "one.py").write_text("")
    (root / ".gitignore").write_text("_build/\n")
    for name in ("one", "solutions/one"):
        path = root / "book" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CHAPTER)
    assert notebooks.main(root) == 0
    project = Project(root)
    project.git("init", "-q", "-b", "main")
    project.commit()
    return root


@pytest.fixture
def project(committed, tmp_path):
    """As a fresh clone would be: nothing in _build."""
    shutil.copytree(committed, tmp_path / "project", ignore=shutil.ignore_patterns("_build"))
    return Project(tmp_path / "project")


# Which half was edited ------------------------------------------------------------------------------------------------

def both(project):
    project.edit(project.text, "# One", "# Uno")
    project.edit(project.notebook, "1 + 1", "2 + 2")


def alike(project):
    project.edit(project.text, "# One", "# Uno")
    project.edit(project.notebook, "# One", "# Uno")


def as_another_editor_writes(project):
    project.text.write_bytes(project.text.read_bytes().replace(b"\n", b"\r\n").replace(b"# One\r\n", b"# One\r\n\r\n"))


def ran_and_edited(project):
    """Work that is not committed: both halves say it, then one of them is edited."""
    project.edit(project.text, "# One", "# Uno")
    project.carry_over()
    project.edit(project.notebook, "# Uno", "# Une")


def ran_and_took_back(project):
    """One half says what was run, the other is taken back to the commit."""
    project.edit(project.text, "# One", "# Uno")
    project.carry_over()
    project.git("checkout", "book/one.ipynb")


def pulled_a_text(project):
    """Somebody committed the text alone, as one does who corrects a word on the web."""
    project.edit(project.text, "# One", "# Uno")
    project.commit()


def pulled_a_text_and_edited(project):
    pulled_a_text(project)
    project.edit(project.notebook, "1 + 1", "2 + 2")


def no_git(project):
    project.edit(project.text, "# One", "# Uno")
    shutil.rmtree(project.root / ".git")


def no_git_but_looked_at(project):
    pairs.agree_on(project.notebook, pairs.says(pairs.read(project.notebook)), project.root)
    no_git(project)


def other_branch(project):
    """A branch of which _build knows nothing; both halves are its own."""
    pairs.agree_on(project.notebook, pairs.says(pairs.read(project.notebook)), project.root)
    project.git("checkout", "-q", "-b", "other")
    project.edit(project.text, "# One", "# Uno")
    project.carry_over()
    project.commit()
    shutil.rmtree(project.root / "_build")
    project.git("checkout", "-q", "main")
    project.carry_over()
    project.git("checkout", "-q", "other")


def other_branch_and_edited(project):
    other_branch(project)
    project.edit(project.notebook, "# Uno", "# Une")


def merge(project):
    """Two branches changed one line of the notebook; its author took their side, and edited the text until it is right."""
    project.git("checkout", "-q", "-b", "other")
    project.edit(project.text, "# One", "# Uno")
    project.carry_over()
    project.commit()
    project.git("checkout", "-q", "main")
    project.edit(project.text, "# One", "# Eins")
    project.carry_over()
    project.commit()
    project.git("merge", "other")
    assert "<<<<<<<" in project.text.read_text() and "<<<<<<<" in project.notebook.read_text()
    project.text.write_text(CHAPTER.replace("One", "Uno, eins"))
    project.git("checkout", "--theirs", "book/one.ipynb")


@pytest.mark.parametrize(("what_happened", "half"), [
    (lambda project: None, None),
    (lambda project: project.edit(project.text, "# One", "# Uno"), ".md"),
    (lambda project: project.edit(project.notebook, "# One", "# Uno"), ".ipynb"),
    (both, "conflict"), (alike, None), (as_another_editor_writes, None),
    (lambda project: project.text.unlink(), ".ipynb"), (lambda project: project.notebook.unlink(), ".md"),
    (ran_and_edited, ".ipynb"), (ran_and_took_back, "conflict"), (pulled_a_text, ".md"),
    (pulled_a_text_and_edited, "conflict"), (no_git, "conflict"), (no_git_but_looked_at, ".md"), (other_branch, None),
    (other_branch_and_edited, ".ipynb"), (merge, ".md")], ids=lambda one: getattr(one, "__name__", str(one)))
def test_the_half_that_was_edited_is_carried_over(what_happened, half, project):
    """Whatever the dates of the files say."""
    what_happened(project)
    for old in filter(Path.exists, (project.text, project.notebook)):
        os.utime(old, (1, 1))
        assert project.source() == half
        os.utime(old)
    before = project.halves()
    if half == "conflict":
        with pytest.raises(pairs.Failed):
            project.carry_over()
        assert project.halves() == before
    else:
        kept = {".md": project.text, ".ipynb": project.notebook}.get(half, project.notebook)
        said = pairs.says(pairs.read(kept))
        project.carry_over()
        assert project.source() is None and project.text.read_text() == said


def test_two_changes_are_told_and_the_other_chapters_run(project, capsys):
    both(project)
    project.edit(project.root / "book" / "solutions" / "one.md", "1 + 1", "1 + 2")
    before = project.halves()
    assert notebooks.main(project.root) == 1 and project.halves() == before
    said = capsys.readouterr()
    assert re.fullmatch(r"· solutions/one\.ipynb: 1 cells, [\d.]+ s\n", said.out)
    assert re.fullmatch(r"✗ \S+/one\.md and \S+/one\.ipynb have both changed [^.]*`\.venv/bin/jupytext --diff \S+ \S+`.*"
                        r"delete the other, and run `make notebooks`\.\n", said.err)
    project.notebook.unlink()                               # what the sentence says
    assert notebooks.main(project.root) == 0 and "Uno" in project.notebook.read_text()


def test_a_chapter_is_run_when_something_of_it_changed(project, capsys):
    """Its text, its notebook, or nnlib; and from the half that was edited, the other is made."""
    halves = ["one.ipynb", "solutions/one.ipynb"]
    assert project.stale() == []
    project.edit(project.text, "1 + 1", "1 + 2")
    assert project.stale() == ["one.ipynb"]
    assert notebooks.main(project.root) == 0
    assert re.fullmatch(r"· one\.ipynb: 1 cells, [\d.]+ s\n1 of 2 chapters were stale and have run\.\n",
                        capsys.readouterr().out)
    assert pairs.read(project.notebook).cells[1].outputs[0].text == "3\n"
    assert project.stale(project.ran()) == []
    for old, new in (("1 + 2", "2 + 2"), ('"3\\n"', '"4\\n"'), ('"execution_count": 1', '"execution_count": 2')):
        before = project.notebook.read_text()
        project.edit(project.notebook, old, new)
        assert project.stale(project.ran()) == ["one.ipynb"], old
        project.notebook.write_text(before)
    project.edit(project.notebook, "1 + 2", "2 + 2")
    assert notebooks.main(project.root) == 0 and "2 + 2" in project.text.read_text()
    assert project.stale(project.ran()) == []
    (project.root / "nnlib" / "two.py").touch()
    assert project.stale() == project.stale(project.ran()) == halves
    shutil.rmtree(project.root / ".git")
    assert project.stale() == halves, "without git and without _build, nothing is known"


def test_a_chapter_is_run_when_a_recorded_file_that_it_opens_changed(project):
    recorded = project.root / "recorded.json"
    recorded.write_text("1")
    project.edit(project.text, "print(1 + 1)", 'print(open("../recorded.json", encoding="utf-8").read())')
    assert notebooks.main(project.root) == 0
    project.commit()
    assert project.stale() == project.stale(project.ran()) == []
    recorded.write_text("2")
    assert project.stale() == project.stale(project.ran()) == ["one.ipynb"]
    assert notebooks.main(project.root) == 0 and project.stale(project.ran()) == []
    assert pairs.read(project.notebook).cells[1].outputs[0].text == "2\n"


def test_a_memory_that_cannot_be_read_is_none(project):
    (project.root / "_build").mkdir()
    (project.root / "_build" / "notebooks.json").write_text('{"one')
    assert notebooks.Run(project.root, everything=False).stale == []


def test_a_failing_cell_is_named(tmp_path):
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(pairs.Failed, match=r"bad\.ipynb, cell 2: ZeroDivisionError"):
        notebooks.until_interrupted(notebooks.execute(chapter, tmp_path / "bad.ipynb"))


def test_cells_that_say_the_same_have_names_of_their_own():
    same = [nbformat.v4.new_markdown_cell("# T"), *(nbformat.v4.new_markdown_cell("Again.") for _ in range(3))]
    names = [cell["id"] for cell in pairs.tidy(nbformat.v4.new_notebook(cells=same)).cells]
    assert names[2:] == [f"{names[1]}-2", f"{names[1]}-3"]


# What cannot be carried over, or read ---------------------------------------------------------------------------------

PICTURE = {"image/png": "iVBORw0KGgo="}


def paste(project):
    """A picture, pasted in JupyterLab: the text has its place, and the notebook alone has the picture."""
    notebook = pairs.read(project.notebook)
    notebook.cells[0].source += "\n\n![a wire](attachment:wire.png)"
    notebook.cells[0].attachments = {"wire.png": PICTURE}
    nbformat.write(notebook, project.notebook)
    project.text.write_text(pairs.to_text(notebook))


def test_a_pasted_picture_is_not_dropped(project):
    paste(project)
    project.commit()
    project.edit(project.text, "# One", "# Uno")
    before = project.halves()
    with pytest.raises(pairs.Failed, match=r"one\.md, cell 1 shows a pasted picture.* save the picture as a file"):
        project.carry_over()
    assert project.halves() == before
    project.edit(project.text, "attachment:wire.png", "images/wire.png")
    project.carry_over()
    assert "attachment" not in project.notebook.read_text()


@pytest.mark.parametrize(("half", "old", "new", "sentence"), [
    ("text", "\nprint", "\n:name: two\n\nprint", r"one\.md, cell 2 has the metadata `name`, which nothing keeps"),
    ("text", "---\n\n# One", "title: One\n---\n\n# One", r"one\.md: its header has `title`"),
    ("notebook", '"metadata": {}', '"metadata": {"mystnb": {}}', r"one\.ipynb, cell 1 has the metadata `mystnb`"),
    ("notebook", '"metadata": {}', '"metadata": {"scrolled": true}', None)])
def test_what_an_author_wrote_beside_a_cell_is_refused_and_what_an_editor_left_is_dropped(half, old, new, sentence, project):
    project.edit(getattr(project, half), old, new)
    before = project.halves()
    if sentence:
        with pytest.raises(pairs.Failed, match=sentence):
            project.carry_over()
        assert project.halves() == before
    else:
        project.carry_over()
        assert "scrolled" not in project.notebook.read_text()


MARKS = "<<<<<<< HEAD\n# Uno\n=======\n# Eins\n>>>>>>> other\n"


@pytest.mark.parametrize(("half", "damage", "sentence"), [
    ("notebook", lambda text: text[: len(text) // 2], r"one\.ipynb cannot be read \(.*git checkout .*one\.md\.$"),
    ("notebook", lambda text: "", r"one\.ipynb cannot be read"),
    ("notebook", lambda text: "[]", r"one\.ipynb cannot be read"),
    ("notebook", lambda text: text.replace('"cells"', '"rooms"'), r"one\.ipynb cannot be read \(.*cells"),
    ("notebook", lambda text: text.replace("\n  {", f"\n{MARKS}  {{", 1), r"one\.ipynb has the conflict marks"),
    ("text", lambda text: text.replace("# One\n", MARKS), r"one\.md has the conflict marks of a merge: edit"),
    ("text", lambda text: text[:text.rindex("```")], r"one\.md ends within a block that ``` opens: close the block"),
    ("text", lambda text: "", r"one\.md cannot be read \(it has no cells\)"),
    ("text", lambda text: text.replace("jupytext:", "jupytext: ["), r"one\.md cannot be read"),
    ("text", lambda text: text.encode("utf-16"), r"one\.md cannot be read .*codec")])
def test_a_half_that_cannot_be_read_is_named_and_kept(half, damage, sentence, project, capsys):
    path = getattr(project, half)
    damaged = damage(path.read_text())
    path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    before = project.halves()
    assert notebooks.main(project.root) == 1 and project.halves() == before
    said = capsys.readouterr().err
    assert re.search(sentence, said.strip()) and len(said.splitlines()) == 1, said


def test_the_tests_name_a_notebook_that_cannot_be_read(tmp_path):
    (tmp_path / "one.ipynb").write_text("{")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path,
                           ROOT / "tests" / "reads.py", tmp_path / "one.ipynb"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert "one.ipynb cannot be read: `make notebooks` says what to do." in done.stdout, done.stdout + done.stderr
    assert "Error" not in done.stdout, done.stdout


# Written whole, or not at all -----------------------------------------------------------------------------------------

SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
import notebooks
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
async def execute(notebook, path):
    limit = int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
notebooks.execute = execute
sys.exit(notebooks.main(Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
@pytest.mark.parametrize("limit", [0, 300, 450])
def test_where_the_disk_is_full_both_halves_stay_as_they_were(limit, project):
    """Nothing fits, half of the .ipynb fits, all of the .md fits."""
    long = "A line that is long enough. " * 20
    project.edit(project.notebook, "# One", f"# One {long}")
    before = project.halves()
    done = subprocess.run([sys.executable, "-c", SMALL_DISK, str(ROOT / "tools"), str(project.root), str(limit)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert re.search(r"one\.ipynb and its \.md stand as they were: File too large \(.*one\.(ipynb|md)\)", done.stderr)
    assert project.halves() == before
    assert sorted(path.name for path in project.text.parent.iterdir()) == ["one.ipynb", "one.md", "solutions"]
    project.carry_over()
    assert long.strip() in project.text.read_text()


def test_a_half_that_changes_while_its_chapter_runs_is_not_overwritten(project, monkeypatch, capsys):
    async def saved_meanwhile(notebook, path):
        project.edit(project.text, "# Uno", "# Eins")

    monkeypatch.setattr(notebooks, "execute", saved_meanwhile)
    project.edit(project.text, "# One", "# Uno")
    assert notebooks.main(project.root) == 1 and "# Eins" in project.text.read_text()
    assert "changed while the chapter ran: run `make notebooks` once more" in capsys.readouterr().err
    assert project.source() == ".md"


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(project):
    elsewhere = project.root / "elsewhere.md"
    project.text.rename(elsewhere)
    project.text.symlink_to(elsewhere)
    elsewhere.chmod(0o640)
    project.edit(project.notebook, "# One", "# Uno")
    project.carry_over()
    assert project.text.is_symlink() and "# Uno" in elsewhere.read_text() and elsewhere.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_file_that_is_read_only_stays_as_it_is(project):
    project.text.chmod(0o440)
    project.edit(project.notebook, "# One", "# Uno")
    before = project.halves()
    with pytest.raises(pairs.Failed, match="stand as they were: the file is read-only"):
        project.carry_over()
    assert project.halves() == before


# Interrupted ----------------------------------------------------------------------------------------------------------

WAITS = "import os, pathlib, time\npathlib.Path('{}').write_text(str(os.getpid()))\nwhile True:\n    time.sleep(0.01)"
COMMAND = "import sys; sys.path.insert(0, sys.argv[1]); import notebooks; notebooks.command(notebooks.Path(sys.argv[2]), [])"


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").exists() else True


def until(condition):
    """Wait for a condition; the limit is that of a machine on which nothing works."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(condition)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupt_keeps_what_has_run_and_leaves_no_process(number, project):
    kernel = project.root / "kernel"
    project.edit(project.root / "book" / "solutions" / "one.md", "1 + 1", "1 + 2")
    project.edit(project.text, "print(1 + 1)", WAITS.format(kernel))
    before = project.halves()
    run = subprocess.Popen([sys.executable, "-c", COMMAND, str(ROOT / "tools"), str(project.root)],
                           stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until(lambda: kernel.exists() and kernel.read_text())
    assert run.stdout.readline().startswith("· solutions/one.ipynb: 1 cells")
    run.send_signal(number)
    said = run.communicate()[1]
    until(lambda: not alive(int(kernel.read_text())))
    assert project.halves() == before and project.stale(project.ran()) == ["one.ipynb"]
    if number != signal.SIGKILL:
        assert run.returncode == 1
        assert said.strip() == "Interrupted. The chapters named above are written; `make notebooks` runs the rest."


# In JupyterLab --------------------------------------------------------------------------------------------------------

@pytest.fixture
def lab(project, monkeypatch):
    """What JupyterLab asks when it opens and saves a file, with the settings of `make lab`."""
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

    monkeypatch.setattr(pairs, "ROOT", project.root)
    shutil.copy(ROOT / "pyproject.toml", project.root)
    kind = build_sync_jupytext_contents_manager_class(LargeFileManager)
    with warnings.catch_warnings(action="ignore"):          # of a hook that is set twice
        return kind(root_dir=str(project.root), pre_save_hook=pairs.before_save, post_save_hook=pairs.after_save)


def save(lab, model):
    lab.save({"type": "notebook", "format": "json", "content": model["content"]}, "book/one.ipynb")


def test_make_lab_has_these_settings():
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("lab.py", path=str(ROOT / "tools")).load_config()
    hooks = config.ContentsManager
    assert (hooks.pre_save_hook, hooks.post_save_hook) == (pairs.before_save, pairs.after_save)
    assert "tools/pairs.py && $(PY) -m jupyter lab --config=tools/lab.py" in (ROOT / "Makefile").read_text()


def test_a_notebook_that_was_edited_elsewhere_is_refused_and_kept(project, lab):
    from tornado.web import HTTPError

    os.utime(project.text, (1, 1))
    assert "# One" in lab.get("book/one.ipynb")["content"].cells[0].source      # halves agree, whatever their dates say
    project.edit(project.notebook, "# One", "# Uno")
    with pytest.raises(HTTPError, match=r"(?s)is more recent than book/one\.md.*\+# Uno"):
        lab.get("book/one.ipynb")
    both(project)
    pairs.prepare(project.root)
    with pytest.raises(HTTPError, match=r"(?s)is more recent than book/one\.md.*\+print\(2 \+ 2\)"):
        lab.get("book/one.ipynb")


def test_make_lab_carries_over_what_a_notebook_alone_says(project, lab, capsys):
    project.edit(project.notebook, "# One", "# Uno")
    os.utime(project.notebook, (1, 1))
    pairs.prepare(project.root)
    assert re.fullmatch(r"· \S+one\.md now says what \S+one\.ipynb says\.\n", capsys.readouterr().out)
    assert "# Uno" in lab.get("book/one.ipynb")["content"].cells[0].source and "# Uno" in project.text.read_text()


def test_a_save_overwrites_nothing_that_no_other_file_holds(project, lab):
    from tornado.web import HTTPError

    model = lab.get("book/one.ipynb")
    both(project)                                           # meanwhile, in other programs
    os.utime(project.notebook, (1, 1))
    model = lab.get("book/one.ipynb")
    assert "# Uno" in model["content"].cells[0].source
    before = project.halves()
    with pytest.raises(HTTPError, match=r"one\.ipynb was changed by another program, and no other file has that change"):
        save(lab, model)
    assert project.halves() == before


def test_what_jupyterlab_saved_is_what_both_halves_say(project, lab):
    """So an edit of one half afterwards is an edit, and no conflict with the last commit."""
    for word in ("Uno", "Eins"):
        model = lab.get("book/one.ipynb")
        model["content"].cells[0].source = f"# {word}"
        save(lab, model)
        assert project.source() is None
    project.edit(project.text, "# Eins", "# Eins und zwei")
    assert project.source() == ".md"


def test_jupyterlab_does_not_lose_a_picture(project, lab):
    from tornado.web import HTTPError

    paste(project)
    model = lab.get("book/one.ipynb")
    save(lab, model)
    del model["content"].cells[0]["attachments"]            # what jupytext does where it does not know a cell again
    with pytest.raises(HTTPError, match=r"The picture wire\.png would be lost"):
        save(lab, model)
    assert pairs.read(project.notebook).cells[0].attachments == {"wire.png": PICTURE}
