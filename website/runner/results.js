// A box that takes a file of results, dropped, chosen or pasted, and lets the page's Python check it (nnlib/conformance.py):
// verdict, first wrong entry in its matrix, diagnosis, and the broken line lit in the table whose rows begin with a link
// to its equation. Nothing leaves the page. Without Python the text in the box's place says which commands do the same.
// Only pages with the box ask for it; site.js runs before it.
{
  const ORDER = ["z", "y_hat", "p", "dy_db", "dy_dW", "loss", "grad_b", "grad_W", "b_after", "W_after"];
  const SIGNS = { right: "✓", part: "✓ …", wrong: "✗" };
  const WORDS = { right: "right", part: "right, but some numbers are missing", wrong: "wrong" };
  const LARGEST = 10e6, SOURCE = 'from nnlib.conformance import command\ncommand("results", as_json=True);';
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const make = (tag, className = "", children = []) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...[children].flat());
    return made;
  };
  const link = (href, text) => Object.assign(make("a", "", text), { href });
  const sentence = (text) => text[0].toUpperCase() + text.slice(1);

  // The report ---------------------------------------------------------------------------------------------------------
  const sign = (kind) => {
    const made = make("span", kind === "wrong" ? "results-wrong" : "", SIGNS[kind]);
    made.role = "img";
    made.ariaLabel = WORDS[kind];
    return made;
  };

  const table = (caption, head, rows) => {
    const made = make("table", "", caption ? make("caption", "", caption) : []);
    if (head.length) made.append(make("thead", "", make("tr", "", head.map((one) => make("th", "", one)))));
    made.append(make("tbody", "", rows.map((row) => make("tr", "", row))));
    return made;
  };

  // A sign for each vector and quantity that came.
  const overview = ({ right, wrong, not_tried: absent }) => {
    const has = (found, vector, quantity) => found[vector]?.includes(quantity);
    const came = [...new Set([...Object.keys(right), ...Object.keys(wrong)])];
    const quantities = ORDER.filter((one) => came.some((vector) => has(right, vector, one) || has(wrong, vector, one)));
    const kind = (vector, one) => (has(wrong, vector, one) ? "wrong" : !has(right, vector, one) ? ""
      : absent[one]?.includes(vector) ? "part" : "right");
    const rows = came.map((vector) => [make("th", "", vector), ...quantities.map((one) => {
      const found = kind(vector, one);
      return make("td", "", found ? sign(found) : []);
    })]);
    const box = make("div", "table-box results-overview", table("", ["vector", ...quantities], rows));
    const told = (word, several) => (several.length ? `${word}: ${several.join(", ")}. ` : "");
    const isWrong = (one) => came.some((vector) => has(wrong, vector, one));
    return [
      make("p", "", told("Right wherever they came", quantities.filter((one) => !isWrong(one)))
        + told("Wrong in some vectors or all", quantities.filter(isWrong))),
      make("details", "", [make("summary", "", "Each vector by itself"), box]),
    ];
  };

  const matrix = (caption, rows, key) => table(caption, [], rows.map((row) => row.map((one) => {
    const isWrong = key === "got" && one.verdict === "wrong";
    const cell = make("td", one.first ? "results-first" : "", isWrong ? [sign("wrong"), one[key]] : one[key]);
    cell.classList.toggle("results-wrong", isWrong);
    return cell;
  })));

  const firstWrong = (first) => {
    const pair = make("div", "results-matrices", ["expected", "got"].map((key) => make("div", "table-box",
      matrix(key === "got" ? "got, wrong ones marked ✗" : key, first.matrix, key))));
    return [
      make("p", "", [`The first that is wrong is ${first.name} of ${first.vector}, in line ${first.line}: expected `,
        make("code", "", String(first.expected)), ", got ", make("code", "", first.got), "."]),
      ...(first.matrix.flat().length > 1 ? [pair] : []), ...(first.remark ? [make("p", "", first.remark)] : []),
    ];
  };

  // The rows of the table of lines, by the equations that they lead to.
  const rowOf = (label) => document.querySelector(`article td:first-child a[href$="#equation-${label}"]`)?.closest("tr");

  const contents = (cell) => [...(cell.querySelector("p") ?? cell).cloneNode(true).childNodes];
  const lightUp = (explanations) => {
    const labels = new Set(explanations.flat().map((bug) => bug.equation)), sure = explanations.length === 1;
    const start = !sure ? "The broken line may be “" : labels.size > 1 ? "A broken line is “" : "The broken line is “";
    return [...labels].flatMap((label) => {
      const row = rowOf(label);
      if (!row) return [];
      const [name, left, right] = [...row.cells].map(contents);
      row.id ||= `line-${label}`;
      row.classList.add("results-lit");
      row.cells[0].append(make("span", "results-sign", sure ? " ✗ here" : " ✗ here?"));
      return [make("p", "", [start, ...name, "” (", link(`#${row.id}`, "in the list"), "):"]),
        make("p", "results-line", [...left, " ← ", ...right])];
    });
  };
  const putOut = () => {
    document.querySelectorAll(".results-sign").forEach((one) => one.remove());
    document.querySelectorAll(".results-lit").forEach((one) => one.classList.remove("results-lit"));
  };

  const absent = (missing) => {
    const list = make("ul", "", Object.entries(missing).map(([quantity, names]) =>
      make("li", "", [make("code", "", quantity), ` of ${names.join(", ")}`])));
    const summary = make("summary", "", "What the file does not hold, or not all of it, and so was not tried");
    return make("details", "", [summary, list]);
  };

  const headline = (name, { verdict, numbers, right, wrong }) => {
    const vectors = new Set([...Object.keys(right), ...Object.keys(wrong)]).size;
    const of = `numbers of ${vectors} vector${vectors === 1 ? "" : "s"}`;
    return verdict === "right" ? `${name} is right: ${numbers.right} ${of}.`
      : `${name} is wrong: ${numbers.wrong} of ${numbers.right + numbers.wrong + numbers.excused} ${of}.`;
  };

  const parts = (found) => [
    ...(found.first ? [...lightUp(found.diagnosis.explanations), ...firstWrong(found.first)] : []), ...overview(found),
    make("p", "", found.tolerance.text + (found.numbers.excused ? " Too small beside that to tell, and so neither right nor "
      + `wrong: ${found.numbers.excused} of the numbers.` : "")),
    ...(Object.keys(found.not_tried).length ? [absent(found.not_tried)] : []),
  ];

  // The box ------------------------------------------------------------------------------------------------------------
  const FORM = `<label for="results-file">A file of results: choose it, or drop it anywhere on this page</label>
    <input id="results-file" type="file">
    <label for="results-text">Or paste what is in it</label>
    <textarea id="results-text" rows="4" wrap="off" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea>
    <div><button>Check it</button> <button type="button" class="results-stop" hidden>Stop</button>
      <progress aria-label="Progress" hidden></progress> <span class="results-done" aria-hidden="true"></span></div>
    <p class="results-note" role="alert"></p>
    <p class="results-verdict" role="status"></p><p class="results-diagnosis" role="status"></p>`;

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("div.results-box").forEach((box) => {
    const reason = noPython("Results can be checked");
    if (reason) return void box.append(make("p", "run-reason", reason));
    const form = Object.assign(make("form"), { innerHTML: FORM }), report = make("div", "results-report");
    const find = (selector) => form.querySelector(selector);
    const [file, text, check, stop, progress] = ["input", "textarea", "button", ".results-stop", "progress"].map(find);
    const [done, note, verdict, diagnosis] = ["done", "note", "verdict", "diagnosis"].map((one) => find(`.results-${one}`));
    let busy = "", clock = 0;

    const say = (words) => { if (verdict.textContent !== words) verdict.textContent = words; };
    const clear = () => {
      putOut();
      report.replaceChildren();
      note.textContent = diagnosis.textContent = "";
    };
    const finish = (words) => {
      clearInterval(clock);
      const focused = document.activeElement === stop;
      busy = note.textContent = done.textContent = "";
      progress.hidden = stop.hidden = true;
      check.disabled = false;
      if (focused) file.focus();
      say(words);
    };
    const answer = (printed) => {
      let found = null;
      const name = busy;
      try {
        found = JSON.parse(printed);
      } catch {
        return finish(`Python ended without an answer: ${printed.slice(-300)}`);
      }
      if (found.verdict === "unreadable") return finish(`${name} was not read. ${sentence(found.problem)}.`);
      finish(headline(name, found));
      diagnosis.textContent = found.diagnosis ? `Diagnosis: ${found.diagnosis.text}` : "";
      report.replaceChildren(...parts(found));
      report.querySelectorAll(".table-box, .results-line").forEach(watchOverflow);
    };
    const begin = () => {
      const start = performance.now();
      say(`Checking ${busy}`);
      progress.removeAttribute("value");
      done.textContent = "";
      clock = setInterval(() => { done.textContent = `${Math.round((performance.now() - start) / 1000)} s`; }, 1000);
    };
    const fetched = (got, total) => {
      say("Fetching Python");
      Object.assign(progress, { max: total, value: got });
      done.textContent = `${megabytes(got)} of ${megabytes(total)} MB`;
    };
    const python = pagePython({ say, fetched, begin, answer, ended: finish });

    // What came, under its name: a file or, with its size, a text.
    const take = async (name, size, read) => {
      if (busy) return void (note.textContent = `${busy} is still being checked: wait for it, or press Stop.`);
      clear();
      if (size > LARGEST) {
        return say(`${name} has ${megabytes(size)} MB. All results together need less than one, and ${megabytes(LARGEST)} `
          + "are read here.");
      }
      busy = name;
      progress.hidden = stop.hidden = false;
      progress.removeAttribute("value");
      check.disabled = true;
      say(`Reading ${name}`);
      const bytes = await read().then((content) => new Uint8Array(content), () => null);
      if (busy !== name) return;
      if (bytes) python.ask(SOURCE, { results: bytes });
      else finish(`${name} cannot be read: it is a folder, was moved or changed, or is closed to the browser.`);
    };
    const takeFile = (one) => take(one.name, one.size, () => one.arrayBuffer());

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const bytes = new TextEncoder().encode(text.value);
      take("The text", bytes.length, async () => bytes);
    });
    stop.addEventListener("click", () => python.end("Stopped."));
    file.addEventListener("click", () => { file.value = ""; });           // the same file may be chosen again
    file.addEventListener("change", () => file.files.length && takeFile(file.files[0]));

    // A file that is dropped beside the box would otherwise take the place of the page.
    const drop = ({ files, items }) => {
      if (files.length > 1) return say(`${files.length} files came, and one is read at a time: it may hold all results.`);
      if (items[0].webkitGetAsEntry?.()?.isDirectory) return say(`${files[0].name} is a folder: drop the file in it.`);
      takeFile(files[0]);
    };
    for (const kind of ["dragover", "dragleave", "drop"]) {
      addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        box.classList.toggle("results-over", kind === "dragover");
        if (kind === "drop" && event.dataTransfer.files.length) drop(event.dataTransfer);
      });
    }
    box.append(form, report);
  }));
}
