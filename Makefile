# The verbs of the book. They need Python 3.11 or newer and nothing else; PYTHON=… names one that is not on the PATH.
PY := .venv/bin/python
LOCKS := requirements/uv.txt pyproject.toml tools/install.py
# Python's own variables would lead it elsewhere, or change what it does.
unexport $(filter-out PYTHON,$(filter PYTHON%,$(.VARIABLES)))
export PYTHONUTF8 := 1
# A .venv that is not whole, that was copied with its folder, or whose Python is gone, is made anew.
ifneq ($(shell { $(PY) -Ic "import pip" && cat .venv/folder; } 2>/dev/null),$(CURDIR))
$(shell rm -f .venv/*.ready 2>/dev/null)
endif
# One thread per process: the work is spread over processes, and sums do not depend on the number of cores.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1
# Containers often set this. Then each of a hundred processes compiles every package again, which takes longer than its work.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help read book pdf lab notebooks equations check test slow everywhere soak mutants bench dask machines fashion digits lock clean

help:       ## list the verbs
	@sed -n 's/^\([a-z]*\): .*## /  make \1|/p' Makefile | column -t -s '|' 2>/dev/null || grep -E '^[a-z]+:.*##' Makefile

read: .venv/book.ready      ## set up, build what is stale, serve the book on this machine
	@$(PY) tools/server.py

book: .venv/book.ready      ## build the site into _build/html, strictly
	@$(PY) tools/book.py

pdf: .venv/book.ready       ## print the whole book as _build/html/book.pdf
	@$(PY) tools/pdf.py

lab: .venv/all.ready        ## open the chapters in JupyterLab
	@$(PY) tools/pairs.py && $(PY) -m jupyter lab --config=tools/lab.py book/index.ipynb

notebooks: .venv/all.ready  ## run the chapters that changed, or with ALL=1 all, and write both halves of each pair
	@$(PY) tools/notebooks.py $(if $(ALL),--all)

equations: .venv/book.ready ## evaluate every equation of the book as it is printed
	@$(PY) -m ledger

check: .venv/all.ready      ## test what changed, in seconds: style, nnlib, equations, figures, chapters
	@$(PY) tools/run_tests.py check

test: .venv/all.ready       ## test what changed, site and browsers too: what a submission needs
	@$(PY) tools/run_tests.py test

slow: .venv/all.ready       ## test what `make test` leaves out: paper, Firefox, every sign flipped
	@$(PY) -m pytest -n 2 --dist loadgroup -m "slow and not soak" tests/slow

everywhere: .venv/all.ready ## nnlib, chapters and figures with the oldest and newest NumPy, and as on older processors
	@$(PY) tests/slow/everywhere.py $(IN)

soak: .venv/all.ready       ## what takes long: every misprint of every equation, 100,000 networks against exact arithmetic
	@$(PY) -m pytest -n 2 -m soak tests && $(PY) tests/slow/soak.py $(NETWORK)

mutants: .venv/all.ready    ## break nnlib in every small way, and see the tests notice
	@$(PY) tests/slow/mutants.py $(FILE)

bench: .venv/all.ready      ## how fast nnlib is beside its own bare loops and other programs
	@$(PY) benchmarks/bench.py

dask: .venv/all.ready       ## train by several processes with Dask, or with AT=tcp://… on the workers of that scheduler
	@$(PY) benchmarks/machines.py train $(AT)

machines: .venv/all.ready .venv/book.ready  ## measure what more workers bring, and what one server of the site carries
	@$(PY) tools/book.py && $(PY) benchmarks/machines.py measure

fashion: .venv/all.ready    ## train on 60,000 images of clothes, from the files in FOLDER
	@OPENBLAS_NUM_THREADS= $(PY) benchmarks/fashion_mnist.py $(FOLDER)

digits: .venv/all.ready     ## train the classifier that nnlib ships anew, and compare its weights
	@$(PY) tools/make_digits.py

lock: .venv/uv.ready        ## write locks, environment.yml and the repository's address from pyproject.toml
	@$(PY) tools/lock.py

clean:                      ## remove everything that was made
	@rm -rf .venv .venv-* _build nnlib.egg-info .pytest_cache .ruff_cache .hypothesis

.venv/%.ready: requirements/%.txt $(LOCKS)
	@python=$$(sh tools/find_python.sh) && "$$python" -IX utf8 tools/install.py $*
