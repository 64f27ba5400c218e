"""`python -m ledger`: what it reads, what it says, and that bad input meets a sentence and no traceback."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import sources
from ledger.__main__ import main
from ledger.inline import examine_inline
from ledger.registry import read_registry
from ledger.trials import examine

ROOT = Path(__file__).resolve().parents[2]
RIGHT = r"""# A page

$$ \mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m $$ (layer-z)

In the pencil network $\mathbf{z}^1 = (3, -2)$.
"""
ROW = '[equations.layer-z]\nfunction = "forward"\nscene = "pencil"\n'


def notebook(text):
    """The .ipynb half of a page that has no code."""
    return json.dumps({"cells": [{"cell_type": "markdown", "source": text}], "metadata": {}, "nbformat": 4})


def test_a_right_page_passes_and_is_evaluated_once(copy):
    copy.write("book/one.md", RIGHT)
    copy.write("book/one.toml", ROW)
    for fresh in (1, 0):
        code, printed, _ = copy.run()
        assert code == 0 and f"Displayed equations: 1, of which {fresh} were evaluated anew" in printed
    page = copy.folder / "ledger" / "check.py"
    page.write_text(page.read_text() + "CHANGED = True\n")
    assert "1 were evaluated anew" in copy.run()[1]
    copy.write("book/one.toml", ROW + 'for = "0 <= m <= n"\n')
    assert "1 were evaluated anew" in copy.run()[1]


def test_an_equation_that_is_printed_twice_is_evaluated_twice(copy):
    copy.write("book/one.md", RIGHT + RIGHT.replace("layer-z", "layer-again").split("\n", 1)[1])
    copy.write("book/one.toml", ROW + ROW.replace("layer-z", "layer-again"))
    assert "Displayed equations: 2, of which 2 were evaluated anew" in copy.run()[1]


def test_every_kind_of_fault_is_named_with_its_line(copy):
    copy.write("book/one.md", RIGHT.replace("+", "-").replace("(3, -2)", "(3, 2)") + r"""
$$ \mathbf{x} = \mathbf{x} + \mathbf{x} - \mathbf{x} + \mathbf{x} - \mathbf{x} $$

$$ \mathbf{a}^0 = \mathbf{x} $$ (no-check)

$$ \mathbf{a}^0 = \mathbf{x} \wr 1 $$ (unknown-token)

$$ \mathbf{a}^0 = \mathbf{x} $$ (elsewhere)

\begin{align} \mathbf{x} &= \mathbf{x} \end{align}

```{admonition} A directive
Within it $\mathbf{x} = (2, 4)$.
```
""")
    copy.write("book/one.toml", 'chosen = ["m = 5"]\n' + ROW + "[equations.unknown-token]\n[equations.gone]\n")
    copy.write("book/two.md", "# Two\n\n$$ \\mathbf{a}^0 = \\mathbf{x} $$ (no-check)\n")
    copy.write("book/two.toml", "[equations.no-check]\nscene = 'pencil'\n[equations.elsewhere]\n")
    copy.write("book/three.toml", ROW.replace("layer-z", "of-three"))
    code, printed, _ = copy.run()
    assert code == 1
    for fault in (r"one\.md:3: equation \(layer-z\) does not hold: on the pencil network, .*\\mathbf\{b\}\^m at m = 0 is \(",
                  r"one\.md:5: .* does not hold: the sides are \(3, -2\) and \(3, 2\)",
                  r"one\.md:7: an equation without a label: \$\$ \\mathbf\{x\} = \\mathbf\{x\} \+ .{31} … \$\$ needs",
                  r"one\.md:9: equation \(no-check\) has no check: .* in one\.toml, where now two\.toml has it",
                  r"one\.md:11: equation \(unknown-token\) does not hold: \\wr is not in the grammar",
                  r"one\.md:13: equation \(elsewhere\) has no check: .* where now two\.toml has it",
                  r"one\.md:15: an equation outside",
                  r"one\.md:18: .* does not hold: the sides are \(2, 3\) and \(2, 4\)",
                  r"two\.md:3: the label \(no-check\) is already that of an equation of one",
                  r"one\.toml:6: \[equations\.gone\] belongs to no equation",
                  r"two\.toml:3: \[equations\.elsewhere\] belongs to no equation",
                  r"three\.toml:1: it stands beside no page",
                  r"one\.toml:1: it speaks of \$m = 5\$, which is not on this page"):
        assert re.search(fr"^book/{fault}", printed, re.M), f"{fault} is not in:\n{printed}"
    assert len(printed.splitlines()) == 13, printed
    code, printed, _ = copy.run("two")
    assert code == 1 and "two.toml" in printed and "one." not in printed.replace("of one", "")


# The half that was edited last -----------------------------------------------------------------------------------------

def test_what_is_read_is_what_the_author_edited(copy):
    text = copy.write("book/one.md", RIGHT)
    other = copy.write("book/one.ipynb", notebook(RIGHT))
    copy.write("book/one.toml", ROW)
    code, _, errors = copy.run()
    assert (code, errors) == (0, "")
    text.write_text(RIGHT.replace("+", "-"))                # a misprint in the text alone
    os.utime(other, (1, 1))
    code, printed, errors = copy.run()
    assert code == 1 and "book/one.md:3: equation (layer-z) does not hold" in printed and "`make notebooks`" in errors
    text.write_text(RIGHT.replace("(3, -2)", "(3, -2) = (2 + 1, -2)"))      # a right edit of the text alone
    code, printed, errors = copy.run()
    assert code == 0 and "book/one.ipynb" in errors and "`make notebooks`" in errors
    text.write_text(RIGHT)
    os.utime(text, (1, 1))
    other.write_text(notebook(RIGHT.replace("+", "-")))     # a misprint in the notebook alone, as JupyterLab may leave it
    code, printed, errors = copy.run()
    assert code == 1 and "book/one.ipynb, cell 1: equation (layer-z) does not hold" in printed


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("one.md", RIGHT + "<<<<<<< HEAD\n$1 = 1$\n=======\n$1 = 2$\n>>>>>>> other\n", "it has the conflict marks of a merge"),
    ("one.ipynb", notebook(RIGHT)[:200], "it is damaged"), ("one.ipynb", "[]", "it is damaged"),
    ("one.ipynb", '{"cells": []}', "it is damaged")])
def test_a_half_that_cannot_be_read_is_named(name, content, sentence, copy):
    copy.write("book/one.md", RIGHT)
    copy.write("book/one.toml", ROW)
    copy.write(f"book/{name}", content)
    code, printed, errors = copy.run()
    assert code == 1 and errors == "" and "`make notebooks` says what to do" in printed
    assert re.fullmatch(fr"book/{name}: {sentence}.*\n", printed), printed


def test_both_halves_of_every_page_read_alike():
    for path in sources.pages_of(ROOT / "book").values():
        assert sources.read_halves(path).other is None, f"{path.name} and its notebook differ: run make notebooks"


def test_what_is_read_of_markdown():
    found = sources.read_text(r"""---
title: $a = 1$
---
# Heading $a = 2$

- item $a = 3$ and $no equality$
  goes on $a = 4$

| table |
|---|
| $a = 5$ |

> quoted $a = 6$ [linked $a = 7$](#x) `code $a = 8$`

Term $a = 9$
: definition $a = 10$

````{admonition} title
:class: note

$a = 11$

```{note}
$a = 12$
```
````

```python
$a = 13$
```

$$
a
= 14
$$ (label)

:::{tip}
$$ a = 15 $$ (other-label)
:::
""")
    assert found.inline == [(f"a = {number}", line) for number, line in
                            ((2, 4), (3, 6), (4, 7), (5, 11), (6, 13), (7, 13), (9, 15), (10, 16), (11, 21), (12, 24))]
    assert found.displayed == [("label", "a = 14", 32), ("other-label", "a = 15", 38)] and found.faults == []


# Bad input ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("rows, words", [
    ("[equations.a\n", "it is not valid TOML"),
    ("[equations.a]\nfunctoin = 'o'\n", "unknown key 'functoin'; there are function, for"),
    ("[equations.a]\nfunction = 'dy_dw'\n", "function must be a function of nnlib; got 'dy_dw'"),
    ("[equations.a]\nfunction = 3\n", "function must be"),
    ("[equations.a]\nfor = '0 <= q'\n", "for must be like"),
    ("[equations.a]\nfor = 'm'\n", "for must be like"),
    ("[equations.a]\nlayers = '3'\n", "layers must be a whole number"),
    ("[equations.a]\nprose = ' '\n", "prose must be a reason"),
    ("[equations.a]\nscene = 'nudge'\n", "[equations.a]: it needs `order` and `function`"),
    ("choosen = []\n", "unknown key 'choosen'; there are binds, chosen"),
    ("chosen = 'm = 0'\n", "chosen must be a list of LaTeX"),
    ("[letters]\nu = [[1, 2], [3]]\n", "the rows of a matrix are equally long"),
    ("[[equalities]]\nx = [1]\n", "it needs `latex`"),
    ("[[equalities]]\nlatex = 'a = 1'\nx = '1'\n", "x must be a list of numbers; got '1'"),
    ("[[equalities]]\nlatex = 'a = 1'\nx = [1]\n", "x must have 2 numbers; got [1]"),
    ("[letters]\na = 'one'\n", "letters must be letters, each with a number, a list of numbers"),
    ("[[equalities]]\nlatex = 'a = 1'\nparameter = {m = 'x'}\n", "parameter must be like {m = 0,"),
    ("[networks.a]\nlayers = []\n", "[networks.a]"),
    ("[networks.a]\nx = [1]\nlayers = [{W = [[1]]}]\n", "[networks.a]: b is missing"),
    ("[networks.a]\nx = [1]\nlayers = [{W = [[1]], b = [1, 2]}]\n", "[networks.a]: b must have shape (1,)"),
    ("[networks.a]\nx = [1, 2]\nlayers = [{W = [[1]], b = [1]}]\n", "[networks.a]: "),
    ("equations = 3\n", "equations must be"),
    ("[[equations]]\n", "equations must be"),
    ("networks = [1]\n", "networks must be"),
    ("equalities = {a = 1}\n", "equalities must be"),
    ("[[equalities]]\nlatex = 'a = 1'\nnetwork = 'nowhere'\n", "there is no network 'nowhere'"),
    ("[[equalities]]\nlatex = 'a = 1'\nphi = 'nowhere'\n", "nowhere"),
    ("binds = ['a']\n", "a"),
    ("binds = ['a + b = 1']\n", "binds"),
])
def test_a_registry_that_does_not_fit_is_refused_in_words(rows, words, copy):
    copy.write("book/one.md", "# One\n\nIt is $a = 1$, $a + b = 1$.\n")
    copy.write("book/one.toml", rows)
    code, printed, _ = copy.run()
    assert code == 1 and words in printed and "Traceback" not in printed, printed


@pytest.mark.parametrize("arguments, words", [
    (["nowhere"], "there is no page nowhere"),
    (["a = b", "c = d"], "one equation at a time"),
    (["index", "--scene", "vectors"], "--scene belongs to an equation"),
    (["--for", "m > n", "a = b"], "for must be like"),
    (["--layers", "0", "a = b"], "layers must be a whole number"),
    (["--layers", "x", "a = b"], "invalid int value"),
    (["--function", "nothing", "a = b"], "function must be a function of nnlib"),
    (["--scene", "nudge", "a = b"], "it needs `order` and `function`"),
    (["--book", "nowhere"], "there is no folder nowhere"),
])
def test_a_command_that_cannot_be_understood_ends_with_2(arguments, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed, errors = capsys.readouterr()
    assert end.value.code == 2 and words in errors and printed == ""


@pytest.mark.parametrize("latex, words", [
    ("= 1", "cannot stand"), ("a =", "too early"), ("\\", "not in the grammar"), ("a = é", "é is not in the grammar"),
    ("1 = 2", "1"), (r"\frac{1}{0} = 1", "divides by zero"), (r"0^{-1} = 1", ""), (r"\log_2 0 = 1", ""),
    (r"\lVert 3 \rVert = 3", "a norm is of a column"), (r"\phi(\mathbf{W}^0) = 1", "of a matrix"),
    (r"\mathbf{v}^k = \mathbf{v}^k", ""), (r"\mathbf{W}^{m/2} = 1", "no layer"), (r"\phi^m(2) = 1", ""),
    (r"\mathbf{W}^{2.5} = 1", "no layer"), (r"\phi^{n-1}(\mathbf{u}) = 1", ""), (r"\mathbf{W}^0_{,} = 1", "cannot stand"),
    (r"\sum_{i,j} \mathbf{x}_i = 1", "takes one index"), (r"\phi^0(\dots \phi(\mathbf{x}) \dots) = 1", "its two chains"),
    (r"\hat{\mathbf{y}} = \mathbf{o}_1", "selects from nothing"), (r"\mathbf{x}_0 = 1", "no place 0"),
    (r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{W}^0} = 1", "by one element"),
    (r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{W}^0_{1,}} = 1", "by one element"),
    (r"\frac{\partial \mathbf{x}}{\partial \mathbf{b}^0_1} = 1", "no quantity"),
    (r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{z}^0_1} = 1", "no parameter"),
    ("(" * 3000 + "a" + ")" * 3000 + " = a", ""), ("a" * 5000 + " = a", ""),
])
@pytest.mark.parametrize("scene", ["pencil", "vectors", "nudge", "tangent"])
def test_an_equation_without_a_meaning_is_refused_in_words(latex, words, scene, capsys):
    row = ["--order", "1", "--function", "forward_difference"] if scene == "nudge" else []
    code = main(["--scene", scene, *row, "--", latex])
    printed, errors = capsys.readouterr()
    assert code == 1 and printed.startswith("It does not hold: ") and errors == ""
    assert scene != "pencil" or words in printed


TOKEN = re.compile(r"\\[A-Za-z]+(?:\{\w\})?|.")


def broken(latex, pool, rng):
    """A formula with one to three signs changed, doubled or left out."""
    signs = TOKEN.findall(latex)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(signs))
        other = rng.choice(pool)
        signs[place:place + 1] = rng.choice([[], [other], [signs[place], other], signs[place:place + 4] * 2])
        signs = signs or ["1"]
    return "".join(signs)


def test_a_formula_that_is_broken_anyhow_meets_a_sentence():
    rng, registry = random.Random(2022), read_registry(ROOT / "book")
    printed = [latex for path in sources.pages_of(ROOT / "book").values() for latex in
               (*(one[1] for one in sources.read_page(path).displayed), *(one[0] for one in sources.read_page(path).inline))]
    pool = [sign for latex in printed for sign in TOKEN.findall(latex)]
    for _ in range(300):
        latex = broken(rng.choice(printed), pool, rng)
        for scene in ("pencil", "vectors"):
            fault = examine(latex, {"scene": scene}, registry)["fault"]
            assert fault is None or fault.strip(), latex
        examine_inline([latex], "03_weight_derivatives", registry)


def test_the_command_ends_with_its_code():
    outcome = subprocess.run([sys.executable, "-m", "ledger", "1 = 2"], cwd=ROOT, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stderr) == (1, "") and outcome.stdout.startswith("It does not hold: on ")
