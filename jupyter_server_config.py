"""Jupyter reads this file where it is started from this folder, by `make lab` or by hand: it loses no half of a pair."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "tools"))
import pairs

c = get_config()  # noqa: F821
c.ContentsManager.pre_save_hook = pairs.before_save
c.ContentsManager.post_save_hook = pairs.after_save
