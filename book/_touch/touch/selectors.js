// Pick an entry of a matrix: its row, its column, and what the selectors of its row make of a vector.
import { button, chip, column, matrix, mount, number, symbol, vector } from "./touch.js";

const unit = (i, d) => Array.from({ length: d }, (_, k) => (k === i ? 1 : 0));
const compute = ({ v, i }) => {
  const o = unit(i, v.length), O = o.map((one, k) => (one ? unit(k, v.length) : v.map(() => 0)));
  return { o, O, read: v[i], kept: v.map((one, k) => (k === i ? one : 0)) };
};

function view({ M, v, i, j, live }, { o, O, read, kept }) {
  const chips = M.map((row, r) => row.map((value, c) => chip(`M.${r}.${c}`, value, {
    live, chosen: `M.${i}.${j}`, words: `row ${r + 1}, column ${c + 1}`, kind: r === i || c === j ? "t-cross" : "" })));
  const here = (r) => r === i, one = `${i + 1}`;
  return `<div class="t-bench"><div role="group" aria-label="Entries of W 0">${matrix(chips, { name: symbol("W", 0) })}</div><div class="t-eqs">
<div class="t-eq" role="math" aria-label="o ${one} times v is ${number(read)}">${matrix([o], { name: symbol("o", undefined, one), picked: (_, c) => here(c) })}${
    column(v, { name: symbol("v"), picked: here })}<span class="t-op">=</span><span class="t-picked t-alone">${number(read)}</span></div>
<div class="t-eq" role="math" aria-label="O ${one} times v is ${vector(kept)}">${matrix(O, { name: symbol("O", undefined, one), picked: (r, c) => here(r) && here(c) })}${
    column(v, { name: symbol("v"), picked: here })}<span class="t-op">=</span>${column(kept, { picked: here })}</div></div></div>
<table><thead><tr><th>on paper, from 1</th><th>in NumPy, from 0</th><th>gives</th></tr></thead><tbody>${
    table({ M, v, i, j }, { read, kept }).map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table>
<p class="t-said" role="status">${said({ M, v, i, j }, { read, kept })}</p>
<div class="t-controls">${button("first", "Start again")}</div>`;
}

const code = (words) => `<code>${words}</code>`;
function table({ M, v, i, j }, { read, kept }) {
  const [r, c] = [i + 1, j + 1], d = v.length;
  return [
    [symbol("W", 0, `${r},${c}`), code(`W[${i}, ${j}]`), number(M[i][j])],
    [symbol("W", 0, `${r},`), code(`W[${i}]`), vector(M[i])],
    [symbol("W", 0, `,${c}`), code(`W[:, ${j}]`), vector(M.map((row) => row[j]))],
    [symbol("o", undefined, r) + symbol("v"), code(`o(${i}, ${d}) @ v`), number(read)],
    [symbol("O", undefined, r) + symbol("v"), code(`O(${i}, ${d}) @ v`), vector(kept)],
  ];
}

const said = ({ M, i, j }, { read, kept }) => `Row ${i + 1}, column ${j + 1} holds ${number(M[i][j])}. The row selector reads ${
  number(read)}, the square one keeps it in place: ${vector(kept)}.`;

export const still = ({ state, numbers = compute(state) }) => view(state, numbers);

mount("selectors", (start) => {
  let state = { ...start, live: true };
  const first = () => { state = { ...start, live: true }; };
  return {
    view: () => view(state, compute(state)),
    pick: (key) => { const [, i, j] = key.split("."); state = { ...state, i: Number(i), j: Number(j) }; },
    act: first, escape: first, set() {},
  };
});
