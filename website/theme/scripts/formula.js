// A box in which a reader types a formula; the page's Python reads it and tries it on small networks (ledger/typed.py).
// It is fetched when the first formula is tried. Without Python the text in the box's place says how Jupyter does it.
{
  const here = document.currentScript.src;
  const SCENES = ["network", "narrow", "batch", "scores", "unit", "steps", "vectors"];
  const FIRST = String.raw`\tanh z = 2\sigma(z) - 1`, LONGEST = 8000;
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);
  const sleep = (time) => new Promise((done) => setTimeout(done, time));
  const pythonFor = (latex, scene) => `from ledger import try_formula\ntry_formula(${JSON.stringify(latex)}, ${scene})`;

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("div.formula-box").forEach((box) => {
    const reason = document.documentElement.dataset.python
      ?? (location.protocol === "file:" ? "A formula can be typed here when the book is served: make read does that." : "");
    if (reason) return void box.append(make("p", { textContent: reason }));
    const form = make("form", { innerHTML: `<label for="formula">A formula in LaTeX</label>
      <textarea id="formula" rows="3" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea>
      <div><label for="formula-scene">Its letters are those of</label> <select id="formula-scene">
      <option value="None">the first scene that has them</option>${SCENES.map((one) => `<option>${one}</option>`).join("")}
      </select> <button>Try it</button></div><output for="formula formula-scene" aria-live="polite"></output>` });
    const [area, scene, button, output] = ["textarea", "select", "button", "output"].map((name) => form.querySelector(name));
    area.value = FIRST;
    let worker = null, printed = "", timer = 0, turn = 0;

    const say = (text) => { output.textContent = text; };
    const finish = (text) => {
      clearTimeout(timer);
      button.disabled = false;
      say(text);
      const place = /^Refused at character (\d+)/.exec(text);
      if (place && document.activeElement === area) area.setSelectionRange(place[1] - 1, place[1]);
    };
    const end = (text) => {
      worker?.terminate();
      worker = null;
      finish(text);
    };

    const handlers = {
      fetched: ({ got, total }) => say(`Fetching Python: ${(got / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`),
      starting: () => say("Starting Python"),
      begin: () => {
        say("Trying it");
        timer = setTimeout(() => end("It took too long, and was stopped."), 20000);
      },
      said: ({ part }) => { printed += part[1]; },
      end: () => finish(printed.trim()),
      lost: ({ file }) => end(file ? `${file} is missing or damaged where the book is served: make book repairs it.`
        : "Python could not be reached: is the book still being served?"),
      broken: ({ text }) => end(`Python ended: ${text}. The next formula starts it again.`),
    };

    // Where Python is; while it is still on its way to the server, as just after `make read`, wait for it.
    const find = async () => {
      const address = new URL("../_runtime/runtime.json", here);
      for (;;) {
        const known = await fetch(address, { cache: "no-cache" }).then((reply) => (reply.ok ? reply.json() : {}), () => null);
        if (known?.folder) return { ...known, runtime: address.href, cache: "no-cache" };
        if (!known?.arriving) return void end(known ? known.none ?? "This copy of the book has no Python." : "Python could "
          + "not be reached: is the book still being served?");
        say("The book is still fetching Python");
        await sleep(1000);
      }
    };

    const start = (place) => {
      const mine = worker = new Worker(new URL(`runner/worker.js?${Date.now()}`, here));
      worker.onmessage = ({ data }) => mine === worker && handlers[data.kind]?.(data);
      worker.onerror = ({ message }) => mine === worker && handlers[message ? "broken" : "lost"]({ text: message });
      worker.postMessage({ place });
    };

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      printed = "";
      say("Starting Python");
      const place = worker ? null : await find();
      if (!worker && !place) return;
      if (!worker) start(place);
      const value = scene.value === "None" ? "None" : `"${scene.value}"`;
      worker.postMessage({ fresh: true, cells: [{ number: turn++, source: pythonFor(area.value.slice(0, LONGEST), value) }] });
    });
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    box.append(form);
  }));
}
