"""Set-up touches nothing outside of the folder, keeps nothing that is not whole, and says what is missing."""

import errno
import os
import shutil
import subprocess
import threading
import venv
from pathlib import Path

import install
import lock
import pytest

NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}

# tools/install.py ------------------------------------------------------------------------------------------------------


@pytest.fixture
def installing(monkeypatch, tmp_path):
    """tools/install.py for a folder of its own; it records the commands and their variables, and runs none. A command that
    has one of the words `failing` in it fails, a program named so is missing."""
    at = tmp_path / ".venv"
    for name, place in (("ROOT", tmp_path), ("VENV", at), ("BIN", at / "bin"), ("PYTHON", at / "bin" / "python"),
                        ("FOLDER", at / "folder")):
        monkeypatch.setattr(install, name, place)
    ran, failing = [], set()

    def create(folder, **_):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    def run(words, env, **_):
        ran.append((words, env))
        if Path(words[0]).name in failing:
            raise FileNotFoundError(words[0])
        return subprocess.CompletedProcess(words, int(bool(failing & {*words})))

    monkeypatch.setattr(install.venv, "create", create)
    monkeypatch.setattr(install.subprocess, "run", run)
    monkeypatch.setattr(install, "ran", ran, raising=False)
    monkeypatch.setattr(install, "failing", failing, raising=False)
    return install


def ready(folder):
    return {path.stem for path in (folder / ".venv").glob("*.ready")}


def ended(call, *arguments):
    """The sentence with which a call ends the program."""
    with pytest.raises(SystemExit) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize("where", ["PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PIP_TRUSTED_HOST",
                                   "PIP_CONFIG_FILE", "UV_INDEX_MINE_PASSWORD", "UV_DEFAULT_INDEX", "UV_CACHE_DIR",
                                   "https_proxy", "TMPDIR"])
def test_where_packages_come_from_is_the_readers_choice(installing, monkeypatch, where):
    monkeypatch.setenv(where, "mine")
    installing.main("book")
    assert installing.ran and all(env[where] == "mine" for _, env in installing.ran)


@pytest.mark.parametrize("elsewhere", [
    "UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_TARGET", "UV_NO_BINARY", "UV_CONSTRAINT", "UV_RESOLUTION",
    "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_NO_BINARY", "PIP_DRY_RUN", "PIP_CONSTRAINT", "PIP_EDITABLE",
    "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "PYTHONSAFEPATH", "PYTHONOPTIMIZE"])
def test_nothing_is_installed_outside_of_the_folder(installing, monkeypatch, tmp_path, elsewhere):
    monkeypatch.setenv(elsewhere, "1")
    monkeypatch.setenv("PIP_USER", "1")
    installing.main("book")
    assert installing.ran and all(elsewhere not in env and env["PIP_USER"] == "0" for _, env in installing.ran)
    uv, = (words for words, _ in installing.ran if words[0] == str(tmp_path / ".venv" / "bin" / "uv"))
    assert uv[uv.index("--python") + 1] == str(tmp_path / ".venv" / "bin" / "python")
    assert ready(tmp_path) == {"uv", "book"} and (tmp_path / ".venv" / "folder").read_text() == str(tmp_path)


def test_without_uv_pip_is_asked_and_both_install_wheels_by_hash(installing):
    installing.failing.add("uv")
    installing.main("all")
    commands = [words for words, _ in installing.ran if "install" in words]
    by_pip = [words for words in commands if words[1:4] == ["-m", "pip", "install"]]
    assert any("requirements/all.txt" in words for words in by_pip) and len(commands) == 3
    for words in commands:
        assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= {*words}


def test_an_environment_of_another_folder_is_made_anew(installing, tmp_path):
    installing.main("book")
    assert installing.works()
    (tmp_path / ".venv" / "folder").write_text("where it was copied from")
    assert not installing.works()
    (tmp_path / ".venv" / "mine").touch()
    installing.main("book")
    assert installing.works() and not (tmp_path / ".venv" / "mine").exists()


def test_one_that_was_interrupted_is_made_anew(installing, tmp_path):
    installing.main("book")
    installing.failing.add("requirements/book.txt")
    assert "lines above" in ended(installing.main, "book")
    installing.failing.clear()
    assert not installing.works()
    installing.main("uv")
    assert ready(tmp_path) == {"uv"}, "what is left of book is not taken for whole"


def test_without_a_network_make_lock_loses_nothing(installing, tmp_path):
    installing.main("all")
    installing.failing.add("requirements/uv.txt")
    assert "network" in ended(installing.main, "uv")
    assert ready(tmp_path) == {"uv", "book", "all"} and not installing.failing.clear() and installing.works()


def test_a_link_is_removed_and_what_it_leads_to_is_not(installing, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").touch()
    (tmp_path / ".venv").symlink_to(tmp_path / "mine")
    installing.main("uv")
    assert not (tmp_path / ".venv").is_symlink() and [path.name for path in (tmp_path / "mine").iterdir()] == ["kept"]


@pytest.mark.parametrize(("error", "free", "said"), [
    (subprocess.CalledProcessError(1, "ensurepip"), None, "cannot be written (Read-only file system): make room there"),
    (subprocess.CalledProcessError(1, "ensurepip"), 30, "it has 30 MB left, and about 700 MB are needed"),
    (ValueError("Refusing to create a venv in a:b"), 9000, "Python could not make .venv: Refusing to create"),
])
def test_what_keeps_python_from_making_an_environment_is_said(installing, monkeypatch, error, free, said):
    def create(*_, **__):
        raise error

    def temporary(dir):
        if free is None:
            raise OSError(errno.EROFS, "Read-only file system")
        return (installing.ROOT / "temporary").open("wb")

    monkeypatch.setattr(installing.venv, "create", create)
    monkeypatch.setattr(installing.tempfile, "TemporaryFile", temporary)
    monkeypatch.setattr(installing.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, (free or 0) * 10**6))
    sentence = ended(installing.main, "book")
    assert said in sentence and "python3-venv" not in sentence
    monkeypatch.setattr(installing, "find_spec", lambda name: None)
    assert "python3-venv" in ended(installing.main, "book")


def test_a_folder_that_cannot_be_written_is_named():
    assert install.obstacle(Path("/proc/nowhere"), 1).startswith("/proc/nowhere cannot be written (")
    assert install.obstacle(Path(os.getcwd()), 0) is None


def test_the_second_of_two_waits_and_says_so(tmp_path, monkeypatch):
    said, waits, inside = [], threading.Event(), threading.Event()
    monkeypatch.setattr(install, "say", lambda text: (said.append(text), waits.set()))

    def second():
        with install.one_at_a_time(tmp_path, "waits") as waited:
            said.append(waited)
            inside.set()

    with install.one_at_a_time(tmp_path, "never said") as waited:
        other = threading.Thread(target=second)
        other.start()
        assert waits.wait(30) and not inside.is_set() and not waited
    other.join(30)
    assert said == ["waits", True]
    with install.one_at_a_time(tmp_path, "never said") as waited:
        assert not waited


@pytest.mark.parametrize("name", ["plain", "a b", "it's $HOME $$x", "кни́га"])
def test_nnlib_is_found_from_anywhere_and_no_character_ends_a_script(tmp_path, name):
    folder = tmp_path / name
    (folder / "nnlib").mkdir(parents=True)
    (folder / "nnlib" / "__init__.py").write_text("")
    venv.create(folder / ".venv", symlinks=True)
    python = folder / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", install.LINK, folder], check=True)
    for variables in ({}, NO_UTF8):
        done = subprocess.run([python, "-c", r"import nnlib, sys; print('\xb7', nnlib.__path__ == [sys.argv[1]])",
                               folder / "nnlib"], cwd=tmp_path, env=os.environ | variables, capture_output=True, check=True)
        assert done.stdout.endswith(b" True\n") and done.stdout[:-6] in ("·".encode(), b"\\xb7")


# The Makefile ----------------------------------------------------------------------------------------------------------


def make(root, folder, rule, **variables):
    """What a rule prints that is put below the Makefile, in this folder."""
    shutil.copy(root / "Makefile", folder)
    (folder / "rule.mk").write_text(f"include Makefile\nrule:\n\t@{rule}\n")
    done = subprocess.run(["make", "-f", "rule.mk", "rule"], cwd=folder, env=os.environ | variables, capture_output=True,
                          text=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    return done.stdout


def test_variables_of_python_stay_outside_of_make(root, tmp_path):
    given = {"PYTHONPATH": "/another", "PYTHONHOME": "/another", "PYTHONOPTIMIZE": "2", "PYTHON": "python3.12", **NO_UTF8}
    said = make(root, tmp_path, "env | grep ^PYTHON | sort", **given)
    assert [line for line in said.splitlines() if line.startswith("PYTHON")] == ["PYTHON=python3.12", "PYTHONUTF8=1"]


@pytest.mark.parametrize("name", ["plain", "a b", "it's $HOME $$x (1), \"2\" #3"])
def test_make_trusts_an_environment_that_is_whole_and_here(root, tmp_path, name):
    folder = tmp_path / name
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    stamp = folder / ".venv" / "book.ready"

    def trusted(runs="exit 0", made_for=folder):
        python.write_text(f"#!/bin/sh\n{runs}\n")
        python.chmod(0o755)
        (folder / ".venv" / "folder").write_text(str(made_for))
        stamp.touch()
        if not made_for:
            (folder / ".venv" / "folder").unlink()
        make(root, folder, "true")
        return stamp.exists()

    assert trusted()
    assert not trusted(made_for=tmp_path), "copied"
    assert not trusted(made_for=""), "left half made, or made before this was written down"
    assert not trusted(runs="exit 1"), "its Python is gone"


# The repository's address ----------------------------------------------------------------------------------------------

ADDRESS = "https://github.com/someone/a-book"


def stated():
    return lock.project()["project"]["urls"].get("Repository")


def test_the_address_stands_where_it_is_known_and_nothing_of_it_where_not(root):
    for name in lock.ADDRESSED:
        text = (root / name).read_text(encoding="utf-8")
        without, filled = lock.filled(text, None), lock.filled(text, ADDRESS)
        assert text == lock.filled(text, stated()), f"{name}: run make lock"
        assert ADDRESS in filled or "someone/a-book" in filled
        assert lock.filled(filled, None) == without == lock.filled(without, None)
        visible = "\n".join(line for line in without.splitlines() if " address: " not in line)
        assert not any(word in visible for word in ("mybinder", "repository-code", "repository_url", "{address}"))
    readme = lock.filled((root / "README.md").read_text(encoding="utf-8"), ADDRESS)
    assert "(https://mybinder.org/v2/gh/someone/a-book/HEAD?urlpath=lab/tree/book/index.ipynb)" in readme
    assert f"\nrepository-code: {ADDRESS}\n" in lock.filled((root / "CITATION.cff").read_text(encoding="utf-8"), ADDRESS)


def test_a_place_without_binder_is_cited_all_the_same():
    text = "# address: code: {address}\n\n  # address: binder: {github}\n\n"
    assert lock.filled(text, "https://example.org/a") == text.replace("}\n\n  #", "}\ncode: https://example.org/a\n  #")


def test_the_configuration_is_right_with_and_without_an_address(root):
    import yaml
    text = (root / "_config.yml").read_text(encoding="utf-8")
    for address in (None, ADDRESS):
        assert yaml.safe_load(lock.filled(text, address))["sphinx"]["config"].get("repository_url") == address


@pytest.mark.parametrize("address", [None, ADDRESS])
def test_a_page_offers_binder_where_there_is_an_address(root, address):
    from types import SimpleNamespace

    from website import page
    app = SimpleNamespace(srcdir=root / "book", config=SimpleNamespace(repository_url=address or ""))
    context = {}
    page.link_notebook(app, "card", "page.html", context, "a document")
    wanted = "https://mybinder.org/v2/gh/someone/a-book/HEAD?urlpath=lab/tree/book/card.ipynb"
    assert context == {"notebook": True, **({"binder": wanted} if address else {})}


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
@pytest.mark.parametrize(("remote", "address"), [
    ("git@github.com:someone/a-book.git", ADDRESS), ("https://github.com/someone/a-book", ADDRESS),
    ("https://me:secret@github.com/someone/a-book.git", ADDRESS), ("ssh://git@github.com/someone/a-book/", ADDRESS),
    ("../a-book", None), ("https://example.org/someone/a-book", None), ("https://notgithub.com/someone/a-book", None),
    (None, None)])
def test_make_lock_asks_git_for_the_address(monkeypatch, tmp_path, capsys, remote, address):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    if remote:
        subprocess.run(["git", "remote", "add", "origin", remote], cwd=tmp_path, check=True)
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\n[project.urls]\n")
    for name in lock.ADDRESSED:
        (tmp_path / name).write_text("# address: at {address}\n\n")
    lock.write_address()
    assert stated() == address
    assert (tmp_path / "README.md").read_text() == f"# address: at {{address}}\n{f'at {address}' if address else ''}\n"
    assert capsys.readouterr().out.strip().endswith(f"the repository's address, {address}" if address else "")
