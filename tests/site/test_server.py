"""The server of the book: what it answers, what it survives, and that a reader notices no build."""

import ctypes
import os
import pty
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import book
import pytest
import runtime
import server
from pages import serving

TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)        # what a browser says first to ask by HTTPS


def get(address, path="/index.html"):
    """(status, content, headers) of an answer."""
    with closing(HTTPConnection(urlsplit(address).netloc)) as asks:
        asks.request("GET", path)
        reply = asks.getresponse()
        return reply.status, reply.read(), reply.headers


def said_to(address, request):
    """The status that the server answers to these bytes, after which it ends the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(address).port)) as asks:
        asks.sendall(request)
        return b"".join(iter(lambda: asks.recv(1 << 16), b""))[9:12].decode()


@pytest.mark.parametrize(("request_bytes", "status"), [
    (b"GET /a%00b HTTP/1.0\r\n\r\n", "404"),
    (b"GET /%ed%a0%80 HTTP/1.0\r\n\r\n", "404"),
    (b"GET /" + b"a" * 300 + b" HTTP/1.0\r\n\r\n", "404"),
    (b"GET //[ HTTP/1.0\r\n\r\n", "404"),
    (b"GET /" + b"a" * 65_532 + b"\n", "414"),
    (b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n", "431"),
    (b"BREW / HTTP/1.0\r\n\r\n", "501"),
    (TLS, ""),
], ids=["NUL", "half a letter", "long name", "brackets", "long line", "many headers", "coffee", "HTTPS"])
def test_what_no_page_asks_for_gets_a_short_answer(tmp_path, capfd, request_bytes, status):
    (tmp_path / "index.html").write_text("the book")
    with serving(tmp_path) as address:
        assert said_to(address, request_bytes) == status
        assert get(address)[:2] == (200, b"the book"), "the next request is answered"
    assert capfd.readouterr().err == ""


def test_a_page_that_is_closed_too_soon_is_no_error(tmp_path, capfd):
    (tmp_path / "large.bin").write_bytes(bytes(50_000_000))
    with serving(tmp_path) as address, socket.create_connection(("127.0.0.1", urlsplit(address).port)) as asks:
        asks.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
        assert asks.recv(12) == b"HTTP/1.0 200"
        asks.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))       # close at once, whatever comes
        asks.close()                                                        # the server waits for what it serves, then ends
    assert capfd.readouterr().err == ""


def test_a_fault_of_its_own_is_one_line(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(server, "policy", lambda folder: 1 / 0)
    with serving(tmp_path) as address:
        assert said_to(address, b"GET / HTTP/1.0\r\n\r\n") == ""
    assert capfd.readouterr().err == "A request failed: ZeroDivisionError('division by zero')\n"


def test_nothing_is_kept_unasked(tmp_path):
    """What is not there today is there tomorrow: a browser that kept the answer would never run Python again."""
    file = tmp_path / "_runtime" / runtime.VERSION / "pyodide.js"
    file.parent.mkdir(parents=True)
    with serving(tmp_path) as address:
        for status in (404, 200):
            got, _, headers = get(address, f"/_runtime/{runtime.VERSION}/pyodide.js")
            assert (got, headers.get_all("Cache-Control")) == (status, ["no-cache"])
            file.write_text("1")


@pytest.mark.parametrize(("argument", "status", "says"), [("--help", 0, "serve it on this machine"), ("8001", 2, "8001")])
def test_it_says_what_it_does_and_takes_no_argument(root, argument, status, says):
    command = [sys.executable, root / "tools" / "server.py", argument]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert run.returncode == status and says in run.stdout + run.stderr


def test_a_busy_port_is_passed_over(tmp_path, monkeypatch):
    with serving(tmp_path) as busy, server.listen(tmp_path, urlsplit(busy).port) as other:
        assert 0 < other.server_port - urlsplit(busy).port < 100
    tried = []

    def refuse(folder, port):
        tried.append(port)
        raise OSError

    monkeypatch.setattr(server, "Server", refuse)
    with pytest.raises(SystemExit, match="Every port from 8000 to 8099 is busy"):
        server.listen(tmp_path, 8000)
    assert tried == [*range(8000, 8100)]


# Beside a build -------------------------------------------------------------------------------------------------------

@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A project whose site is one page, with its text; Sphinx copies it, and asks before what the server answers."""
    for name in ("_config.yml", "requirements/book.txt", "book/index.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")

    def sphinx(root, out):
        tree.during = tree.look()
        (out / "_build" / "html").mkdir(parents=True)
        shutil.copy(root / "book" / "index.md", out / "_build" / "html" / "index.html")
        for name in tree.pages:
            (out / "_build" / "html" / f"{name}.html").touch()
        return tree.right

    tree.look, tree.right, tree.pages, tree.root = (lambda: None), True, [], tmp_path
    monkeypatch.setattr(book, "sphinx", sphinx)
    return tree


def test_a_site_that_is_built_anew_replaces_the_old_one_at_once(tree):
    """No request meets a gap, neither while Sphinx works nor while the files are replaced, and Python stays."""
    tree.pages = [f"page{number}" for number in range(300)]
    assert book.build(tree.root, quiet=True)
    site, ended, answers = tree.root / "_build" / "html", threading.Event(), []
    (site / "_runtime").mkdir()
    (site / "_runtime" / "runtime.json").write_text("{}")
    with serving(site) as address:
        tree.look = lambda: [get(address, path)[:2] for path in ("/index.html", "/_runtime/runtime.json")]

        def ask():
            while not ended.is_set():
                answers.append(get(address)[:2])

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        (tree.root / "book" / "index.md").write_text("second")
        tree.pages = tree.pages[:200]
        assert book.build(tree.root, quiet=True)
        ended.set()
        asking.join()
        assert tree.during == [(200, b"first"), (200, b"{}")]
        assert {*answers} <= {(200, b"first"), (200, b"second")} and tree.look() == [(200, b"second"), (200, b"{}")]
        assert get(address, "/page199.html")[0] == 200 and get(address, "/page200.html")[0] == 404
        tree.right = False
        (tree.root / "book" / "index.md").write_text("with a fault")
        assert not book.build(tree.root, quiet=True) and tree.look() == [(200, b"second"), (200, b"{}")]


def test_a_built_tree_that_is_read_only_is_served(tree, root):
    """By a process that may write nothing. Root may write everywhere, unless the process has given that up."""
    shutil.copy(root / "pyproject.toml", tree.root)
    (tree.root / "nnlib").mkdir()
    assert book.build(tree.root, quiet=True)
    code = f"""import book, runtime; from pathlib import Path; root = Path({str(tree.root)!r}); runtime.FILES = {{}}
print(book.build(root), runtime.publish_and_report(root, True))
(root / "_build" / "new").mkdir()"""

    def run(**more):
        return subprocess.run([sys.executable, "-c", code], cwd=root / "tools", capture_output=True, text=True, check=False,
                              **more)

    assert run().stdout == "True True\n"
    (tree.root / "_build" / "new").rmdir()
    subprocess.run(["chmod", "-R", "a-w", tree.root], check=True)
    done = run(preexec_fn=(lambda: ctypes.CDLL(None).prctl(24, 1)) if os.geteuid() == 0 else None)
    subprocess.run(["chmod", "-R", "u+w", tree.root], check=True)
    assert done.stdout == "True True\n" and "PermissionError" in done.stderr.splitlines()[-1], "only the last line may fail"


def test_a_site_that_cannot_be_built_says_why(tree, monkeypatch, capsys):
    monkeypatch.setattr(book, "obstacle", lambda folder, megabytes: f"{folder.name} has 1 MB left.")
    assert not book.build(tree.root) and capsys.readouterr().err == "The book was not built. _build has 1 MB left.\n"


# In a terminal --------------------------------------------------------------------------------------------------------

class Terminal:
    """A terminal with a shell in it."""

    def __init__(self, folder):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("sh", ["sh", "-i"], {**os.environ, "PS1": "ready ", "ENV": ""})
        self.see("ready ")

    def type(self, text):
        os.write(self.end, text.encode())

    def see(self, *words):
        """What the terminal shows until all of these words are there."""
        shown = ""
        while not all(word in shown for word in words):
            if not select.select([self.end], [], [], 30)[0]:
                pytest.fail(f"{words} are not shown; {shown!r} is")
            shown += os.read(self.end, 1 << 16).decode(errors="replace")
        return shown


@pytest.mark.skipif(not shutil.which("make"), reason="a reader starts it by make")
def test_a_reader_halts_goes_on_and_ends_in_a_terminal(tmp_path, root):
    """Ctrl-Z, fg and Ctrl-C reach make and the server; make reports no error for the last."""
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "index.html").write_text("the book")
    (tmp_path / "start.py").write_text(f"""import sys; sys.path.insert(0, {str(root / 'tools')!r})
import book, runtime, server
from pathlib import Path
book.build = lambda: True
runtime.publish_and_report = lambda *_: None
server.open_browser = lambda address: None
server.serve.__defaults__ = (Path({str(tmp_path)!r}),)
server.main()
""")
    (tmp_path / "Makefile").write_text(f"read:\n\t@{sys.executable} start.py\n")
    terminal = Terminal(tmp_path)
    terminal.type("make read\n")
    address = terminal.see("The book is at ", "ends)").partition("The book is at ")[2].split()[0]
    terminal.type("\x1a")
    terminal.see("Stopped", "ready ")
    terminal.type("fg\n")
    terminal.see("make read")
    assert get(address)[:2] == (200, b"the book")
    terminal.type("\x03")
    assert "***" not in terminal.see("The book is closed.", "ready ")
    terminal.type("exit\n")
    os.waitpid(terminal.pid, 0)
