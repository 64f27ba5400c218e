// The path of a derivative: the tangent starts at one weight or bias, and every layer mixes and stretches it.
import { forward, get, mixes, place, push, put } from "./net.js";
import { across, button, choice, column, down, matrix, mount, network, number, phi, slope, symbol, symbolFor, vector, wordsFor } from "./touch.js";

const LAYER = 750;       // milliseconds that the tangent takes through one layer
const STEPS = 20;        // the slider's steps to each side
const NAMES = { right: "as meant", a: "misread: slope at φ(z)", dots: "misread: dots are ⊙" };
const unit = (i, d) => Array.from({ length: d }, (_, k) => (k === i ? 1 : 0));

// ---- The numbers ----

const ends = (state, value, r) => forward(...Object.values(put(state, state.chosen, value))).y[r];

// The widest of 1, 0.5, 0.2 … to which the curve stays near its tangent, so that both fill the picture.
function span(state, slope, r) {
  const at = get(state, state.chosen), middle = ends(state, at, r);
  const bend = (s) => Math.max(...[-s, s].map((d) => Math.abs(ends(state, at + d, r) - middle - slope * d)));
  const widths = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  return widths.find((s) => bend(s) <= 0.5 * Math.abs(slope) * s) ?? 0.1;
}

// The output that is drawn: the one that was asked for; but if a wrong reading hardly misses that, the one it misses most.
function drawn({ output, insisted }, wrong, right) {
  const miss = wrong.map((one, k) => Math.abs(one - right[k]) / (Math.abs(right[k]) || 1));
  return insisted || miss[output] > 0.5 ? output : Math.max(...miss) > 0 ? miss.indexOf(Math.max(...miss)) : output;
}

function compute(state) {
  const trace = forward(state.net, state.x), from = place(state.chosen);
  const { p, v } = push(state.net, trace, from, state.reading), right = push(state.net, trace, from).v;
  const r = drawn(state, v.at(-1), right.at(-1)), at = get(state, state.chosen), s = span(state, right.at(-1)[r], r), d = (s * state.step) / STEPS;
  const ys = Array.from({ length: 81 }, (_, k) => ends(state, at + s * (k / 40 - 1), r));
  return { trace, p, v, right: right.at(-1), output: r, plot: { at, s, d, ys, moved: ends(state, at + d, r) } };
}

// ---- What is seen ----

function view(state, numbers) {
  const { net, x, live, chosen, reading } = state, { trace, v, output } = numbers, { m, i, j } = place(chosen);
  const wrong = misses(numbers), warm = wrong ? "t-misread" : "t-tangent";
  const lit = (k, a, b) => (k === m ? a === i && b === j : k > m && v[k - m - 1][b] !== 0 && (mixes(k, m, reading) ? net[k].W[a][b] !== 0 : a === b));
  const below = (k, a) => [["t-slope", `${phi("′")} ${number(trace.slopes[k][a])}`],
    [k < m ? "" : v[k - m][a] ? warm : "t-zero", k < m ? "" : number(v[k - m][a])]];
  return `<div class="t-controls">${choice("which", "Network", [["pencil", "pencil"], ["twin", "its twin"]], state.which)}${button("travel", "Play again")}${button("reset", "Reset")}</div>
<div class="${wrong ? "t-wrong" : ""}">${network({ net, x, live, chosen, lit, label: "Weights and biases",
    heads: net.map((_, k) => (k < m ? "" : "moves by")),
    unit: (k, a) => ({ gives: number((trace.inputs[k + 1] ?? trace.y)[a]), below: below(k, a) }) })}</div>
<p class="t-said" role="status">${said(state, numbers)}</p>
<div class="t-formula" role="math" aria-label="The derivative of the outputs by the ${wordsFor(chosen)}, layer by layer">${source(state)}</div>
<div class="t-eqs ${wrong ? "t-wrong" : ""}">${net.map((_, k) => equation(state, numbers, k)).join("")}</div>
<div class="t-controls">${choice("reading", "Formula", Object.entries(NAMES), reading)}<span class="t-note">${
    reading === "right" || wrong ? "" : excuse(state)}</span></div>
<div class="t-controls">${choice("output", "Output", net.at(-1).b.map((_, k) => [String(k), String(k + 1)]), String(output))}${slider(state, numbers)}</div>
${plot(state, numbers)}`;
}

// Where a wrong reading gives the right numbers, that is said beside its name.
const excuse = ({ net, chosen, reading }) => `not wrong ${
  reading === "dots" && net.length - place(chosen).m <= 3 ? "so near the end" : "here"}`;
const misses = ({ v, right }) => v.at(-1).some((one, k) => one !== right[k]);
const slopeName = (k, reading) => slope(k, reading === "a" ? `${phi(k)}(${symbol("z", k)})` : undefined);

// The source's formula for this weight or bias, from the outside in.
function source({ net, chosen, reading }) {
  const { m, i, j } = place(chosen), n = net.length - 1;
  let words = `<span class="t-s">${symbol("O", undefined, i + 1)} ${slopeName(m, reading)}${j === undefined ? "" : ` ${symbol("o", undefined, j + 1)} ${
    m ? `<span class="t-s">${phi(m - 1)}(${symbol("z", m - 1)})</span>` : symbol("x")}`}</span>`;
  for (let k = m + 1; k <= n; k++) words = `${slopeName(k, reading)} ⊙ (${mixes(k, m, reading) ? `${symbol("W", k)} (${words})` : words})`;
  return `<span class="t-d">∂${symbol("ŷ")} / ∂${symbolFor(chosen)}</span> = ${words}`;
}

// One layer of it with its numbers: the start is v = O_i p (o_j a), every later layer v = p ⊙ (W v).
function equation({ net, chosen, reading }, { trace, p, v }, k) {
  const { m, i, j } = place(chosen);
  if (k < m) return `<div class="t-eq t-rest">Layer ${k} comes before: it does not move.</div>`;
  const gives = v[k - m], lit = { lit: () => true };
  const result = `<span class="t-op">=</span>${column(gives, { ...lit, name: symbol("v", k) })}`;
  const stretch = column(p[k], { name: slopeName(k, reading) });
  if (k > m) {
    const mix = mixes(k, m, reading);
    return `<div class="t-eq" role="math" aria-label="v ${k}: ${vector(p[k])} times, element by element, ${mix ? `W ${k} times ` : ""}${vector(v[k - m - 1])} is ${
      vector(gives)}">${stretch}<span class="t-op">⊙</span>${mix ? matrix(net[k].W, { name: symbol("W", k) }) : ""}${
      column(v[k - m - 1], { ...lit, name: symbol("v", k - 1) })}${result}</div>`;
  }
  const reads = trace.inputs[m], O = gives.map((_, a) => (a === i ? unit(i, gives.length) : gives.map(() => 0)));
  return `<div class="t-eq" role="math" aria-label="v ${k}: O ${i + 1} times ${vector(p[k])}${j === undefined ? "" : ` times o ${j + 1} times ${vector(reads)}`} is ${
    vector(gives)}">${matrix(O, { name: symbol("O", undefined, i + 1), picked: (a, b) => a === i && b === i })}${stretch}${
    j === undefined ? "" : `<span class="t-op">·</span>${matrix([unit(j, reads.length)], { name: symbol("o", undefined, j + 1), picked: (_, b) => b === j })}${
      column(reads, { name: m ? symbol("a", m) : symbol("x"), picked: (a) => a === j })}`}${result}</div>`;
}

function said({ chosen, net, reading, changed, output: asked }, numbers) {
  const { m, i, j } = place(chosen), { trace, p, v, right, output, plot } = numbers;
  if (changed && plot.d) return `The ${wordsFor(chosen)} moved by ${number(plot.d)}: output ${output + 1} is ${number(plot.moved)}, the secant's slope ${
    number(secant(numbers))}, the tangent's ${number(right[output])}.`;
  if (changed) return `The step is 0: only the tangent is left, with slope ${number(right[output])}.`;
  const given = p[m][i] === trace.slopes[m][i] ? `meets the slope ${number(p[m][i])}`
    : `is given the slope ${number(p[m][i])} in place of ${number(trace.slopes[m][i])}`;
  const start = `The ${wordsFor(chosen)} ${j === undefined ? "" : `carries ${number(trace.inputs[m][j])} and `}${given}`;
  const way = v.map((one, k) => `${m + k === net.length - 1 ? "the outputs" : `layer ${m + k}`} ${k ? "" : "by "}${vector(one)}`).join(", ");
  if (misses(numbers)) return `${start}. Misread, the formula claims that per unit of it these move: ${way}. In truth the outputs move by ${vector(right)}.${
    output === asked ? "" : ` Output ${output + 1} is drawn, as it is missed most.`}`;
  return `${start}. Per unit of it, these move: ${way}.`;
}

const has = ({ net }, key) => place(key).m < net.length;
const secant = ({ plot: { at, s, d, ys, moved } }) => (moved - ys[40]) / d;

const slider = ({ chosen, step }, { plot: { d } }) => `<label class="t-slide"><span>step Δ of ${symbolFor(chosen)} <span class="t-by">${number(d)}</span></span><input type="range" min="-${
  STEPS}" max="${STEPS}" step="1" value="${step}" data-set="step" aria-valuetext="${number(d)}"></label>`;

// The curve of one output along the chosen number, in a box 100 wide and high; words stand beside it as HTML.
function plot({ chosen, reading }, numbers) {
  const { v, right, output, plot: { at, s, d, ys, moved } } = numbers, wrong = v.at(-1)[output] !== right[output];
  const middle = ys[40], line = (rate) => [middle - rate * s, middle + rate * s];
  const all = [...ys, ...line(right[output])], low = Math.min(...all), high = Math.max(...all, low + 1e-9);
  const X = (t) => (50 + (50 * t) / s).toFixed(2), Y = (y) => (96 - (92 * (y - low)) / (high - low)).toFixed(2);
  const straight = (kind, rate) => `<path class="${kind}" d="M${X(-s)} ${Y(middle - rate * s)}L${X(s)} ${Y(middle + rate * s)}"/>`;
  const rate = v.at(-1)[output], end = rate ? Math.min(s, ((rate > 0 ? high : low) - middle) / rate) : s, far = end > 0.6 * s;
  const tag = wrong ? `<span class="t-tag${far ? " t-left" : ""}${rate > 0 ? "" : " t-up"}" style="--x:${X(end)}%;--y:${Y(middle + rate * end)}%">misread</span>` : "";
  const dot = (kind, t, y) => `<span class="t-point ${kind}" style="--x:${X(t)}%;--y:${Y(y)}%"></span>`;
  const words = `Output ${output + 1} against the ${wordsFor(chosen)}: the tangent at ${number(at)} has slope ${number(right[output])}${
    d ? `, the secant to ${number(at + d)} slope ${number(secant(numbers))}` : ""}${wrong ? `; the misread slope ${number(v.at(-1)[output])} misses the curve` : ""}.`;
  return `<div class="t-plot" role="img" aria-label="${words}"><svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><path class="t-curve" d="M${
    ys.map((y, k) => `${X(s * (k / 40 - 1))} ${Y(y)}`).join("L")}"/>${d ? straight("t-secant", secant(numbers)) : ""}${
    wrong ? straight("t-miss", v.at(-1)[output]) : ""}${straight("t-touching", right[output])}</svg>${tag}${dot("", 0, middle)}${d ? dot("t-moved", d, moved) : ""}</div>
<div class="t-axis"><span>${number(at - s)}</span><span>${symbolFor(chosen)} = ${number(at)}</span><span>${number(at + s)}</span></div>
<p class="t-key"><span class="t-k-curve">${symbol("ŷ", undefined, output + 1)} = ${number(d ? moved : middle)} at ${number(at + d, 6)}</span><span class="t-k-touching">tangent ${
    number(right[output])}</span>${d ? `<span class="t-k-secant">secant ${number(secant(numbers))}</span>` : ""}${
    wrong ? `<span class="t-k-miss">misread ${number(v.at(-1)[output])}</span>` : ""}</p>`;
}

export const still = ({ state, numbers = compute(state) }) => view(state, numbers);

// ---- The travel ----

function travel(stage, { net, chosen }) {
  stop(stage);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const { m } = place(chosen), columns = net.length + 1, counts = [net[0].W[0].length, ...net.map(({ b }) => b.length)];
  const lines = [...stage.querySelectorAll(".t-wires line")], rows = stage.querySelectorAll(".t-eq");
  const dots = stage.querySelector(".t-dots"), units = stage.querySelectorAll(".t-layer");
  let at = 0;
  net.forEach(({ W }, k) => W.forEach((row, i) => row.forEach((_, j) => {
    if (!lines[at++].classList.contains("t-warm")) return;
    const dot = dots.appendChild(document.createElement("i"));
    dot.animate([[k, j, 0], [k + 1, i, 1]].map(([c, u, far]) => ({
      left: `${across(c, columns)}%`, top: `${down(u, counts[k + far])}px`, opacity: 1 })),
    { duration: LAYER, delay: (k - m) * LAYER, easing: "ease-in-out" }).finished.then(() => dot.remove(), () => dot.remove());
  })));
  for (let k = m; k < net.length; k++) {
    const seen = [...units[k + 1].querySelectorAll(".t-row > :last-child"), rows[k]];
    for (const one of seen) one.animate([{ opacity: 0 }, { opacity: 0, offset: 0.7 }, { opacity: 1 }], { duration: (k - m + 1) * LAYER, easing: "linear" });
  }
}

const stop = (stage) => stage.getAnimations({ subtree: true }).filter((one) => !one.transitionProperty).forEach((one) => one.cancel());

// The moved point can be taken by hand: where the pointer is, there the weight goes.
function drag(stage, set) {
  stage.addEventListener("pointerdown", (event) => {
    const box = event.target.closest(".t-plot");
    if (!box) return;
    const follow = ({ clientX }) => {
      const { left, width } = box.getBoundingClientRect();
      set(Math.max(-STEPS, Math.min(STEPS, Math.round(((clientX - left) / width - 0.5) * 2 * STEPS))));
    };
    box.setPointerCapture(event.pointerId);
    follow(event);
    box.addEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => box.removeEventListener("pointermove", follow), { once: true });
  });
}

mount("path", (start) => {
  const first = () => ({ ...start.state, live: true });
  let state = first(), going = false, hand = false;
  const sets = {
    which: (which) => ({ ...start.nets[which], which, chosen: has(start.nets[which], state.chosen) ? state.chosen : start.state.chosen }),
    reading: (reading) => ({ reading }),
    output: (output) => ({ output: Number(output), insisted: true }),
    step: (step) => ({ step, changed: true, insisted: state.insisted }),
  };
  const slide = (stage) => (step) => {
    const slider = stage.querySelector("[type=range]");
    slider.value = step;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  return {
    view: () => view(state, compute(state)),
    pick: (chosen) => { state = { ...state, chosen, changed: false, insisted: false }; going = true; },
    act: (what) => { state = what === "reset" ? first() : { ...state, changed: false }; going = what === "travel"; },
    set: (name, value) => { state = { ...state, changed: false, insisted: false, ...sets[name](value) }; },
    escape: () => { state = first(); },
    after(stage) {
      if (going) travel(stage, state);
      else if (!state.changed) stop(stage);
      if (!hand) drag(stage, slide(stage));
      [going, hand] = [false, true];
    },
  };
});
