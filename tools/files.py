"""Files are written whole or not at all: a full disk, a crash or a power cut leaves what was there before."""

import errno
import os
import shutil
from pathlib import Path


def write(contents: dict[Path, str]) -> None:
    """Write all of these files or, where one of them cannot be written, none of them.

    Each is written beside its place and taken to the disk first. Only when all of them are there does the first one take
    its place, in one step. A link stays a link, a file keeps its mode, and a file that is read-only is refused.
    """
    parts = {}
    try:
        for path, text in contents.items():
            target = path.resolve()
            if target.exists() and not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, "the file is read-only", str(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            parts[part] = target
            with part.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, part)
        for part, target in parts.items():
            part.replace(target)
    except OSError as error:
        error.filename = error.filename or str(path)        # a full disk is told without the file's name
        raise
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
