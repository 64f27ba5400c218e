"""nnlib's own files, damaged, cut short or hostile: refused in a sentence before anything of them is used."""
import io
import pickle
import time
import zipfile

import numpy as np
import pytest

from nnlib import data, digits, digits_network

STORED = {digits: "digits.npz", digits_network: "digits_network.npz"}
NOTICE = []


class Bomb:
    """What a pickle may hold: a call that is made while it is read."""
    def __reduce__(self):
        return (NOTICE.append, ("the pickle was opened",))


def good(name):
    with np.load(data.resources.files("nnlib") / name) as arrays:
        return dict(arrays)


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(parts, how=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for key, content in parts.items():
            archive.writestr(f"{key}.npy", content)
    return file.getvalue()


def with_part(arrays, content):
    """The file with another first part: bytes, or an array."""
    parts = {key: npy(value) for key, value in arrays.items()}
    parts[next(iter(arrays))] = content if isinstance(content, bytes) else npy(content)
    return zipped(parts)


def first(arrays):
    return next(iter(arrays.values()))


def changed(array, value):
    array = array.copy()
    array.flat[3] = value
    return array


def header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


DAMAGES = {
    "empty": lambda a: b"",
    "text": lambda a: b"not a zip",
    "a zip's beginning": lambda a: b"PK\x03\x04 and then nothing",
    "cut in the middle": lambda a: zipped({k: npy(v) for k, v in a.items()})[:-2000],
    "one byte changed": lambda a: (lambda whole: whole[:300] + bytes([whole[300] ^ 255]) + whole[301:])(
        zipped({k: npy(v) for k, v in a.items()}, zipfile.ZIP_STORED)),
    "an empty archive": lambda a: zipped({}),
    "a part missing": lambda a: zipped({k: npy(v) for k, v in list(a.items())[1:]}),
    "a part that is empty": lambda a: with_part(a, b""),
    "a part without magic": lambda a: with_part(a, b"0123456789" * 9),
    "a part of header alone": lambda a: with_part(a, npy(first(a))[:80]),
    "a part cut short": lambda a: with_part(a, npy(first(a))[:-8]),
    "one row less": lambda a: with_part(a, first(a)[:-1]),
    "transposed": lambda a: with_part(a, first(a).T.copy() if first(a).ndim > 1 else first(a)[None]),
    "flattened": lambda a: with_part(a, first(a).ravel()),
    "objects": lambda a: with_part(a, np.array([Bomb()], dtype=object)),
    "objects in the right shape": lambda a: with_part(a, np.full(first(a).shape, 1.0, dtype=object)),
    "a pickle": lambda a: with_part(a, pickle.dumps(Bomb())),
    "complex numbers": lambda a: with_part(a, first(a).astype(complex)),
    "text numbers": lambda a: with_part(a, first(a).astype("U4")),
    "half precision": lambda a: with_part(a, first(a).astype(np.float16)),
    "signed bytes": lambda a: with_part(a, first(a).astype(np.int8)),
    "records": lambda a: with_part(a, np.zeros(first(a).shape, dtype=[("a", "u1")])),
    "a header of a million axes": lambda a: with_part(a, header(b"(" * 60000)),
    "a header that computes": lambda a: with_part(a, header(
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (9**9**9,)}\n")),
    "a header that asks for 8 TB": lambda a: with_part(a, header(
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n")),
    "another version": lambda a: with_part(a, npy(first(a))[:6] + b"\x03\x00" + npy(first(a))[8:]),
    "a quarter of a gigabyte of zeros": lambda a: with_part(a, bytes(2**28)),
}
NUMBERS = {
    "NaN": (digits_network, np.nan), "infinity": (digits_network, np.inf),
    "ink of 17": (digits, 17), "ink of 255": (digits, 255),
}


@pytest.fixture
def stored(tmp_path, monkeypatch):
    def put(name, content):
        (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(data.resources, "files", lambda package: tmp_path)
    return put


def refused(reader):
    begun = time.perf_counter()
    with pytest.raises(OSError) as caught:
        reader()
    sentence = str(caught.value)
    assert type(caught.value) is OSError and "\n" not in sentence and len(sentence) < 260
    assert f"nnlib/{STORED[reader]} is damaged" in sentence and "install nnlib again" in sentence
    assert time.perf_counter() - begun < 2 and not NOTICE


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", STORED, ids=STORED.values())
def test_damage_is_refused(stored, reader, damage):
    stored(STORED[reader], DAMAGES[damage](good(STORED[reader])))
    refused(reader)


@pytest.mark.parametrize("what", NUMBERS)
def test_numbers_that_cannot_be_are_refused(stored, what):
    reader, number = NUMBERS[what]
    arrays = good(STORED[reader])
    stored(STORED[reader], with_part(arrays, changed(first(arrays), number)))
    refused(reader)


def test_a_label_of_ten_is_refused(stored):
    arrays = good("digits.npz")
    stored("digits.npz", zipped({"images": npy(arrays["images"]), "labels": npy(changed(arrays["labels"], 10))}))
    refused(digits)


@pytest.mark.parametrize("reader", STORED, ids=STORED.values())
def test_a_missing_file_is_refused(tmp_path, monkeypatch, reader):
    monkeypatch.setattr(data.resources, "files", lambda package: tmp_path)
    refused(reader)


@pytest.mark.parametrize("reader", STORED, ids=STORED.values())
def test_the_same_file_written_anew_is_read(stored, reader):
    whole = reader()
    stored(STORED[reader], zipped({key: npy(value) for key, value in good(STORED[reader]).items()}, zipfile.ZIP_STORED))
    again = reader()
    if reader is digits:
        assert (whole[0] == again[0]).all() and (whole[1] == again[1]).all()
    else:
        assert all((one.W == two.W).all() and (one.b == two.b).all() for one, two in zip(whole, again))


def test_each_refusal_says_what_it_found(stored):
    """A part may have a thousand bytes beyond its numbers, for its header, and is read in version 1.0 alone."""
    arrays = good("digits.npz")
    images = npy(arrays["images"])
    room = arrays["images"].nbytes + 1000
    stored("digits.npz", with_part(arrays, images.ljust(room, b"\0")))
    assert digits()[0].shape == (1797, 64)
    wrong = np.zeros(3, [(f"field_{k}", "f8") for k in range(9)])
    for content, reason in ((images.ljust(room + 1, b"\0"), f"images is larger than {room} bytes"),
                            (images[:6] + b"\x00\x09" + images[8:], "images is in another format"),
                            (images[:6] + b"\x02\x00" + images[8:], "images is in another format"),
                            (wrong, f"images has shape (3,) and holds {wrong.dtype}"[:120])):
        stored("digits.npz", with_part(arrays, content))
        with pytest.raises(OSError) as caught:
            digits()
        assert str(caught.value) == f"nnlib/digits.npz is damaged ({reason}): install nnlib again"
