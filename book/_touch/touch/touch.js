// What the figures to touch share: numbers and symbols as text, the picture of a network, and how a figure comes alive.
// A figure is a function of its state that returns HTML. The book calls it once while it is built, with nnlib's numbers;
// here it is called again whenever the state changes, with numbers from net.js. Nothing on this page is drawn elsewhere.

export const number = (value, digits = 4) => {
  if (!Number.isFinite(value)) return "too large";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value + 0 || 0).replace("-", "−");
  const [mantissa, power] = Number(value.toPrecision(digits)).toString().split("e");
  const short = !power && Math.abs(value) >= 1e7 ? value.toExponential(digits - 1).split("e") : [mantissa, power];
  return (Number(short[0]) + (short[1] ? `×10${raised(Number(short[1]))}` : "")).replace("-", "−");
};
export const vector = (v) => `(${v.map((one) => number(one)).join(", ")})`;
export const signed = (value) => (value < 0 ? `(${number(value)})` : number(value));
const raised = (power) => String(power).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).replace("-", "⁻");

// W with a raised and a lowered part, as the formulas of the book set it.
export const symbol = (letter, up, down) => {
  const [raise, lower] = [["sup", up], ["sub", down]].map(([tag, words]) => (words === undefined ? "" : `<${tag}>${words}</${tag}>`));
  return `<span class="t-s"><b>${letter}</b>${raise && lower ? `<span class="t-both">${raise}${lower}</span>` : raise + lower}</span>`;
};
export const phi = (up) => `<i>ϕ</i><sup>${up}</sup>`;      // the form of φ that the formulas have
export const slope = (m, at) => `<span class="t-s">${phi(`${m}′`)}(${at ?? symbol("z", m)})</span>`;

export function matrix(rows, { name = "", lit, picked } = {}) {
  const cells = rows.flatMap((row, i) => row.map((cell, j) => {
    const kind = lit?.(i, j) ? "t-lit" : picked?.(i, j) ? "t-picked" : "";
    return `<span${kind && ` class="${kind}"`}>${typeof cell === "number" ? number(cell) : cell}</span>`;
  }));
  return `<span class="t-m"><span class="t-name">${name}</span><span class="t-grid" style="--c:${rows[0].length}">${
    cells.join("")}</span></span>`;
}
export const column = (v, how) => matrix(v.map((one) => [one]), how);

// One entry that can be picked; in the still figure it is only a number.
export function chip(key, value, { live, chosen, words, where = "", kind = "" }) {
  const picked = key === chosen ? " t-chosen" : "";
  const common = `class="t-chip${kind && ` ${kind}`}${picked}" data-key="${key}"${where}`;
  return live ? `<button type="button" ${common} aria-pressed="${key === chosen}" aria-label="${words}: ${number(value)}">${
    number(value)}</button>` : `<span ${common}>${number(value)}</span>`;
}

export const button = (what, words, off) => `<button type="button" data-do="${what}"${off ? " disabled" : ""}>${words}</button>`;

export const choice = (name, legend, options, chosen) => `<fieldset class="t-choice"><legend>${legend}</legend>${
  options.map(([value, words]) => `<label><input type="radio" name="${name}" value="${value}" data-set="${name}"${
    value === chosen ? " checked" : ""}><span>${words}</span></label>`).join("")}</fieldset>`;

// ---- The picture of a network ----
// On a wide page every part stands at its own place (--x, --y); on a narrow one the same parts are rows, one per unit.

const PITCH = 124, TOP = 72, BELOW = 66;
export const across = (k, columns) => 4 + (92 * k) / (columns - 1);
export const down = (i, count) => TOP + PITCH * (1 + i - (count - 1) / 2);
const at = (x, y) => ` style="--x:${x.toFixed(2)}%;--y:${y.toFixed(1)}px"`;

export const wordsFor = (key) => {
  const [, letter, m, i, j] = key.match(/^([Wbx])(\d*)\.(\d+)(?:\.(\d+))?$/);
  if (letter === "x") return `input ${Number(i) + 1}`;
  if (letter === "b") return `bias of unit ${Number(i) + 1} in layer ${m}`;
  const from = Number(m) ? `unit ${Number(j) + 1} of layer ${m - 1}` : `input ${Number(j) + 1}`;
  return `weight from ${from} to unit ${Number(i) + 1} of layer ${m}`;
};
export const symbolFor = (key) => {
  const [, letter, m, i, j] = key.match(/^([Wbx])(\d*)\.(\d+)(?:\.(\d+))?$/);
  return symbol(letter, letter === "x" ? undefined : m, [i, j].filter((one) => one !== undefined).map((one) => Number(one) + 1).join(","));
};

// unit: what stands in and under each; lit(m, i, j): whether the tangent goes that way; heads: where the units of a
// layer are rows, what stands over their last numbers.
export function network({ net, x, live, chosen, inputs, unit, lit, label, heads }) {
  const columns = net.length + 1, counts = [x.length, ...net.map(({ b }) => b.length)];
  const wires = net.flatMap(({ W }, m) => W.flatMap((row, i) => row.map((w, j) => {
    const kind = [w < 0 && "t-minus", lit && (lit(m, i, j) ? "t-warm" : "t-dead")].filter(Boolean).join(" ");
    return `<line class="${kind}" x1="${across(m, columns).toFixed(2)}%" y1="${down(j, counts[m])}" x2="${
      across(m + 1, columns).toFixed(2)}%" y2="${down(i, counts[m + 1])}"/>`;
  })));
  const reads = x.map((value, i) => {
    const where = at(across(0, columns), down(i, x.length));
    return `<div class="t-row">${inputs ? chip(`x.${i}`, value, { live, chosen, words: wordsFor(`x.${i}`), where, kind: "t-unit" })
      : `<span class="t-unit"${where}>${number(value)}</span>`}<span class="t-below t-of"${at(across(0, columns),
      down(i, x.length) + 35)}>${symbolFor(`x.${i}`)}</span></div>`;
  });
  const layers = net.map((layer, m) => `<div class="t-layer"><span class="t-head"${at(across(m + 1, columns), 12)}>layer ${m}${
    heads?.[m] ? `<span class="t-moves">${heads[m]}</span>` : ""}</span>${
    layer.b.map((b, i) => row(layer, m, i, { live, chosen, columns, counts, unit, lit })).join("")}</div>`);
  return `<div class="t-net" role="group" aria-label="${label}" style="--h:${TOP + 2 * PITCH + BELOW}px"><svg class="t-wires" aria-hidden="true">${
    wires.join("")}</svg><div class="t-dots" data-keep></div><div class="t-layer"><span class="t-head"${
    at(across(0, columns), 12)}>reads</span>${reads.join("")}</div>${layers.join("")}</div>`;
}

function row(layer, m, i, { live, chosen, columns, counts, unit, lit }) {
  const cx = across(m + 1, columns), cy = down(i, counts[m + 1]), start = across(m, columns);
  const chips = layer.W[i].map((w, j) => {
    const key = `W${m}.${i}.${j}`, from = down(j, counts[m]);
    return chip(key, w, { live, chosen, words: wordsFor(key), kind: lit?.(m, i, j) && key !== chosen ? "t-on" : "",
      where: at(start + 0.26 * (cx - start), from + 0.26 * (cy - from)) });
  });
  const bias = chip(`b${m}.${i}`, layer.b[i], { live, chosen, words: wordsFor(`b${m}.${i}`), kind: "t-bias", where: at(cx, cy - 37) });
  const { gives, below } = unit(m, i);
  return `<div class="t-row">${chips.join("")}${bias}<span class="t-unit"${at(cx, cy)}>${gives}</span>${
    below.map(([kind, words], k) => `<span class="t-below ${kind}"${at(cx, cy + 35 + 21 * k)}>${words}</span>`).join("")}</div>`;
}

// ---- How a figure comes alive ----

// Changes only what differs, so that focus, a slider that is being dragged and the announced sentence stay themselves.
function sync(old, fresh) {
  const olds = [...old.childNodes], news = [...fresh.childNodes];
  news.forEach((after, k) => {
    const before = olds[k];
    if (!before) old.append(after);
    else if (before.nodeName !== after.nodeName) before.replaceWith(after);
    else if (after.nodeType === Node.TEXT_NODE) { if (before.data !== after.data) before.data = after.data; }
    else if (!before.hasAttribute("data-keep")) { attributes(before, after); sync(before, after); }
  });
  olds.slice(news.length).forEach((one) => one.remove());
}

function attributes(before, after) {
  for (const { name } of [...before.attributes]) if (!after.hasAttribute(name)) before.removeAttribute(name);
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  if (before.nodeName !== "INPUT") return;
  before.checked = after.checked;
  if (before !== document.activeElement || before.type !== "number" || before.valueAsNumber !== after.valueAsNumber) before.value = after.value;
}

// figure: { view(), pick(key), act(what), set(name, value), escape(), after?(stage) }
export function mount(name, make) {
  for (const stage of globalThis.document?.querySelectorAll(`.touch[data-touch="${name}"] .t-stage`) ?? []) {
    const figure = make(JSON.parse(stage.dataset.start));
    const draw = () => {
      const fresh = stage.cloneNode(false);
      fresh.innerHTML = figure.view();
      sync(stage, fresh);
      rove(stage);
      figure.after?.(stage);
    };
    listen(stage, figure, draw);
    stage.parentElement.classList.add("t-live");
    draw();
  }
}

function listen(stage, figure, draw) {
  stage.addEventListener("click", ({ target }) => {
    const chosen = target.closest("button[data-key], button[data-do]");
    if (!chosen) return;
    chosen.dataset.key ? figure.pick(chosen.dataset.key) : figure.act(chosen.dataset.do);
    draw();
  });
  stage.addEventListener("input", ({ target }) => {
    if (target.type === "number" && !Number.isFinite(target.valueAsNumber)) return;
    figure.set(target.dataset.set, target.type === "radio" ? target.value : target.valueAsNumber);
    draw();
  });
  stage.addEventListener("focusin", ({ target }) => target.dataset.key && rove(stage, target));
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { figure.escape(); draw(); event.preventDefault(); return; }
    const next = event.target.dataset.key && neighbour(stage, event.target, event.key);
    if (next) { next.focus(); event.preventDefault(); }
  });
}

// One entry is a stop for the Tab key: the one with the focus, else the chosen one, else the first.
function rove(stage, target) {
  const chips = [...stage.querySelectorAll("button[data-key]")];
  const stop = target ?? chips.find((one) => one === document.activeElement) ?? chips.find((one) => one.getAttribute("aria-pressed") === "true") ?? chips[0];
  chips.forEach((one) => { one.tabIndex = one === stop ? 0 : -1; });
}

function neighbour(stage, from, key) {
  const chips = [...stage.querySelectorAll("button[data-key]")], here = chips.indexOf(from);
  const above = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (above) {
    const [name, i, ...rest] = from.dataset.key.split(".");
    return stage.querySelector(`button[data-key="${[name, Number(i) + above, ...rest].join(".")}"]`) ?? from;
  }
  return { ArrowLeft: chips[here - 1] ?? from, ArrowRight: chips[here + 1] ?? from, Home: chips[0], End: chips.at(-1) }[key];
}
