// Softmax and cross-entropy: scores that can be dragged; probabilities, loss, p − y and a column of the matrix follow.
import { button, chip, mount, number, symbol } from "./figure.js";

const FARTHEST = 8;                  // scores run from −8 to 8
const CLASSES = 4;

export const first = () => ({ z: [2, 1, 0, -1], right: 1, T: 1, column: 0 });

export function compute({ z, right, T, column }) {
  const scaled = z.map((one) => one / T), top = Math.max(...scaled);
  const powers = scaled.map((one) => Math.exp(one - top)), total = powers.reduce((sum, one) => sum + one, 0);
  const p = powers.map((one) => one / total);
  const loss = Math.log(total) + top - scaled[right];
  return { p, loss, miss: p.map((one, k) => one - (k === right ? 1 : 0)),
    matrix: p.map((one, k) => (k === column ? one : 0) - p[column] * one) };
}

const digits = (value, places = 3) => {
  const written = value.toFixed(places);
  return (Number(written) ? written : written.replace("-", "")).replace("-", "−");
};

export function view(state) {
  const { z, right, T, column, live } = state, numbers = compute(state), { p, miss, matrix } = numbers;
  const name = (k) => `class ${k + 1}`;
  const bar = (value, kind, widest) => `<span class="i-track${kind}"><i class="${
    value < 0 ? "i-below-0" : ""}" style="width:${(widest * Math.abs(value)).toFixed(1)}%"></i></span>`;
  const part = (words, value, shown) => `<span class="i-part"><span>${words}</span>${shown}<b>${digits(value)}</b></span>`;
  const both = (words, value) => part(words, value, bar(value, " i-both-ways", 50));
  const rows = z.map((score, k) => {
    const [letter, wanted] = ["p", "y"].map((one) => symbol(one, undefined, k + 1));
    const picked = chip(`column.${k}`, k + 1, { live, chosen: `column.${column}`, words: "column of the matrix for class" });
    return `<div class="i-class" role="group" aria-label="${name(k)}">${picked}
<label class="i-score"><span>score ${symbol("z", undefined, k + 1)} <b>${digits(score, 1)}</b></span>
<input type="range" min="-${FARTHEST}" max="${FARTHEST}" step="0.1" value="${score}" data-set="z${k}"></label>
<label class="i-right"><input type="radio" name="right" value="${k}" data-set="right"${
    k === right ? " checked" : ""}><span>right</span></label>
${part(letter, p[k], bar(p[k], "", 100))}${both(`${letter} − ${wanted}`, miss[k])}${
      both(`column ${column + 1}`, matrix[k])}</div>`;
  });
  return `<div class="i-classes">${rows.join("")}</div>
<div class="i-controls"><label class="i-slide"><span>temperature <i>T</i> <span class="i-by">${digits(T, 2)}</span></span>
<input type="range" min="0.25" max="8" step="0.25" value="${T}" data-set="T"></label>${
    button("raise", "Add 1 to every score", Math.max(...z) > FARTHEST - 1)}${button("reset", "Reset")}</div>
<p class="i-said" role="status">${said(state, numbers)}</p>`;
}

function said({ right, T, column }, { p, loss, matrix }) {
  const others = matrix.map((one, k) => (k === column ? "" : digits(one))).filter(Boolean).join(", ");
  const [by, over] = T === 1 ? ["", ""]
    : [` By the scores, its derivative is p − y, divided by T = ${digits(T, 2)}.`, ", divided by T,"];
  return `Class ${right + 1} is right and has the probability ${digits(p[right])}: the loss is ${digits(loss)}.${by} `
    + `If the score of class ${column + 1}${over} rises, its probability gains ${digits(matrix[column])} per unit, `
    + `and the others move by ${others}.`;
}

const score = (k) => ({ z }, value) => ({ z: z.map((old, at) => (at === k ? value : old)) });

mount("softmax", { first, view, changes: {
  pick: (_, key) => ({ column: Number(key.split(".")[1]) }),
  right: (_, value) => ({ right: Number(value) }),
  T: (_, T) => ({ T }),
  raise: ({ z }) => ({ z: z.map((one) => Math.min(FARTHEST, one + 1)) }),
  ...Object.fromEntries(Array.from({ length: CLASSES }, (_, k) => [`z${k}`, score(k)])),
} });
