// A box in which a reader types a formula; the page's Python reads it and tries it on small networks (ledger/typed.py).
// It is fetched when the first formula is tried. Without Python the text in the box's place says how Jupyter does it.
{
  const SCENES = ["network", "narrow", "batch", "scores", "unit", "steps", "vectors"];
  const FIRST = String.raw`\tanh z = 2\sigma(z) - 1`, LONGEST = 8000;
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);
  const pythonFor = (latex, scene) => `from ledger import try_formula\ntry_formula(${JSON.stringify(latex)}, ${scene})`;

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("div.formula-box").forEach((box) => {
    const reason = noPython("A formula can be typed");
    if (reason) return void box.append(make("p", { className: "run-reason", textContent: reason }));
    const form = make("form", { innerHTML: `<label for="formula">A formula in LaTeX</label>
      <textarea id="formula" rows="3" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea>
      <div><label for="formula-scene">Its letters are those of</label> <select id="formula-scene">
      <option value="None">the first scene that has them</option>${SCENES.map((one) => `<option>${one}</option>`).join("")}
      </select> <button>Try it</button></div><output for="formula formula-scene" aria-live="polite"></output>` });
    const [area, scene, button, output] = ["textarea", "select", "button", "output"].map((name) => form.querySelector(name));
    area.value = FIRST;
    let timer = 0;

    const say = (text) => { output.textContent = text; };
    const finish = (text) => {
      clearTimeout(timer);
      button.disabled = false;
      say(text);
      const place = /^Refused at character (\d+)/.exec(text);
      if (place && document.activeElement === area) area.setSelectionRange(place[1] - 1, place[1]);
    };
    const python = pagePython({
      say,
      fetched: (got, total) => say(`Fetching Python: ${(got / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`),
      begin: () => {
        say("Trying it");
        timer = setTimeout(() => python.end("It took too long, and was stopped."), 20000);
      },
      answer: finish,
      ended: finish,
    });

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      const value = scene.value === "None" ? "None" : `"${scene.value}"`;
      python.ask(pythonFor(area.value.slice(0, LONGEST), value));
    });
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    box.append(form);
  }));
}
