// Reads golden vectors as lines, computes every quantity of every vector, and prints the results as lines:
//   python -m nnlib vectors --format lines | node network.js > results.txt
// Written from the implementer's card, with its letters: one object for each layer, arrays of rows.
'use strict';

const sigmoid = z => { const q = Math.exp(-Math.abs(z)); return z >= 0 ? 1 / (1 + q) : q / (1 + q); };
const PHI = {
  square: [z => z * z, z => 2 * z],
  sigmoid: [sigmoid, z => { const q = Math.exp(-Math.abs(z)); return q / (1 + q) ** 2; }],
  tanh: [Math.tanh, z => { const q = Math.exp(-2 * Math.abs(z)); return 4 * q / (1 + q) ** 2; }],
  softplus: [z => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), sigmoid],
  relu: [z => z < 0 ? 0 : z, z => z > 0 ? 1 : 0],
  leaky_relu: [z => z < 0 ? 0.01 * z : z, z => z > 0 ? 1 : 0.01],
  sin: [Math.sin, Math.cos],
  identity: [z => z, () => 1],
};

const zeros = length => new Array(length).fill(0);
const sum = numbers => numbers.reduce((total, number) => total + number, 0);
const dot = (u, v) => sum(u.map((number, k) => number * v[k]));
const column = (W, c) => W.map(row => row[c]);

class Layer {
  constructor(W, b, phi) {
    Object.assign(this, { W, b });
    [this.phi, this.slope] = PHI[phi];
    this.clear();
  }

  clear() {
    this.grad_W = this.W.map(row => zeros(row.length));
    this.grad_b = zeros(this.b.length);
  }

  forward(a) {
    this.inputs = a;
    this.z = this.W.map((row, r) => this.b[r] + dot(row, a));
    this.slopes = this.z.map(this.slope);
    return this.z.map(this.phi);
  }

  // What comes to the layer's answers, seen from their z, and seen from what the layer reads.
  bend(v) {
    return v.map((number, r) => number * this.slopes[r]);
  }

  pull(v) {
    return this.inputs.map((_, c) => dot(column(this.W, c), v));
  }

  collect(delta) {
    delta.forEach((number, r) => {
      this.grad_b[r] += number;
      this.inputs.forEach((a, c) => { this.grad_W[r][c] += number * a; });
    });
  }

  step(rate) {
    this.W = this.W.map((row, r) => row.map((w, c) => w - rate * this.grad_W[r][c]));
    this.b = this.b.map((bias, r) => bias - rate * this.grad_b[r]);
  }
}

const squared_error = (answer, y) => {
  const by_answer = answer.map((number, k) => number - y[k]);
  return { loss: dot(by_answer, by_answer) / 2, by_answer };
};

const cross_entropy = (s, y) => {
  const top = Math.max(...s);
  const e = s.map(score => Math.exp(score - top));
  const total = sum(e);
  const p = e.map(number => number / total);
  const loss = -sum(s.map((score, k) => y[k] * (score - top - Math.log(total))));
  return { loss, p, by_answer: p.map((number, k) => number - y[k]) };
};

const LOSS = { squared_error, cross_entropy };

const forward = (net, x) => net.reduce((a, layer) => layer.forward(a), x);

// One pull from each output gives its derivatives by the biases of all layers: dy_db[m][r][k].
function pulls(net, outputs) {
  const dy_db = net.map(layer => layer.b.map(() => zeros(outputs)));
  for (let k = 0; k < outputs; k++) {
    let v = zeros(outputs);
    v[k] = 1;
    for (let m = net.length - 1; m >= 0; m--) {
      const delta = net[m].bend(v);
      delta.forEach((number, r) => { dy_db[m][r][k] = number; });
      v = net[m].pull(delta);
    }
  }
  return dy_db;
}

function backward(net, by_answer) {
  let v = by_answer;
  for (const layer of [...net].reverse()) {
    const delta = layer.bend(v);
    layer.collect(delta);
    v = layer.pull(delta);
  }
}

function run({ name, layers, points, loss_name, rate, phi, W, b, X, Y, ask_outputs }, print) {
  const net = W.map((rows, m) => new Layer(rows, b[m], phi[m]));
  const put = (word, numbers, ...at) => Array.isArray(numbers)
    ? numbers.forEach((number, k) => put(word, number, ...at, k))
    : print([name, word, ...at, numbers.toPrecision(17)].join(' '));
  let L = 0;
  X.forEach((x, p) => {
    const answer = forward(net, x);
    put('z', net.map(layer => layer.z), p);
    put('y_hat', answer, p);
    if (ask_outputs) {
      const dy_db = pulls(net, answer.length);
      put('dy_db', dy_db);
      put('dy_dW', dy_db.map((rows, m) => rows.map(dy => net[m].inputs.map(a => dy.map(number => number * a)))));
    }
    const result = LOSS[loss_name](answer, Y[p]);
    if (result.p) put('p', result.p, p);
    L += result.loss / points;
    backward(net, result.by_answer.map(number => number / points));
  });
  put('loss', L);
  put('grad_b', net.map(layer => layer.grad_b));
  put('grad_W', net.map(layer => layer.grad_W));
  net.forEach(layer => layer.step(rate));
  put('b_after', net.map(layer => layer.b));
  put('W_after', net.map(layer => layer.W));
}

function read(text) {
  const vectors = new Map();
  for (const line of text.split('\n')) {
    if (line === '' || line[0] === '#') continue;
    const [name, word, ...rest] = line.split(' ');
    if (!vectors.has(name)) vectors.set(name, { name, phi: [], W: [], b: [], X: [], Y: [] });
    const vector = vectors.get(name);
    const value = rest.pop();
    if (['layers', 'points', 'rate'].includes(word)) vector[word] = Number(value);
    else if (word === 'loss_name') vector.loss_name = value;
    else if (word === 'phi') vector.phi[rest[0]] = value;
    else if (word === 'W') ((vector.W[rest[0]] ??= [])[rest[1]] ??= [])[rest[2]] = Number(value);
    else if (['b', 'X', 'Y'].includes(word)) (vector[word][rest[0]] ??= [])[rest[1]] = Number(value);
    else if (word === 'dy_dW') vector.ask_outputs = true;
  }
  return vectors.values();
}

const results = [];
for (const vector of read(require('fs').readFileSync(0, 'utf8'))) run(vector, line => results.push(line));
console.log(results.join('\n'));
