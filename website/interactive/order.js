// The product of a network's matrices from the right and from the left, one layer at a time; multiplications are counted.
import { apply, forward, times } from "./net.js";
import { button, choice, matrix, mount, number, phi, symbol } from "./figure.js";

const LAYERS = 3, WIDEST = 4;        // a matrix with more rows or columns is drawn as a block with its shape
const PRESETS = { "2-3-2-3": "pencil", "64-32-16-10": "digits", "10-16-32-64": "digits, turned round",
  "64-32-16-1": "one output" };

export const first = ({ nets, x }) => ({ net: nets.pencil, x, widths: [2, 3, 2, 3], step: LAYERS - 1 });

// ---- The numbers ----

// Slopes and weights: those of the pencil network, or, for other widths, small whole numbers without a meaning.
function factors({ net, x, widths }) {
  if (String(widths) === "2,3,2,3") return { W: net.map(({ W }) => W), slopes: forward(net, x).slopes };
  const table = (k, rows, columns) => Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((5 * i + 3 * j + k) % 7) - 3 || 1));
  return { W: widths.slice(1).map((rows, k) => table(k, rows, widths[k])),
    slopes: widths.slice(1).map((rows, k) => table(k + 2, 1, rows)[0].map((one) => 2 * one)) };
}

const diagonal = (v) => v.map((one, i) => v.map((_, j) => (i === j ? one : 0)));
const transpose = (rows) => rows[0].map((_, j) => rows.map((row) => row[j]));
const product = (A, B) => transpose(transpose(B).map((column) => apply(A, column)));

export function compute(state) {
  const { widths: d } = state, { W, slopes } = factors(state), last = LAYERS - 1;
  const right = [{ result: diagonal(slopes[0]), cost: 0 }], left = [{ result: diagonal(slopes[last]), cost: 0 }];
  for (let k = 1; k <= last; k++) {
    const mixed = product(W[k], right.at(-1).result);
    right.push({ result: mixed.map((row, i) => row.map((one) => slopes[k][i] * one)),
      cost: d[1] * (d[k] * d[k + 1] + d[k + 1]) });
  }
  for (let k = last; k > 0; k--) {
    const mixed = product(left.at(-1).result, W[k]);
    left.push({ result: mixed.map((row) => times(row, slopes[k - 1])), cost: d[last + 1] * (d[k] * d[k + 1] + d[k]) });
  }
  // The pushes of the other layers begin anew; the walk from the left has passed them.
  const from = (m) => d[m + 1] * sum(d.slice(m + 1, -1).map((width, k) => d[m + k + 2] * (width + 1)));
  const all = { right: sum(d.slice(1).map((_, m) => from(m))), left: sum(left.map(({ cost }) => cost)) };
  return { W, slopes, right, left, all };
}

const sum = (list) => list.reduce((total, one) => total + one, 0);

// ---- What is seen ----

export function view(state) {
  const { widths, step } = state, numbers = compute(state), { right, left } = numbers;
  const lanes = [["From the right", right, fromRight], ["From the left", left, fromLeft]].map(([head, lane, equation]) => {
    const so = (k) => number(sum(lane.slice(0, k + 1).map(({ cost }) => cost)));
    const rows = lane.slice(1).map((one, k) => `<div class="${k < step ? "" : "i-later"}">${equation(numbers, k + 1)}
<p class="i-count">${number(one.cost)} multiplications, ${so(k + 1)} so far</p></div>`);
    return `<section class="i-lane" aria-label="${head}"><p class="i-head">${head}</p>${rows.join("")}</section>`;
  });
  const inputs = widths.map((width, k) => `<label class="i-width">${k ? `layer ${k - 1}` : "inputs"}
<input type="number" min="1" max="99" step="1" value="${width}" data-set="w${k}"></label>`);
  return `<div class="i-controls">${choice("preset", "Widths", Object.entries(PRESETS), widths.join("-"))}</div>
<div class="i-controls">${inputs.join("")}</div>
<div class="i-controls">${button("back", "Back", step === 0)}${button("next", "Next", step === LAYERS - 1)}${
    button("reset", "Reset")}</div>
${lanes.join("\n")}
<p class="i-said" role="status">${said(state, numbers)}</p>
${bars(numbers)}`;
}

// A matrix with its numbers; where it is too large for that, a block that is wide and high like it.
function drawn(rows, name, how = {}) {
  const [height, width] = [rows.length, rows[0].length];
  if (Math.max(height, width) <= WIDEST) return matrix(rows, { name, ...how });
  const size = (count) => `${(0.5 + 0.75 * Math.log2(count + 1)).toFixed(2)}rem`;
  const kind = `i-block${how.lit ? " i-lit" : ""}`;
  return `<span class="i-m"><span class="i-name">${name}</span><span class="${kind}" style="width:${size(width)};height:${
    size(height)}"></span><span class="i-shape">${height} × ${width}</span></span>`;
}

const lit = () => true, EQUALS = `<span class="i-op">=</span>`;
const slopes = (k) => `diag ${phi(`${k}′`)}`;
const row = (words, parts) => `<div class="i-eq" role="math" aria-label="${words}">${parts.join("")}</div>`;

function fromRight({ W, slopes: s, right }, k) {
  const done = k === LAYERS - 1;
  const words = `slopes of layer ${k}, times W ${k}, times what came before${done ? ", is D 0" : ""}`;
  const before = drawn(right[k - 1].result, k === 1 ? slopes(0) : "");
  const after = drawn(right[k].result, done ? symbol("D", 0) : "", done ? { lit } : {});
  return row(words, [drawn(diagonal(s[k]), slopes(k)), drawn(W[k], symbol("W", k)), before, EQUALS, after]);
}

function fromLeft({ W, slopes: s, left }, step) {
  const k = LAYERS - step;
  const words = `D ${k}, times W ${k}, times the slopes of layer ${k - 1}, is D ${k - 1}`;
  const before = drawn(left[step - 1].result, symbol("D", k), { lit });
  const after = drawn(left[step].result, symbol("D", k - 1), { lit });
  return row(words, [before, drawn(W[k], symbol("W", k)), drawn(diagonal(s[k - 1]), slopes(k - 1)), EQUALS, after]);
}

function said({ step }, { right, left, all }) {
  const cost = (lane) => number(sum(lane.slice(0, step + 1).map((one) => one.cost)));
  if (!step) return "Nothing is multiplied yet. From the left, the D of the last layer is there already: its slopes.";
  if (step < LAYERS - 1) {
    return `After ${cost(right)} multiplications from the right, nothing is known of an output yet; after ${cost(left)} `
      + "from the left, the D of two layers.";
  }
  const [more, less] = all.right > all.left ? ["right", "left"] : ["left", "right"];
  const factor = number(all[more] / all[less], 3);
  const verdict = all.right === all.left ? "both cost the same"
    : `the ${less} wins, by ${factor === "1" ? "less than one percent" : `a factor of ${factor}`}`;
  return `Both give the same D of layer 0, for ${cost(right)} multiplications from the right and ${cost(left)} from the `
    + `left. From the right, each other layer begins anew, ${number(all.right)} in all; from the left, all layers are done: `
    + `${verdict}.`;
}

function bars({ all }) {
  const most = Math.max(all.right, all.left);
  const part = (name) => `width:${((100 * all[name]) / most).toFixed(1)}%`;
  const bar = (name) => `<div class="i-bar"><span>all layers, from the ${name}</span><span class="i-track"><i style="${
    part(name)}"></i></span><b>${number(all[name])}</b></div>`;
  return `<div class="i-bars">${bar("right")}${bar("left")}</div>`;
}

const width = (k) => ({ widths }, value) => (Number.isInteger(value) && value >= 1 && value <= 99
  ? { widths: widths.map((old, at) => (at === k ? value : old)) } : {});

mount("order", { first, view, changes: {
  preset: (_, words) => ({ widths: words.split("-").map(Number) }),
  back: ({ step }) => ({ step: Math.max(0, step - 1) }),
  next: ({ step }) => ({ step: Math.min(LAYERS - 1, step + 1) }),
  w0: width(0), w1: width(1), w2: width(2), w3: width(3),
} });
