#!/bin/sh
# Print a Python that is new enough, or say in one sentence what is missing.
# PYTHON=… is tried alone: who names an interpreter wants that one or an explanation.
for python in ${PYTHON:+"$PYTHON"} ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
  if "$python" -Ic 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$python"
    exit 0
  fi
done
found=$(${PYTHON:-python3} --version 2>/dev/null || echo nothing)
echo "This book needs Python 3.11 or newer, and ${PYTHON:-the PATH} has $found: install one, or name it with make PYTHON=/path/to/python3." >&2
exit 1
