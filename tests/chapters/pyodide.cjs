// Runs cells in the page's Python, under node. On stdin, as JSON: where Pyodide, its lock, nnlib's wheel and the page's own
// cells.py are, and chapters as lists of {source, drawn}. On stdout: for each cell {error} or {printed, svg}.
const { readFileSync } = require("fs");
const { join } = require("path");

async function main({ runtime, lock, wheel, cells, chapters }) {
  const { loadPyodide } = require(join(runtime, "pyodide.js"));
  const python = await loadPyodide({ indexURL: `${runtime}/`, lockFileURL: lock, packages: ["matplotlib"], stdout: () => {} });
  python.setStdin({ stdin: () => null });
  python.unpackArchive(new Uint8Array(readFileSync(wheel)), "zip", { extractDir: "/lib/python3.12/site-packages" });
  python.FS.writeFile("cells.py", readFileSync(cells, "utf8"));
  let sent = [];
  const runner = python.pyimport("cells").Runner((kind, text) => sent.push([kind, text]));
  const of = (...kinds) => sent.filter(([kind]) => kinds.includes(kind)).map(([, text]) => text).join("");
  return chapters.map((chapter) => {
    runner.forget();
    return chapter.map(({ source, drawn }, number) => {
      sent = [];
      const { error } = JSON.parse(runner.run(number, source, drawn));
      return error ? { error: of("error") } : { printed: of("out", "err"), svg: of("svg") };
    });
  });
}

main(JSON.parse(readFileSync(0, "utf8"))).then((results) => {
  process.stdout.write(JSON.stringify(results));
});
