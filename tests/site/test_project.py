"""The project's own files: what is generated follows from what is stated, and nothing says where it was made."""

import doctest
import re
import subprocess
import tomllib

import lock
import pytest

# patterns in parts, so that this file does not match itself
MACHINE = re.compile("|".join(rf"/{top}/[\w.]" for top in ("home", "root", "Users", "work")))
PICTURES = {".woff2", ".png", ".npz", ".ico", ".jpg", ".pdf"}


def tracked(root):
    """The files of the project: what git knows or would add; without git, what is not made by a verb."""
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=False,
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def tells_of_a_machine(text):
    return [match[0] for match in MACHINE.finditer(text)]


def test_no_file_says_where_it_was_made(root):
    places = {path.name: found for path in tracked(root) if path.suffix not in PICTURES and path.name != "test_notebooks.py"
            and (found := tells_of_a_machine(path.read_text(encoding="utf-8")))}
    assert places == {}
    assert tells_of_a_machine("saved in /home" + "/me/book") and not tells_of_a_machine("https://example.org/homepage")


def test_no_file_is_large(root):
    assert [path.name for path in tracked(root) if path.stat().st_size > 1_000_000] == []


def test_environment_follows_from_pyproject(root):
    stored = (root / "environment.yml").read_text()
    assert stored == lock.environment(), "run make lock"
    listed = set(re.findall(r"^ +- ([\w-]+)==", stored, re.M))
    assert listed == {lock.name_of(line) for line in lock.wanted(["book", "lab", "test"])}


@pytest.mark.parametrize("name", lock.LOCKS)
def test_locks_cover_pyproject(root, name):
    from packaging.requirements import Requirement

    pins = lock.pins(name) | lock.pins("torch")         # of which one group alone asks
    lines = lock.wanted(lock.LOCKS[name]) if name != "uv" else lock.project()["dependency-groups"]["setup"]
    for line in lines:
        requirement = Requirement(line)
        assert pins[lock.name_of(line)] in requirement.specifier, f"{line}: run make lock"


def test_locks_agree_and_name_no_index(root):
    everything = lock.pins("all")
    for name in (*lock.LOCKS, "torch"):
        text = (root / "requirements" / f"{name}.txt").read_text()
        others = lock.pins(name).keys() - everything
        assert not others or name in ("bench", "torch", "dask")
        assert all(everything[one] == version for one, version in lock.pins(name).items() if one not in others)
        assert not re.search(r"--index|--extra-index|--find-links|://|file:|^/", text, re.M)
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in block for block in blocks if not block.startswith("#"))


def test_no_address_is_invented(root):
    """Wherever a public address of this project stands, it is the one that pyproject.toml states; see test_setup.py."""
    stated = lock.project()["project"]["urls"].get("Repository", "")
    invented = re.compile("OWN" + r"ER\b|github\.com/[\w.-]+/mathematics-for-neural[\w-]*")
    found = {path.name: {*invented.findall(path.read_text(encoding="utf-8"))} - {stated.removeprefix("https://")}
             for path in tracked(root) if path.suffix not in PICTURES}
    assert {name: places for name, places in found.items() if places} == {}
    assert invented.search("gh/OWN" + "ER/HEAD") and invented.search("github.com" + "/x/mathematics-for-neural-nets")


def test_nnlib_needs_numpy_alone(root):
    data = tomllib.loads((root / "pyproject.toml").read_text())
    assert [lock.name_of(line) for line in data["project"]["dependencies"]] == ["numpy"]


def test_every_verb_is_explained(root):
    makefile = (root / "Makefile").read_text()
    verbs = set(re.search(r"\.PHONY: (.*)", makefile)[1].split())
    assert verbs == set(re.findall(r"^([a-z]+):.*## ", makefile, re.M))


def test_the_readme_activates_the_environment_that_conda_makes():
    name = re.search(r"^name: (\w+)$", (lock.ROOT / "environment.yml").read_text(encoding="utf-8"), re.M)[1]
    assert f"conda activate {name} " in (lock.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_what_is_printed(root):
    outcome = doctest.testfile(str(root / "README.md"), module_relative=False)
    assert outcome.attempted >= 4 and outcome.failed == 0


def test_the_readme_opens_with_sentence_formula_derivative_and_commands(root):
    first = (root / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    for needed in ("show that it is right", r"$$\frac{\partial", "dy_dW(", "central_difference(", "make read"):
        assert any(needed in line for line in first), needed
