"""The larger run reads the four files of Fashion-MNIST and no others; what it learns is looked at by hand."""
import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import fashion_mnist

IMAGES = np.arange(24, dtype=np.uint8).reshape(3, 2, 4)
DATA = np.array([2051, *IMAGES.shape], ">u4").tobytes() + IMAGES.tobytes()


@pytest.fixture(autouse=True)
def files(monkeypatch):
    """A data set of three small images."""
    monkeypatch.setattr(fashion_mnist, "FILES", {"train-images": (2051, (3, 2, 4), hashlib.sha256(DATA).hexdigest())})


PACKED = gzip.compress(DATA, mtime=0)


@pytest.mark.parametrize("name, data", [("train-images", DATA), ("train-images.gz", PACKED)], ids=["as it is", "packed"])
def test_a_file_is_read_as_it_is_or_packed(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    np.testing.assert_array_equal(fashion_mnist.read(tmp_path, "train-images"), IMAGES)


@pytest.mark.parametrize("name, data, said", [
    ("other", b"", "holds no train-images"),
    ("train-images", b"", "begins with []"),
    ("train-images", DATA[:3], "begins with []"),
    ("train-images", b"\0\0\x08\x01" + DATA[4:], "begins with [2049, 3, 2, 4]"),
    ("train-images", DATA[:-1], "cut off"),
    ("train-images", DATA + b"0", "too long"),
    ("train-images", DATA[:-1] + b"0", "other bytes"),
    ("train-images.gz", PACKED[:-9], "cannot be read"),
    ("train-images.gz", DATA, "cannot be read"),
], ids=range(9))
def test_any_other_file_is_refused_in_a_sentence(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SystemExit, match="train-images") as refused:
        fashion_mnist.read(tmp_path, "train-images")
    assert said in str(refused.value)


def test_the_four_files_have_the_sizes_of_the_data_set():
    from importlib import reload

    counts = {name: shape[0] for name, (_, shape, _) in reload(fashion_mnist).FILES.items()}
    assert sorted(counts.values()) == [10000, 10000, 60000, 60000]
