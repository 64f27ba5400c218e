"""The settings of `make lab`, as Jupyter reads them: what it saves overwrites no half of a pair that nothing else holds."""

import sys
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
import pairs

warnings.filterwarnings("ignore", "Overriding existing")       # Jupyter reads this file twice
c = get_config()  # noqa: F821
c.ServerApp.root_dir = str(pairs.ROOT)
c.LabApp.news_url = None
c.ContentsManager.pre_save_hook = pairs.before_save
c.ContentsManager.post_save_hook = pairs.after_save
