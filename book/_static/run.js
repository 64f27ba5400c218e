// Code cells can be changed and run in the page. Nothing is fetched for it before a reader asks: then a worker
// (book/_run/run/worker.js) starts Python, one for the page. A cell is run after every cell above it, as they stand; what
// is the same as last time is not run again. book/_ext/run.py puts the code of hidden cells into the page.
{
  const here = document.currentScript.src;
  const ICONS = { run: '<path d="M5 3.5v9l7.5-4.5z"/>', stop: '<path d="M4.5 4.5h7v7h-7z"/>', edit: '<path d="m3 13 .7-3L11 2.8l2.2 2.2L6 12.3z"/>' };
  const KEYWORDS = "False None True and as assert async await break class continue def del elif else except finally for from global "
    + "if import in is lambda nonlocal not or pass raise return try while with yield";
  const TOKEN = new RegExp(String.raw`(#.*)|(\b[rbfuRBFU]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$))|\b[rbfuRBFU]{1,2}(?="|')|`
    + String.raw`"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|(?<![\w.])(?:\d[\w.]*(?:(?<=e)[-+]\d+)?|\.\d\w*))|`
    + `((?<![\\w.])(?:${KEYWORDS.replaceAll(" ", "|")})\\b)`, "g");
  const GROUPS = ["run-comment", "run-value", "run-name"];
  const make = (tag, className, more = {}) => Object.assign(document.createElement(tag), { className, ...more });
  const drawing = (name) => `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[name]}</svg>`;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

  // Colours for code that is being changed, where the browser can colour ranges of text.
  const paint = (cell) => {
    if (!CSS.highlights) return;
    GROUPS.forEach((name) => { if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight()); });
    for (const [name, range] of cell.painted) CSS.highlights.get(name).delete(range);
    cell.painted = [];
    const text = cell.layer?.firstChild;
    if (!text) return;
    for (const match of text.data.matchAll(TOKEN)) {
      const range = new Range(), name = GROUPS[match.slice(1).findIndex(Boolean)];
      range.setStart(text, match.index);
      range.setEnd(text, match.index + match[0].length);
      CSS.highlights.get(name).add(range);
      cell.painted.push([name, range]);
    }
  };

  // The cells of the page, in order ------------------------------------------------------------------------------------
  const cells = [];
  let worker = null, running = null, queue = [], ran = [];   // ran: the code of the cells that this worker has run, in order
  const code = (cell) => (cell.desktop ? "" : cell.source);
  const above = (cell) => JSON.stringify(cells.slice(0, cell.number + 1).map(code));

  // One short line beside the controls. It may end in a link to another cell, or in something to press.
  const tell = (cell, text, wrong = false, words = "", leads = null) => {
    cell.status.textContent = text;
    cell.status.classList.toggle("run-wrong", wrong);
    if (!words) return;
    const press = typeof leads === "function";
    if (!press) (leads.figure ?? leads.box).id ||= `run-${leads.number}`;
    const end = press ? make("button", "run-end", { type: "button", onclick: leads })
      : make("a", "run-end", { href: `#${(leads.figure ?? leads.box).id}` });
    end.textContent = words;
    cell.status.append(" ", end);
  };

  // What keeps a cell from running at all, below its code, until it is asked again.
  const trouble = (cell, text = "") => {
    cell.trouble?.remove();
    cell.trouble = text ? make("p", "run-trouble", { role: "alert", textContent: text }) : null;
    if (text) cell.input.after(cell.trouble);
  };

  // What a cell shows is of the code as it was when it was made: of an older state of the page, that is said.
  const compare = () => cells.forEach((cell) => {
    const old = cell.shown !== above(cell), mine = cell.source !== cell.original;
    cell.box?.classList.toggle("run-stale", old);
    if (cell.note) cell.note.textContent = old ? " (drawn before your change)" : "";
    cell.reset.hidden = !mine && !cell.output && !cell.redrawn;
    if (cell === running?.cell) return;
    tell(cell, ...(cell.undo ? [cell.scratch ? "Cleared." : "Reset.", false, "Undo", cell.undo] : !old ? cell.said : cell.source !== cell.shownSource ? ["edited"] : older(cell)));
  });

  const older = (cell) => {
    const then = JSON.parse(cell.shown), changed = cells.find((one, i) => code(one) !== then[i]);
    return [cell.shows() ? "older than" : "not run since", false, "a change above", changed];
  };

  // Editing ------------------------------------------------------------------------------------------------------------
  // What was changed is kept while the tab is open: following a link or loading the page again loses nothing.
  const KEPT = `code of ${location.pathname}`;
  const keep = () => {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(cells.filter((one) => one.source !== one.original)
        .map(({ number, original, source }) => [number, original, source])));
    } catch { /* storage is closed to some readers */ }
  };
  const bringBack = () => {
    let kept = [];
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
    } catch { /* as above */ }
    for (const [number, original, source] of kept) {
      const cell = cells[number];
      if (cell?.original !== original || cell.desktop) continue;
      cell.source = cell.pre.textContent = source;
      cell.reveal?.(true);
      open(cell);
      cell.area.value = source;          // the empty cell's editor was there before
      cell.area.dispatchEvent(new Event("input"));
    }
    if (kept.length) compare();
  };

  const open = (cell) => {
    if (!cell.area) {
      const editor = make("div", "run-editor");
      cell.layer = make("div", "run-layer");
      cell.layer.setAttribute("aria-hidden", "true");
      cell.area = make("textarea", "run-area", { spellcheck: false, autocapitalize: "off", autocomplete: "off", wrap: "off", rows: 1 });
      cell.area.setAttribute("autocorrect", "off");
      cell.area.setAttribute("aria-label", "Python code. Shift and Enter run it. While you type, Tab indents; after Escape it moves on.");
      cell.area.value = cell.source;
      editor.append(cell.layer, cell.area);
      cell.pre.after(editor);
      cell.pre.hidden = true;
      cell.layer.textContent = `${cell.source}\n`;
      paint(cell);
      listen(cell);
    }
  };

  const edit = (cell, at = null) => {
    open(cell);
    cell.area.focus({ preventScroll: at !== null });
    if (at !== null) cell.area.setSelectionRange(at, at);
  };

  const listen = (cell) => {
    let typing = false;
    const insert = (text) => document.execCommand("insertText", false, text) || cell.area.setRangeText(text, cell.area.selectionStart, cell.area.selectionEnd, "end");
    cell.area.addEventListener("input", () => {
      typing = true;
      cell.undo = null;
      cell.source = cell.area.value.replace(/\n+$/, "");
      cell.layer.textContent = `${cell.area.value}\n`;
      cell.pre.textContent = cell.source;              // what Copy takes
      paint(cell);
      compare();
      keep();
    });
    cell.area.addEventListener("blur", () => { cell.area.parentElement.scrollLeft = 0; });
    cell.area.addEventListener("focus", () => { typing = false; });
    cell.area.addEventListener("keydown", (event) => {
      const { selectionStart: at, value } = cell.area, line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) ask(cell);
      else if (event.key === "Enter") insert(`\n${line.match(/^ */)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
      else if (event.key === "Tab" && typing && !event.shiftKey) insert("    ".slice(line.length % 4));
      else if (event.key === "Escape") return void (typing = false);
      else return;
      event.preventDefault();
    });
  };

  const place = (cell, event) => {
    const found = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const range = found ? new Range() : document.caretRangeFromPoint?.(event.clientX, event.clientY);
    if (found) range.setEnd(found.offsetNode, found.offset);
    if (!range || !cell.pre.contains(range.endContainer)) return cell.source.length;
    range.setStart(cell.pre, 0);
    return range.toString().length;
  };

  const restore = (cell) => {
    const { source: mine, output, shown, shownSource, said } = cell;
    cell.source = cell.original;
    if (cell.area && !cell.template && !cell.scratch) {
      cell.area.parentElement.remove();
      cell.area = cell.layer = null;
      cell.pre.replaceChildren(...cell.kept);
      cell.pre.hidden = false;
    } else if (cell.area) {
      cell.area.value = cell.source;
      cell.area.dispatchEvent(new Event("input"));
    }
    paint(cell);
    if (cell.redrawn) Object.assign(cell.image, cell.redrawn);
    cell.redrawn = null;
    show(cell, null);
    const undo = () => {
      open(cell);
      cell.reveal?.(true);
      cell.area.value = mine;
      cell.area.dispatchEvent(new Event("input"));
      if (output) {
        show(cell, []);
        cell.input.after(cell.output = output);
        Object.assign(cell, { shown, shownSource, said });
        compare();
      }
      cell.run.focus();
    };
    Object.assign(cell, { shown: cell.first, shownSource: cell.original, said: [""], failed: false, undo: mine === cell.original ? null : undo });
    trouble(cell);
    compare();
    keep();
    cell.run.focus();
  };

  // Output -------------------------------------------------------------------------------------------------------------
  // The reader's own output stands in the place of the book's, which is kept for Reset.
  const show = (cell, parts) => {
    cell.output?.remove();
    cell.output = null;
    cell.stored.forEach((one) => { one.hidden = parts !== null; });
    if (!parts?.length) return;
    cell.output = make("div", "cell_output run-output");
    cell.output.setAttribute("role", "group");
    cell.output.setAttribute("aria-label", "Your output");
    parts.forEach((part) => append(cell, part));
    cell.input.after(cell.output);
    reach(cell);
  };

  const append = (cell, [kind, text]) => {
    const last = cell.output.lastElementChild;
    if (kind === "svg") cell.output.append(picture(make("img", "drawing"), text));
    else if (kind === "out" && last?.className === "run-said") last.append(text);
    else cell.output.append(make("pre", kind === "out" ? "run-said" : "run-error", { textContent: text }));
  };

  const picture = (image, svg) => {
    const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    const pixels = (name) => Math.round(parseFloat(root.getAttribute(name)) * (/pt$/.test(root.getAttribute(name)) ? 4 / 3 : 1));
    const alt = root.getAttribute("aria-label") ?? "A figure, drawn by the code above";
    const width = pixels("width");
    return Object.assign(image, { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt, width, height: pixels("height"), style: `--w:${width}px` });
  };

  const reach = (cell) => cell.output?.querySelectorAll("pre").forEach((one) => {
    watchOverflow(one);
    if (one.scrollWidth > one.clientWidth + 1) one.tabIndex = 0;      // what overflows can be scrolled by the keyboard
  });

  const plain = (parts) => parts.map(([kind, text]) => (kind === "svg" ? "" : text)).join("").trimEnd();
  const standing = (cell) => (cell.output ?? cell.box.querySelector(".cell_output"))?.textContent.trimEnd() ?? "";

  const settle = (cell, { error, line }) => {
    const { parts, quiet } = cell.going, svg = parts.find(([kind]) => kind === "svg"), printed = parts.filter(([kind]) => kind !== "svg");
    if (svg && cell.image) {
      const { src, alt, width, height } = cell.image;
      cell.redrawn ??= { src, alt, width, height, style: `--w:${width}px` };
      picture(cell.image, svg[1]);
    }
    const closed = quiet && !error && cell.stored.some((one) => one.matches("details:not([open])"));   // a prediction is asked for
    const same = plain(parts).trim() === standing(cell).trim();
    if (cell.image) show(cell, printed.length ? printed : null);
    else if (!closed && (!quiet || error || !same)) show(cell, parts);
    cell.said = quiet && !error && (cell.figure || closed) ? [""] : error ? [`${error}${line ? `, line ${line}` : ""}`, true] : [parts.length ? "Done" : "Done, without error"];
    cell.failed = Boolean(error);
    if (!quiet || error || !(cell.figure || (closed && !same))) Object.assign(cell, { shown: cell.going.key, shownSource: cell.going.source });
    cell.going = null;
  };

  // Running ------------------------------------------------------------------------------------------------------------
  const ask = (cell) => {
    if (running?.cell === cell) return;
    cell.undo = null;
    trouble(cell);
    if (!queue.includes(cell)) queue.push(cell);
    if (running) tell(cell, "waits for the cell that runs");
    else next();
  };

  const next = async () => {
    const cell = queue.shift();
    if (!cell) return;
    running = { cell };
    button(cell, "stop");
    tell(cell, "Starting Python");
    const mine = running, where = worker ? worker.place : await find(mine);
    if (running !== mine) return;
    if (!where) return finish();
    if (!worker) start(where);
    hand(cell);
  };

  const UNREACHED = "Python could not be reached: is the book still being served? Your code is kept; press Run again when it is.";

  // Where Python is; while it is still on its way to the server, as just after `make read`, wait for it.
  const find = async (mine) => {
    const address = new URL("../_runtime/runtime.json", here);
    for (;;) {
      let known = null;
      try {
        const reply = await fetch(address, { cache: "no-cache" });
        known = reply.ok ? await reply.json() : { none: true };
      } catch { /* said below */ }
      if (running !== mine) return null;
      if (known?.folder) return { ...known, runtime: address.href };
      if (!known?.arriving) {
        trouble(mine.cell, known ? "This copy of the book has no Python, so its code can be changed but not run. make book fetches it; the chapter’s notebook can be downloaded above."
          : UNREACHED);
        return null;
      }
      tell(mine.cell, "The book is still fetching Python");
      await new Promise((done) => setTimeout(done, 1000));
    }
  };

  const start = (where) => {
    const mine = worker = new Worker(new URL("run/worker.js", here));
    worker.place = where;
    ran = [];
    worker.onmessage = ({ data }) => mine === worker && heard[data.kind](data);
    worker.onerror = ({ message }) => mine === worker && heard[message ? "broken" : "lost"]({ text: message });
  };

  const hand = (cell) => {
    const wanted = cells.slice(0, cell.number + 1), same = ran.every((one, i) => one === code(cells[i]));
    const fresh = !same || ran.length === 0 || ran.length > cell.number;
    if (fresh) ran = [];
    running.list = wanted.slice(ran.length).filter((one) => !one.desktop);
    running.list.forEach((one) => { one.going = { parts: [], quiet: one !== cell, source: one.source, key: above(one) }; });
    running.codes = wanted.map(code);
    worker.postMessage({ place: worker.place, fresh, cells: running.list.map((one) =>
      ({ number: one.number, source: one.source, drawn: one === cell })) });
  };

  const heard = {
    fetched: ({ what, got, total }) => running && tell(running.cell, `Fetching ${what}: ${megabytes(got)} of ${megabytes(total)} MB`),
    starting: () => tell(running.cell, "Starting Python"),
    begin: ({ number }) => {
      running.now = cells[number];
      const at = running.list.indexOf(cells[number]) + 1;
      if (at < running.list.length) return void tell(running.cell, `Running ${at} of ${running.list.length - 1}`, false, "above", running.now);
      tell(running.cell, "Running");
      const { cell } = running;          // what it said before goes when it does not answer at once
      setTimeout(() => running?.now === cell && cell.going?.parts.length === 0 && !cell.image && show(cell, []), 400);
    },
    out: (data) => heard.said(data),
    err: (data) => heard.said(data),
    error: (data) => heard.said(data),
    svg: (data) => heard.said(data),
    said: ({ kind, number, text }) => {
      const cell = cells[number], part = [kind, text];
      if (!cell.going) return;
      cell.going.parts.push(part);
      if (cell !== running.cell || cell.image || kind === "error") return;
      if (cell.going.parts.length === 1) show(cell, [part]);
      else append(cell, part);
    },
    refused: ({ number, text }) => {       // is heard of late, when the cell may have ended
      const cell = cells[number], part = ["err", text];
      if (cell.going) cell.going.parts.push(part);
      else if (cell.output) append(cell, part);
      else show(cell, [part]);
    },
    end: ({ number, error, line }) => settle(cells[number], { error, line }),
    again: () => { ran = []; hand(running.cell); },       // a module came: begin again, with it
    finished: () => {
      ran = running.codes;
      const failed = cells.filter((one) => one.failed && one.number < running.cell.number);
      if (failed.length) running.cell.said = [`${running.cell.said[0]};`, running.cell.failed, `${failed.length} above failed`, failed[0]];
      finish();
    },
    lost: () => {
      end();
      trouble(running.cell, UNREACHED);
      finish();
    },
    broken: ({ text }) => {
      end();
      running.cell.said = [`Python ended: ${text}`, true];
      finish();
    },
  };

  const finish = () => {
    const { cell } = running;
    running = null;
    cells.forEach((one) => { one.going = null; });
    button(cell, "run");
    compare();
    next();
  };

  const end = () => {
    worker?.terminate();
    worker = null;
    ran = [];
  };

  const stop = (cell) => {
    end();
    queue = [];
    const { now } = running, above = now && now !== cell;
    if (now?.going && !now.image) {
      if (above || !now.going.parts.length) show(now, now.going.parts);
      Object.assign(now, { shown: now.going.key, shownSource: now.going.source, said: ["Stopped here"] });
    }
    cell.said = above ? ["Stopped in", false, "a cell above", now] : ["Stopped"];
    finish();
    tell(cell, ...cell.said);
  };

  // The controls of a cell ---------------------------------------------------------------------------------------------
  const button = (cell, what) => {
    cell.run.innerHTML = `${drawing(what)}${what === "stop" ? "Stop" : "Run"}`;
    cell.run.dataset.does = what;
  };

  const control = (cell) => {
    const bar = make("div", "run-bar");
    cell.status = make("span", "run-status");
    cell.status.setAttribute("role", "status");
    bar.append(cell.status);
    cell.reset = make("button", "run-button run-reset", { type: "button", textContent: cell.scratch ? "Clear" : "Reset", hidden: true, title: cell.scratch ? "Empty this cell" : "Bring back the book’s code and output" });
    cell.run = make("button", "run-button run-run", { type: "button", title: "Run this cell, after the cells above it (Shift+Enter)" });
    const pen = make("button", "run-button run-edit", { type: "button", title: "Edit", innerHTML: drawing("edit") });
    pen.setAttribute("aria-label", "Edit the code");
    button(cell, "run");
    cell.run.addEventListener("click", () => (cell.run.dataset.does === "stop" ? stop(cell) : ask(cell)));
    cell.reset.addEventListener("click", () => (running?.cell === cell ? stop(cell) : null, restore(cell)));
    pen.addEventListener("click", () => edit(cell, cell.area ? null : cell.source.length));
    if (cell.desktop) cell.status.textContent = "runs in Jupyter only";
    else bar.append(cell.reset, pen, cell.run);
    cell.box.append(bar);
  };

  const ready = (box) => {
    const pre = box.querySelector(".cell_input pre"), input = box.querySelector(".cell_input");
    return { box, pre, input, kept: [...pre.childNodes], desktop: box.classList.contains("tag_desktop"),
      original: pre.textContent.replace(/\n+$/, ""), stored: [...box.children].filter((one) => one !== input) };
  };

  // A hidden cell gets a place for its code: under its figure, opened by a word in the caption, or above what it printed.
  const hidden = (template) => {
    const next = template.nextElementSibling, pre = make("pre", "", { hidden: true }), input = make("div", "cell_input");
    const figure = next?.matches("figure") ? next : null, box = figure || !next?.matches(".cell") ? make("div", "cell run-hidden") : next;
    const cell = { template, box, pre, input, figure, image: figure?.querySelector("img"), desktop: template.matches(".tag_desktop"),
      original: template.content.textContent.trim(), stored: [...box.children], kept: [] };
    input.append(pre);
    box.prepend(input);
    input.hidden = !figure;
    if (!figure) return cell;
    box.hidden = true;
    figure.after(box);
    cell.note = make("span", "run-note");
    const open = make("button", "run-open", { type: "button", textContent: "Change this figure" });
    open.setAttribute("aria-expanded", "false");
    cell.reveal = (shown) => {
      box.hidden = !shown;
      open.setAttribute("aria-expanded", String(shown));
      open.textContent = shown ? "Hide its code" : "Change this figure";
    };
    open.addEventListener("click", () => {
      cell.reveal(box.hidden);
      if (!box.hidden) edit(cell, 0);
    });
    figure.querySelector("figcaption p")?.append(" ", open, cell.note);
    return cell;
  };

  // After a chapter's exercises, room for the reader's own code.
  const scratch = (exercises) => {
    const box = make("div", "cell run-scratch"), input = make("div", "cell_input"), pre = make("pre", "");
    input.append(pre);
    box.append(input);
    exercises.append(make("p", "run-own", { textContent: "Room for your own code. All cells above run before it." }), box);
    return { box, pre, input, kept: [], desktop: false, scratch: true, original: "", stored: [] };
  };

  const why = () => (location.protocol === "file:"
    ? "The code on this page can be changed and run when the book is served: make read does that. From a file it can only be read."
    : document.documentElement.dataset.python === "none"
      ? "The code on this page can only be read: Pyodide could not be fetched when this copy of the book was built. The next make read tries again."
      : null);

  addEventListener("DOMContentLoaded", () => {
    const found = [...document.querySelectorAll("div.cell:has(> .cell_input), div.cell:has(> details .cell_input), template.run-code")];
    if (!found.length) return;
    const reason = why();
    if (reason) return void found[0].after(make("p", "run-reason", { textContent: reason }));
    const exercises = document.querySelector("section#exercises");
    [...found, ...(exercises ? [exercises] : [])].forEach((one, number) => {
      const cell = Object.assign(one === exercises ? scratch(one) : one.matches("template") ? hidden(one) : ready(one),
        { number, painted: [], said: [""], output: null, redrawn: null, going: null, failed: false });
      cell.source = cell.shownSource = cell.original;
      cell.shows = () => cell.output || cell.stored.length || cell.said[0];
      cells.push(cell);
      control(cell);
      if (cell.scratch) open(cell);
      if (!cell.template && !cell.desktop) cell.pre.addEventListener("click", (event) => { if (getSelection().isCollapsed) edit(cell, place(cell, event)); });
    });
    cells.forEach((cell) => { cell.first = cell.shown = above(cell); });
    bringBack();
  });
}
