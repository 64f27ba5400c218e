# Reads golden vectors as lines, computes every quantity of every vector, and prints the results as lines:
#   python -m nnlib vectors --format lines | awk -f network.awk > results.txt
# Written from the implementer's card, with its letters. There are no matrices: W[m, r, c] is a name for one number.
# The gradient needs no walk back: it is the derivatives of all outputs, weighed by those of the loss.

$1 ~ /^#/ || NF == 0 { next }
$1 != name           { if (name != "") run(); name = $1; ask_outputs = 0 }
$2 == "layers"       { n = $3 - 1 }
$2 == "width"        { width[$3] = $4 }
$2 == "points"       { N = $3 }
$2 == "loss_name"    { loss_name = $3 }
$2 == "rate"         { rate = $3 }
$2 == "phi"          { phi[$3] = $4 }
$2 == "W"            { W[$3, $4, $5] = $6 }
$2 == "b"            { b[$3, $4] = $5 }
$2 == "X"            { X[$3, $4] = $5 }
$2 == "Y"            { Y[$3, $4] = $5 }
$2 == "dy_dW"        { ask_outputs = 1 }
END                  { if (name != "") run() }

function abs(v) { return v < 0 ? -v : v }
function log1p(q,  u) { u = 1 + q; return u == 1 ? q : log(u) * q / (u - 1) }

function activate(kind, z,  q) {
    if (kind == "square")     return z * z
    if (kind == "sigmoid")    { q = exp(-abs(z)); return z >= 0 ? 1 / (1 + q) : q / (1 + q) }
    if (kind == "tanh")       { q = exp(-2 * abs(z)); return (z < 0 ? -1 : 1) * (1 - q) / (1 + q) }
    if (kind == "softplus")   return (z > 0 ? z : 0) + log1p(exp(-abs(z)))
    if (kind == "relu")       return z < 0 ? 0 : z
    if (kind == "leaky_relu") return z < 0 ? 0.01 * z : z
    if (kind == "sin")        return sin(z)
    return z
}

function slope(kind, z,  q) {
    if (kind == "square")     return 2 * z
    if (kind == "sigmoid")    { q = exp(-abs(z)); return q / (1 + q) ^ 2 }
    if (kind == "tanh")       { q = exp(-2 * abs(z)); return 4 * q / (1 + q) ^ 2 }
    if (kind == "softplus")   return activate("sigmoid", z)
    if (kind == "relu")       return z > 0 ? 1 : 0
    if (kind == "leaky_relu") return z > 0 ? 1 : 0.01
    if (kind == "sin")        return cos(z)
    return 1
}

function forward(p,  m, r, c) {
    for (c = 0; c < width[0]; c++) inputs[0, c] = X[p, c]
    for (m = 0; m <= n; m++)
        for (r = 0; r < width[m + 1]; r++) {
            z[m, r] = b[m, r]
            for (c = 0; c < width[m]; c++) z[m, r] += W[m, r, c] * inputs[m, c]
            slopes[m, r] = slope(phi[m], z[m, r])
            inputs[m + 1, r] = activate(phi[m], z[m, r])
        }
    for (r = 0; r < width[n + 1]; r++) answer[r] = inputs[n + 1, r]
}

# A push from the bias of unit i of layer m: v[k, r] is what it moves behind layer k.
function push(m, i, v,  k, r, c) {
    for (r = 0; r < width[m + 1]; r++) v[m, r] = 0
    v[m, i] = slopes[m, i]
    for (k = m + 1; k <= n; k++)
        for (r = 0; r < width[k + 1]; r++) {
            v[k, r] = 0
            for (c = 0; c < width[k]; c++) v[k, r] += W[k, r, c] * v[k - 1, c]
            v[k, r] *= slopes[k, r]
        }
}

function squared_error(p,  k, loss) {
    for (k = 0; k < width[n + 1]; k++) {
        by_answer[k] = answer[k] - Y[p, k]
        loss += by_answer[k] ^ 2 / 2
    }
    return loss
}

function cross_entropy(p,  k, top, e, sum, loss) {
    top = answer[0]
    for (k = 1; k < width[n + 1]; k++) if (answer[k] > top) top = answer[k]
    for (k = 0; k < width[n + 1]; k++) sum += e[k] = exp(answer[k] - top)
    for (k = 0; k < width[n + 1]; k++) {
        put("p " p " " k, e[k] / sum)
        loss -= Y[p, k] * (answer[k] - top - log(sum))
        by_answer[k] = e[k] / sum - Y[p, k]
    }
    return loss
}

function put(what, number) { printf "%s %s %.17g\n", name, what, number }

function add_point(p,  m, r, c, k, v, by_bias) {
    L += (loss_name == "cross_entropy" ? cross_entropy(p) : squared_error(p)) / N
    for (m = 0; m <= n; m++)
        for (r = 0; r < width[m + 1]; r++) {
            push(m, r, v)
            by_bias = 0
            for (k = 0; k < width[n + 1]; k++) by_bias += by_answer[k] / N * v[n, k]
            grad_b[m, r] += by_bias
            for (c = 0; c < width[m]; c++) grad_W[m, r, c] += by_bias * inputs[m, c]
            if (!ask_outputs) continue
            for (k = 0; k < width[n + 1]; k++) {
                put("dy_db " m " " r " " k, v[n, k])
                for (c = 0; c < width[m]; c++) put("dy_dW " m " " r " " c " " k, v[n, k] * inputs[m, c])
            }
        }
}

function run(  p, m, r, c, k) {
    L = 0
    split("", grad_b)
    split("", grad_W)
    for (p = 0; p < N; p++) {
        forward(p)
        for (m = 0; m <= n; m++) for (r = 0; r < width[m + 1]; r++) put("z " p " " m " " r, z[m, r])
        for (k = 0; k < width[n + 1]; k++) put("y_hat " p " " k, answer[k])
        add_point(p)
    }
    put("loss", L)
    for (m = 0; m <= n; m++)
        for (r = 0; r < width[m + 1]; r++) {
            put("grad_b " m " " r, grad_b[m, r])
            put("b_after " m " " r, b[m, r] - rate * grad_b[m, r])
            for (c = 0; c < width[m]; c++) {
                put("grad_W " m " " r " " c, grad_W[m, r, c])
                put("W_after " m " " r " " c, W[m, r, c] - rate * grad_W[m, r, c])
            }
        }
}
