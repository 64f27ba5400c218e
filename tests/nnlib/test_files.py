"""nnlib's own files, damaged, exchanged or missing: refused in a sentence before anything of them is read."""
from pathlib import Path

import pytest

from nnlib import data, digits, digits_network
from nnlib.vectors import vectors

FILES = {digits: "digits.npz", digits_network: "digits_network.npz", vectors: "vectors.json"}
DAMAGES = {
    "empty": lambda content: b"",
    "another file": lambda content: b"not a zip",
    "cut short": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "one bit changed": lambda content: content[:300] + bytes([content[300] ^ 1]) + content[301:],
    "its last bit changed": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder that nnlib takes for its own, with its files in it."""
    for name in FILES.values():
        (tmp_path / name).write_bytes(Path(data.FOLDER, name).read_bytes())
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    return tmp_path


def refuses(reader):
    with pytest.raises(OSError) as caught:
        reader()
    assert str(caught.value) == f"nnlib/{FILES[reader]} is damaged or missing: install nnlib again"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", FILES, ids=FILES.values())
def test_a_damaged_file_is_refused(package, reader, damage):
    reader()
    path = package / FILES[reader]
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    refuses(reader)


@pytest.mark.parametrize("reader", FILES, ids=FILES.values())
def test_a_missing_file_is_refused(package, reader):
    (package / FILES[reader]).unlink()
    refuses(reader)


def test_one_file_is_not_taken_for_the_other(package):
    for reader, name in FILES.items():
        other = next(one for one in FILES.values() if one != name)
        content = (package / name).read_bytes()
        (package / name).write_bytes((package / other).read_bytes())
        refuses(reader)
        (package / name).write_bytes(content)
