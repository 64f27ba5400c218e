// A small network learns: its regions, its loss, and the next step of one of its numbers. All points make each step.
// A planted bug changes the gradient; then a second network, without the bug, learns beside it from the same weights.
import { PHI, apply, forward, times } from "./net.js";
import { button, choice, mount, number, phi, place, steady, symbol, symbolFor } from "./figure.js";

const OPENS = 150, LAST = 2000;                  // steps of the still figure, and those after which Play ends
const MU = 0.9, BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8, NUDGE = 1e-6;
const PACE = [2, 40], CALM = [20, 1000];         // steps at a time, milliseconds of rest between: usual, and reduced motion

const CHOICES = {
  data: ["Data", { spiral: "spiral", moons: "two moons" }],
  widths: ["Widths", ["2-4-2", "2-8-2", "2-8-8-2", "2-16-16-2"]],
  phi: ["<i>ϕ</i>", ["tanh", "relu", "sigmoid"]],
  rule: ["Rule", { sgd: "SGD", momentum: "momentum", adam: "Adam" }],
  rate: ["<i>η</i>", ["0.01", "0.03", "0.1", "0.3", "1"]],
  bug: ["Planted bug", { none: "none", mean: "no 1/N", slope: "slope left out", bias: "bias forgotten" }],
};

export const first = () => ({ data: "spiral", widths: "2-8-8-2", phi: "tanh", rule: "adam", rate: "0.01", bug: "none",
  watched: "W0.0.0", steps: OPENS });

// ---- The data and the first weights: a small generator of whole numbers draws them, the same in every language ----

const generator = (seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const short = (value) => Math.floor(100 * value + 0.5) / 100;

const EACH = 50;                                 // points of each class
const round = (turn, radius, x, y) => [x + radius * Math.cos(turn), y + radius * Math.sin(turn)];
const ARMS = {       // where the centre of an arm is, for s from 0 to 1
  moons: [(s) => round(Math.PI * s, 1.1, -0.5, -0.25), (s) => round(Math.PI * (s + 1), 1.1, 0.5, 0.25)],
  spiral: [0, 1].map((k) => (s) => round(Math.PI * (2.5 * s + k), 0.25 + 1.45 * s, 0, 0)),
};
const SETS = Object.fromEntries(Object.entries(ARMS).map(([name, arms]) => {
  const draw = generator(2022), points = Array.from({ length: 2 * EACH }, (_, n) => n);
  const labels = points.map((n) => Math.floor(n / EACH));
  const centre = (n) => arms[labels[n]]((n % EACH) / (EACH - 1));
  const X = points.map((n) => centre(n).map((one) => short(one + 0.3 * (draw() - 0.5))));
  return [name, { X, labels }];
}));

const numbersOf = (words) => words.split("-").map(Number);

// Weights between −√(3/d) and √(3/d), where a unit reads d numbers; biases 0. In one vector, as nnlib's `flat` has it:
// layer by layer, W row by row, then b.
function firstWeights(d) {
  const draw = generator(9);
  return d.slice(1).flatMap((rows, m) => [
    ...Array.from({ length: rows * d[m] }, () => short((2 * draw() - 1) * Math.sqrt(3 / d[m]))), ...Array(rows).fill(0)]);
}

// ---- The numbers ----

function shaped(theta, d, name) {
  let at = 0;
  const take = (count) => theta.slice(at, at += count);
  return d.slice(1).map((rows, m) => ({ W: Array.from({ length: rows }, () => take(d[m])), b: take(rows),
    phi: m < d.length - 2 ? name : "identity" }));
}

const spot = (key, d) => {
  const { letter, m, i, j } = place(key);
  const before = d.slice(1, m + 1).reduce((sum, rows, k) => sum + rows * (d[k] + 1), 0);
  return before + (letter === "W" ? i * d[m] + j : d[m + 1] * d[m] + i);
};

function answer(y, label) {
  const top = Math.max(...y), powers = y.map((z) => Math.exp(z - top));
  const total = powers.reduce((sum, one) => sum + one, 0);
  return { loss: Math.log(total) + top - y[label],
    miss: powers.map((one, k) => one / total - (k === label ? 1 : 0)) };
}

// What the network answers, as `forward` has it, without what only a derivative needs.
const scores = (net, x) => net.reduce((a, { W, b, phi: name }) => apply(W, a).map((sum, i) => PHI[name].f(sum + b[i])), x);

const lossOf = (net, { X, labels }) =>
  X.reduce((sum, x, n) => sum + answer(scores(net, x), labels[n]).loss, 0) / X.length;

// The mean cross-entropy, its gradient as one vector, as it is or with a bug, and which points are right.
function gradient(net, { X, labels }, bug) {
  const parts = net.map(({ W, b }) => ({ W: W.map((row) => row.map(() => 0)), b: b.map(() => 0) })), hits = [];
  let loss = 0;
  X.forEach((x, n) => {
    const { y, inputs, slopes } = forward(net, x), { loss: one, miss } = answer(y, labels[n]);
    loss += one / X.length;
    hits.push(miss[labels[n]] > -0.5);
    let delta = miss.map((part) => part / (bug === "mean" ? 1 : X.length));
    for (let m = net.length - 1; m >= 0; m--) {
      delta.forEach((part, i) => {
        const row = parts[m].W[i];
        inputs[m].forEach((a, j) => { row[j] += part * a; });
        if (bug !== "bias") parts[m].b[i] += part;
      });
      if (!m) break;
      const asked = inputs[m].map((_, j) => delta.reduce((sum, part, i) => sum + part * net[m].W[i][j], 0));
      delta = bug === "slope" ? asked : times(asked, slopes[m - 1]);
    }
  });
  return { loss, hits, g: parts.flatMap(({ W, b }) => [...W.flat(), ...b]) };
}

// One step of all numbers: v is the velocity of SGD, m and s are Adam's means.
function step({ rule, rate }, { theta, t, v, m, s }, g) {
  const eta = Number(rate), mu = rule === "momentum" ? MU : 0;
  if (rule !== "adam") {
    const faster = v.map((old, k) => mu * old + g[k]);
    return { theta: theta.map((one, k) => one - eta * faster[k]), t: t + 1, v: faster, m, s };
  }
  const means = m.map((old, k) => BETA1 * old + (1 - BETA1) * g[k]);
  const squares = s.map((old, k) => BETA2 * old + (1 - BETA2) * g[k] ** 2);
  const { mHat, sHat } = fair(t + 1, means, squares);
  const moved = theta.map((one, k) => one - (eta * mHat[k]) / (Math.sqrt(sHat[k]) + EPSILON));
  return { theta: moved, t: t + 1, v, m: means, s: squares };
}
const fair = (t, m, s) => ({ mHat: m.map((one) => one / (1 - BETA1 ** t)), sHat: s.map((one) => one / (1 - BETA2 ** t)) });

// A run: the numbers of the network, what the rule remembers, the gradient there, and every loss so far.
function look({ data, widths, phi: name }, at, bug, losses) {
  const net = shaped(at.theta, numbersOf(widths), name), seen = gradient(net, SETS[data], bug);
  return { ...at, ...seen, net, losses: [...losses, seen.loss] };
}

function begun(state) {
  const theta = firstWeights(numbersOf(state.widths)), none = theta.map(() => 0);
  const start = (bug) => look(state, { theta, t: 0, v: none, m: none, s: none }, bug, []);
  return { run: start(state.bug), twin: state.bug === "none" ? null : start("none") };
}

const goesOn = ({ loss, t }) => Number.isFinite(loss) && t < LAST;
const onward = (state, run, bug) => look(state, step(state, run, run.g), bug, run.losses);

function advanced(state, { run, twin }, steps) {
  for (let k = 0; k < steps && goesOn(run); k++) {
    run = onward(state, run, state.bug);
    twin = twin && onward(state, twin, "none");
  }
  return { run, twin };
}

const lived = (state) => (state.run ? { run: state.run, twin: state.twin }
  : advanced(state, begun(state), state.steps));

export function compute(state) {
  const { run, twin } = lived(state), d = numbersOf(state.widths), at = spot(state.watched, d);
  const nudged = [NUDGE, -NUDGE].map((by) => {
    const theta = run.theta.map((one, k) => (k === at ? one + by : one));
    return lossOf(shaped(theta, d, state.phi), SETS[state.data]);
  });
  const next = step(state, run, run.g);
  return { run, twin, at, next, ...fair(next.t, next.m, next.s), nudged: (nudged[0] - nudged[1]) / (2 * NUDGE) };
}

// ---- What is seen ----

const LONG = "−8.88×10⁻¹⁰";                      // as long as a number with three digits becomes
const three = (value) => number(value, 3, 1e-3);
const factor = (value, power = "") => {
  const words = three(value);
  return value < 0 || (power && words.includes("×")) ? `(${words})${power}` : words + power;
};

export function view(state) {
  const numbers = compute(state), { run } = numbers;
  const choices = Object.entries(CHOICES).map(([name, [legend, options]]) =>
    choice(name, legend, Array.isArray(options) ? options.map((one) => [one, one]) : Object.entries(options), state[name]));
  const watched = numbersOf(state.widths).slice(1).flatMap((_, m) => [`W${m}.0.0`, `b${m}.0`]);
  const follow = choice("watched", "The next step of", watched.map((key) => [key, symbolFor(key)]), state.watched);
  const going = state.running ? button("pause", "Pause") : button("play", "Play");
  return `<div class="i-controls">${choices.join("")}</div>
<div class="i-controls">${going}${button("once", "One step", !goesOn(run))}${button("anew", "Reset")}</div>
<div class="i-learns">${plane(state, run)}<div class="i-losses">${curves(numbers)}
<p class="i-said" role="status"${state.running ? ' aria-live="off"' : ""}>${said(state, numbers)}</p></div></div>
<div class="i-controls">${follow}</div>
<div class="i-update">${update(state, numbers).join("")}</div>
<p class="i-said">${steady(nudge(state, numbers), nudgeSays(state, LONG, `${LONG} times that`))}</p>`;
}

const right = ({ hits }) => hits.filter(Boolean).length;

const ENDLESS = " It is no longer finite: press Reset, and take a smaller rate.";

function said(state, { run, twin }) {
  const says = (t, loss, hits, other, its, end) => `Step ${t}: the loss is ${loss}, and ${hits} of ${run.hits.length
  } points are right.${twin ? ` Without the bug it is ${other}, and ${its} are right.` : ""}${end}`;
  const end = !Number.isFinite(run.loss) ? ENDLESS : run.t >= LAST ? " Play ends here."
    : state.run ? "" : " Play begins at the first weights.";
  return steady(says(run.t, three(run.loss), right(run), twin && three(twin.loss), twin && right(twin), end),
    says(LAST, LONG, EACH, LONG, EACH, ENDLESS));
}

// The nudge moves the watched number both ways and looks at the loss; it knows nothing of slopes.
function nudge(state, { run, at, nudged }) {
  const { watched, bug, phi: name } = state;
  if (!Number.isFinite(nudged)) return "Where the loss is no number, a nudge says nothing.";
  const [nudge, own] = Math.abs(nudged) < 1e-7 ? ["0 to seven digits", three(run.g[at])]
    : [three(nudged), `${three(run.g[at] / nudged)} times that`];
  const kink = bug === "none" && name === "relu" && Math.abs(run.g[at] - nudged) > 1e-6 + 0.01 * Math.abs(nudged);
  return kink ? `${nudging(watched)} ${nudge}, over a kink of relu; the derivative is ${three(run.g[at])}.`
    : nudgeSays(state, nudge, own);
}

const nudging = (watched) => `A nudge of ${symbolFor(watched)} both ways says`;
const nudgeSays = ({ watched, bug, rule, rate }, nudge, own) =>
  `${nudging(watched)} ${nudge}, and the program’s derivative is ${own}. ${wrong(bug, rule, rate)}`;

function wrong(bug, rule, rate, count = 2 * EACH) {
  if (bug === "slope") {
    return `Between layers ${phi("′")} is left out: the last layer’s derivatives are right, others lack a factor.`;
  }
  if (bug === "bias") return "The derivatives of the biases are left at 0: no bias moves. Those of the weights are right.";
  if (bug === "none") return "";
  return `Without 1/N every derivative is ${count} times as large as it should be. ${rule === "adam"
    ? "Adam divides by the size of the derivatives: its steps stay nearly the same, and the loss may not tell."
    : `Every step is as long as with <i>η</i> = ${three(count * Number(rate))}.`}`;
}

// The equations of a step, for all numbers at once, and beside each what it says of the one that is watched.
function update({ rule, rate }, { run, next, at, mHat, sHat }) {
  const [g, v, m, s] = ["g", "v", "m", "s"].map((one) => symbol(one)), theta = "<i>θ</i>";
  const hat = (one) => `<span class="i-hat">${one}</span>`;
  // What stands in the middle is a function of how a factor is written: as it is, or as long as it may become.
  const long = (value, power = "") => `(${LONG})${power}`;
  const row = (left, middle, gives) => `<div><span>${left}</span><span>${middle ? steady(middle(factor), middle(long)) : ""
  }</span><span>${gives}</span></div>`;
  const gradient = row(`${g} = <span class="i-d">∂<i>L</i> / ∂${theta}</span>`, null, three(run.g[at]));
  const move = (letter, middle) => row(`${theta} ← ${theta} − <i>η</i> ${letter}`, (shown) =>
    `${shown === long ? "−0.00888888" : number(run.theta[at], 6)} − ${rate} · ${middle(shown)}`,
  number(next.theta[at], 6));
  if (rule === "sgd") return [gradient, move(g, (shown) => shown(run.g[at]))];
  if (rule === "momentum") {
    const sum = (shown) => `${MU} · ${shown(run.v[at])} + ${shown(run.g[at])}`;
    return [gradient, row(`${v} ← <i>μ</i> ${v} + ${g}`, sum, three(next.v[at])), move(v, (shown) => shown(next.v[at]))];
  }
  const adam = [["m", m, BETA1, 0.1, 1, "", mHat], ["s", s, BETA2, 0.001, 2, "²", sHat]];
  const means = adam.map(([name, letter, beta, rest, k, power]) => {
    const b = `<i>β</i><sub>${k}</sub>`;
    return row(`${letter} ← ${b} ${letter} + (1 − ${b}) ${g}${power}`,
      (shown) => `${beta} · ${shown(run[name][at])} + ${rest} · ${shown(run.g[at], power)}`, three(next[name][at]));
  });
  const fairer = adam.map(([name, letter, beta, , k, , fresh]) =>
    row(`${hat(letter)} = ${letter} / (1 − <i>β</i><sub>${k}</sub><sup><i>t</i></sup>)`,
      (shown) => `${shown(next[name][at])} / (1 − ${beta}<sup>${next.t}</sup>)`, three(fresh[at])));
  return [gradient, ...means, ...fairer,
    move(`${hat(m)} / (√${hat(s)} + <i>ε</i>)`, (shown) =>
      `${shown(mHat[at])} / (√(${shown === long ? LONG : three(sHat[at])}) + 10⁻⁸)`)];
}

// ---- The plane: −REACH … REACH both ways; where the second score is the higher one, it is hatched ----

const CELLS = 32, REACH = 2, CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];

function plane({ data }, { net, hits }) {
  const { X, labels } = SETS[data], to = (x) => ((CELLS * (x + REACH)) / (2 * REACH)).toFixed(2);
  const marks = (keep, mark) => X.map(([x, y], n) => (keep(n) ? `M${to(x)} ${to(-y)}${mark}` : "")).join("");
  const { filled, edge } = regions(net);
  const path = (kind, d) => `<path class="${kind}" d="${d}"/>`;
  return `<div class="i-plane"><svg viewBox="0 0 ${CELLS} ${CELLS}" role="img"
 aria-label="The points of two classes, and the region in which the network answers class 2"><defs><pattern id="i-hatch"
 width="0.8" height="0.8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v0.8"/></pattern></defs>
${path("i-region", filled)}${path("i-edge", edge)}${path("i-one", marks((n) => !labels[n], "h0"))}
${path("i-two", marks((n) => labels[n], "m-.3-.3l.6.6m-.6 0l.6-.6"))}
${path("i-missed", marks((n) => !hits[n], "m-.75 0a.75.75 0 1 0 1.5 0a.75.75 0 1 0-1.5 0"))}</svg>
<p class="i-key"><span class="i-k-one">class 1</span><span class="i-k-two">class 2, hatched</span><span
 class="i-k-missed">missed</span></p></div>`;
}

// A square with both answers at its corners is cut where the two scores are equal; whole ones in a row are one rectangle.
function regions(net) {
  const ticks = Array.from({ length: CELLS + 1 }, (_, k) => (2 * REACH * k) / CELLS - REACH);
  const lead = ticks.map((y) => ticks.map((x) => scores(net, [x, -y])).map(([one, two]) => two - one));
  let filled = "", edge = "";
  for (let row = 0; row < CELLS; row++) {
    const squares = Array.from({ length: CELLS }, (_, column) =>
      cut(CORNERS.map(([x, y]) => [column + x, row + y, lead[row + y][column + x]])));
    const whole = squares.map(({ around, cuts }) => around.length === 4 && !cuts.length);
    let wide = 0;
    squares.forEach(({ around, cuts }, column) => {
      wide = whole[column] ? wide + 1 : 0;
      if (wide && !whole[column + 1]) filled += `M${column + 1} ${row}v1h-${wide}v-1z`;
      else if (!wide && around.length) filled += `M${around.join("L")}z`;
      for (let k = 0; k < cuts.length; k += 2) edge += `M${cuts[k]}L${cuts[k + 1]}`;
    });
  }
  return { filled, edge };
}

function cut(corners) {
  const around = [], cuts = [];
  if (!corners.every(([, , lead]) => Number.isFinite(lead))) return { around, cuts };
  corners.forEach(([x, y, lead], k) => {
    const [X, Y, other] = corners[(k + 1) % 4], part = lead / (lead - other);
    if (lead > 0) around.push(`${x} ${y}`);
    if (lead > 0 === other > 0) return;
    const there = [x + part * (X - x), y + part * (Y - y)].map((one) => one.toFixed(2)).join(" ");
    around.push(there);
    cuts.push(there);
  });
  return { around, cuts };
}

// ---- The loss: from 0.001 to 10, over 250 steps or 2, 4, 8 times as many ----

const LOWEST = -3, DECADES = 4, SPAN = 250, DRAWN = 150;

function curves({ run, twin }) {
  const span = [1, 2, 4, 8].map((k) => k * SPAN).find((one) => one >= run.t);
  const all = [...run.losses, ...(twin?.losses ?? [])].filter(Number.isFinite);
  const most = Math.max(...all), least = Math.min(...all), top = 10 ** (LOWEST + DECADES), foot = 10 ** LOWEST;
  const off = [...(most > top ? [["i-off", "↑ up", most, top]] : []),
    ...(least < foot ? [["i-off i-under", "↓ down", least, foot]] : [])];
  const height = (loss) => Math.min(100, Math.max(0, 100 - (100 * (Math.log10(loss) - LOWEST)) / DECADES)).toFixed(2);
  const line = ({ losses }) => {
    const every = Math.ceil(losses.length / DRAWN), places = losses.map((loss, t) => [t, loss]);
    const drawn = places.filter(([t, loss]) => Number.isFinite(loss) && (t % every === 0 || t === losses.length - 1));
    return `M${drawn.map(([t, loss]) => `${((100 * t) / span).toFixed(2)} ${height(loss)}`).join("L")}`;
  };
  const ticks = Array.from({ length: DECADES + 1 }, (_, k) => 10 ** (LOWEST + k));
  const key = twin ? `<span class="i-k-curve">with the bug</span><span class="i-k-twin">without it</span>`
    : `<span class="i-k-curve">loss</span>`;
  return `<div class="i-graph" role="img" aria-label="The loss after each step, from 0.001 to 10${
    off.map(([, , loss, edge]) => `; ${three(loss)} is drawn at ${number(edge)}`).join("")}">
<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><path class="i-tick" d="${
    ticks.map((loss) => `M0 ${height(loss)}h100`).join("")}"/><path class="i-curve" d="${line(run)}"/>${
    twin ? `<path class="i-twin" d="${line(twin)}"/>` : ""}</svg>${
    ticks.map((loss) => `<span style="--y:${height(loss)}%">${number(loss)}</span>`).join("")}${
    off.map(([kind, words, loss]) => `<span class="${kind}">${words} to ${three(loss)}</span>`).join("")}</div>
<div class="i-axis"><span>step 0</span><span>${span}</span></div><p class="i-key">${key}</p>`;
}

// ---- How it plays: some steps, then a rest, and nothing while it cannot be seen ----

function play(stage, change) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let visible = false, asked = 0, rested = 0;
  const playing = () => visible && stage.querySelector('[data-do="pause"]');
  const ask = () => { if (!asked && playing()) asked = requestAnimationFrame(go); };
  const go = (now) => {
    const [steps, rest] = calm.matches ? CALM : PACE;
    asked = 0;
    if (now >= rested && playing()) {
      change("tick", steps);
      rested = performance.now() + rest;
    }
    ask();
  };
  new IntersectionObserver((seen) => {
    visible = seen.at(-1).isIntersecting;
    ask();
  }).observe(stage);
  stage.addEventListener("click", ask);
}

const anew = (name) => (state, value) => {
  const fresh = { ...state, [name]: value }, { m } = place(state.watched);
  const watched = m < numbersOf(fresh.widths).length - 1 ? state.watched : "W0.0.0";
  return { [name]: value, watched, ...begun(fresh) };
};

mount("training", { first, view, begin: play, changes: {
  data: anew("data"), widths: anew("widths"), phi: anew("phi"), rule: anew("rule"),
  bug: (state, bug) => ({ ...anew("bug")(state, bug), watched: bug === "bias" ? "b0.0" : "W0.0.0" }),
  rate: (state, rate) => ({ ...lived(state), rate }),
  watched: (state, watched) => ({ ...lived(state), watched }),
  play: (state) => ({ ...(state.run && goesOn(state.run) ? {} : begun(state)), running: true }),
  pause: () => ({ running: false }),
  once: (state) => ({ ...advanced(state, lived(state), 1), running: false }),
  anew: (state) => ({ ...begun(state), running: false }),
  tick: (state, steps) => {
    const now = advanced(state, state, steps);
    return { ...now, running: goesOn(now.run) };
  },
} });
