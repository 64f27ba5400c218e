"""A real Firefox, driven by WebDriver BiDi over its own port: playwright drives only a Firefox of its own making."""

import json
import re
import shutil
import subprocess
from contextlib import contextmanager

from websocket import create_connection

NAMES = ("firefox-esr", "firefox")
# What breaks the page's policy, kept where a test can ask for it.
WATCH = """() => { window.refused = []; addEventListener("securitypolicyviolation", (event) =>
    window.refused.push(`${event.violatedDirective} ${event.blockedURI}`)); }"""


def find():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page; what it asked for stands in .asked, and what its console called an error in .wrong."""

    def __init__(self, address):
        self.socket, self.count, self.asked, self.wrong = create_connection(address, suppress_origin=True), 0, [], []
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["network.beforeRequestSent", "log.entryAdded"])
        self.send("script.addPreloadScript", functionDeclaration=WATCH)
        self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method, **params):
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            heard = json.loads(self.socket.recv())
            if heard.get("id") == self.count:
                assert heard["type"] == "success", heard
                return heard["result"]
            self.note(heard.get("method"), heard.get("params", {}))

    def note(self, event, params):
        if event == "network.beforeRequestSent":
            self.asked.append(params["request"]["url"])
        elif event == "log.entryAdded" and params["level"] == "error":
            self.wrong.append(params["text"])

    def open(self, address):
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")
        self.evaluate("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def evaluate(self, expression):
        """The value of an expression, or of its promise, by way of JSON."""
        done = self.send("script.evaluate", expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
                         target={"context": self.context}, awaitPromise=True)
        assert done["type"] == "success", done["exceptionDetails"]["text"]
        return json.loads(done["result"].get("value", "null"))


@contextmanager
def running(executable, profile):
    """A tab of a Firefox with a fresh profile that calls nobody by itself."""
    quiet = {"browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
             "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
             "app.normandy.enabled": False, "services.settings.server": "data:,"}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in quiet.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [executable, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    process = subprocess.Popen([*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = next(filter(None, (re.search(r"BiDi listening on (ws://\S+)", line) for line in process.stderr)))
        tab = Tab(f"{said[1]}/session")
        yield tab
        tab.socket.close()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
