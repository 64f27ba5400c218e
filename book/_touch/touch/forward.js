// The forward pass, one step at a time: z, then φ, layer by layer, every number with the sum that made it.
import { forward, get, put } from "./net.js";
import { button, mount, network, number, signed, symbol, symbolFor, vector, wordsFor } from "./touch.js";

// The step at which a layer's z, and then what it gives, is known; step 0 knows x alone.
const zAt = (m) => 2 * m + 1, aAt = (m) => 2 * m + 2;

function view(state, trace) {
  const { net, x, step, chosen, live } = state;
  const gives = (m) => trace.inputs[m + 1] ?? trace.y;
  const unit = (m, i) => ({
    gives: step >= aAt(m) ? number(gives(m)[i]) : "",
    below: [["t-z", step >= zAt(m) ? `<i>z</i> ${number(trace.z[m][i])}` : "<i>z</i> …"]],
  });
  return `${network({ net, x, live, chosen, inputs: true, unit, label: "Inputs, weights and biases" })}
<div class="t-controls">${button("back", "Back", step === 0)}${button("next", "Next", step === 2 * net.length)}${
    button("all", "All", step === 2 * net.length)}${editor(state)}${button("reset", "Reset")}</div>
<p class="t-said" role="status">${said(state, trace)}</p>
<div class="t-sums">${
    net.map((layer, m) => `<div>${layer.b.map((_, i) => sum(state, trace, m, i)).join("")}</div>`).join("")}</div>`;
}

const editor = ({ net, x, chosen }) => `<span class="t-edit"><span>${symbolFor(chosen)}</span>${
  `<button type="button" data-do="less" aria-label="${wordsFor(chosen)}, one less">−</button>`}<input type="number" step="any" data-set="value" value="${
  get({ net, x }, chosen)}" aria-label="${wordsFor(chosen)}">${
  `<button type="button" data-do="more" aria-label="${wordsFor(chosen)}, one more">+</button>`}</span>`;

function sum({ net, step, chosen }, trace, m, i) {
  const z = trace.z[m][i], now = step === zAt(m) || step === aAt(m);
  const terms = net[m].W[i].map((w, j) => `${j ? (w < 0 ? " − " : " + ") + number(Math.abs(w)) : number(w)}&nbsp;·&nbsp;${signed(trace.inputs[m][j])}`);
  const bias = net[m].b[i];
  const known = (from, words) => `<span class="${step >= from ? (step === from ? "t-now" : "") : "t-later"}">${words}</span>`;
  return `<div class="t-sum${now ? " t-at" : ""}">${known(zAt(m), `${symbol("z", m, i + 1)} = ${terms.join("")} ${
    bias < 0 ? "−" : "+"} ${number(Math.abs(bias))} = <b>${number(z)}</b>`)}${known(aAt(m), `<i>ϕ</i>(${number(z)}) = ${
    signed(z)}<sup>2</sup> = <b>${number((trace.inputs[m + 1] ?? trace.y)[i])}</b>`)}</div>`;
}

function said({ x, net, step, chosen, changed }, trace) {
  const m = Math.ceil(step / 2) - 1, end = step === 2 * net.length;
  const what = changed ? `The ${wordsFor(chosen)} is now ${number(get({ net, x }, chosen))}. ` : "";
  if (!step) return `${what}The network reads ${vector(x)}. Nothing is computed yet.`;
  if (step === zAt(m)) return `${what}Layer ${m} multiplies by its weights and adds its biases: z is ${vector(trace.z[m])}.`;
  return `${what}${end ? "The last layer squares each: the network answers" : `Layer ${m} squares each and gives`} ${vector(trace.inputs[m + 1] ?? trace.y)}.`;
}

export const still = ({ state, numbers }) => view(state, numbers);

mount("forward", (start) => {
  let state = { ...start, live: true };
  const last = 2 * start.net.length;
  const change = (value) => { state = { ...state, ...put(state, state.chosen, value), changed: true }; };
  const actions = {
    back: () => { state = { ...state, step: Math.max(0, state.step - 1), changed: false }; },
    next: () => { state = { ...state, step: Math.min(last, state.step + 1), changed: false }; },
    all: () => { state = { ...state, step: last, changed: false }; },
    less: () => change(get(state, state.chosen) - 1),
    more: () => change(get(state, state.chosen) + 1),
    reset: () => { state = { ...start, live: true }; },
  };
  return {
    view: () => view(state, forward(state.net, state.x)),
    pick: (key) => { state = { ...state, chosen: key, changed: false }; },
    act: (what) => actions[what](),
    set: (_, value) => change(value),
    escape: actions.reset,
  };
});
