// Python for one page, in a thread of its own, so that the page answers whatever the code does. It is started when a
// reader runs a cell, and ended by Stop. In: where Pyodide is, then lists of cells. Out: progress, and what cells say.
const ahead = ["pyodide.asm.wasm", "python_stdlib.zip"];   // asked for at once, as Pyodide would ask for them in turn
const asked = new Map();
let python = null, what = "Python", runner = null, place = null, store = null, got = 0, total = 0, told = 0, number = 0;

const say = (kind, text) => postMessage({ kind, number, text });

// What was fetched is kept for the next visit, also where the browser's own cache would not take files of this size.
// A name stands for one content for ever; where storage is closed, Python is fetched again.
async function open() {
  const name = `nnbook-python ${place.folder}`;
  for (const old of await caches.keys()) if (old.startsWith("nnbook-python ") && old !== name) await caches.delete(old);
  return caches.open(name);
}

// Without one of its files there is no Python: Pyodide would wait for some of them for ever, and go on without others.
const plainly = self.fetch;
const lost = (address) => {
  if (!runner || String(address).startsWith(new URL(place.folder, place.runtime).href)) postMessage({ kind: "lost" });
};
const reached = async (address, how) => {
  try {
    const reply = await plainly(address, how);
    if (!reply.ok) throw new Error(`${reply.status} ${address}`);
    return reply;
  } catch (error) {
    lost(address);
    throw error;
  }
};

// Every answer is counted on its way to Pyodide.
const counted = async (address, how) => {
  const kept = await (await store)?.match(address);
  if (kept) return kept;
  const reply = await reached(address, how);
  (await store)?.put(address, reply.clone()).catch(() => {});
  const reader = reply.clone().body.getReader();
  (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      got += part.value.length;
      if (total && performance.now() > told + 100) {
        postMessage({ kind: "fetched", what, got: Math.min(got, total), total });
        told = performance.now();
      }
    }
  })().catch(() => lost(address));
  return reply;
};
self.fetch = (address, how) => {
  const early = asked.get(String(address));
  asked.delete(String(address));
  return early ?? counted(address, how);
};

// The policy of the page is the worker's too: what code wants from elsewhere is refused, and the reader is told.
self.addEventListener("securitypolicyviolation", ({ blockedURI }) =>
  say("refused", `This page lets its code reach nothing outside the book, and not ${blockedURI}.`));

const size = (names) => Object.entries(place.bytes).filter(([name]) => names.some((one) => name.startsWith(one)))
  .reduce((sum, [, bytes]) => sum + bytes, 0);

async function start() {
  const folder = new URL(place.folder, place.runtime).href;
  store = self.caches ? open().catch(() => null) : null;
  total = size([...ahead, "numpy", "nnlib"]);
  ahead.forEach((name) => asked.set(folder + name, counted(folder + name)));
  const driver = reached(new URL("cells.py", self.location)).then((reply) => reply.text());
  importScripts(`${folder}pyodide.js`);
  python = await loadPyodide({ indexURL: folder, lockFileURL: folder + place.lock, packages: ["nnlib"], stdout: () => {} });
  total = 0;                                            // what is still counted is there already
  python.setStdin({ stdin: () => null });
  postMessage({ kind: "starting" });
  python.FS.writeFile("cells.py", await driver);
  runner = python.pyimport("cells").Runner(say);
}

// Modules that come with the book, when a cell turns out to need them: Matplotlib, in practice.
async function bring(name) {
  what = "Matplotlib";
  got = 0;
  total = name === "matplotlib" ? size(Object.keys(place.bytes)) - size([...ahead, "pyodide", "numpy", "nnlib"]) : 0;
  const brought = await python.loadPackagesFromImports(`import ${name}`, { messageCallback: () => {} });
  total = 0;
  return brought.length > 0;
}

async function run(cells, fresh) {
  if (fresh) runner.forget();
  for (const cell of cells) {
    number = cell.number;
    say("begin");
    const answer = JSON.parse(runner.run(number, cell.source, cell.drawn));
    if (answer.missing && await bring(answer.missing)) return "again";
    postMessage({ kind: "end", number, ...answer });
  }
  return "finished";
}

self.onmessage = async ({ data }) => {
  try {
    place = data.place;
    if (!python) await start();
    postMessage({ kind: await run(data.cells, data.fresh) });
  } catch (error) {
    postMessage(error.name === "NetworkError" ? { kind: "lost" } : { kind: "broken", text: String(error.message ?? error) });
  }
};
