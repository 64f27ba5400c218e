/* Reads golden vectors as lines, computes every quantity of every vector, and prints the results as lines:
 *   python -m nnlib vectors --format lines | ./network > results.txt
 * Written from the implementer's card, with its letters, in C99. Build: cc -std=c99 -O2 network.c -o network -lm
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 8, UNITS = 16, POINTS = 16 };

typedef double (*function)(double z);

static double square(double z) { return z * z; }
static double square_slope(double z) { return 2 * z; }
static double sigmoid(double z) { double q = exp(-fabs(z)); return z >= 0 ? 1 / (1 + q) : q / (1 + q); }
static double sigmoid_slope(double z) { double q = exp(-fabs(z)); return q / ((1 + q) * (1 + q)); }
static double tanh_slope(double z) { double q = exp(-2 * fabs(z)); return 4 * q / ((1 + q) * (1 + q)); }
static double softplus(double z) { return fmax(z, 0) + log1p(exp(-fabs(z))); }
static double relu(double z) { return z < 0 ? 0 : z; }
static double relu_slope(double z) { return z > 0 ? 1 : 0; }
static double leaky(double z) { return z < 0 ? 0.01 * z : z; }
static double leaky_slope(double z) { return z > 0 ? 1 : 0.01; }
static double identity(double z) { return z; }
static double one(double z) { (void)z; return 1; }

static const struct activation { const char *name; function f, df; } activations[] = {
    {"square", square, square_slope}, {"sigmoid", sigmoid, sigmoid_slope}, {"tanh", tanh, tanh_slope},
    {"softplus", softplus, sigmoid}, {"relu", relu, relu_slope}, {"leaky_relu", leaky, leaky_slope},
    {"sin", sin, cos}, {"identity", identity, one},
};

/* The network. Layer m reads width[m] numbers and has width[m + 1] units; W[m] is a flat array of its rows. */
static char name[32];
static int n, width[LAYERS + 1];
static double W[LAYERS][UNITS * UNITS], b[LAYERS][UNITS];
static struct activation phi[LAYERS];
/* The batch: N points, one after the other. */
static int N, cross_entropy, ask_outputs;
static double X[POINTS * UNITS], Y[POINTS * UNITS], rate;
/* What the forward pass keeps, and the gradient. */
static double inputs[LAYERS][UNITS], z[LAYERS][UNITS], slopes[LAYERS][UNITS], answer[UNITS];
static double grad_W[LAYERS][UNITS * UNITS], grad_b[LAYERS][UNITS];

static void forward(const double *x)
{
    double a[UNITS], new[UNITS];
    memcpy(a, x, width[0] * sizeof *a);
    for (int m = 0; m <= n; m++) {
        int rows = width[m + 1], columns = width[m];
        memcpy(inputs[m], a, columns * sizeof *a);
        for (int r = 0; r < rows; r++) {
            double sum = b[m][r];
            for (int c = 0; c < columns; c++)
                sum += W[m][r * columns + c] * a[c];
            z[m][r] = sum;
            slopes[m][r] = phi[m].df(sum);
            new[r] = phi[m].f(sum);
        }
        memcpy(a, new, rows * sizeof *a);
    }
    memcpy(answer, a, width[n + 1] * sizeof *a);
}

/* Derivative of all outputs by b[m][i]. */
static void push(int m, int i, double *v)
{
    double new[UNITS];
    memset(v, 0, UNITS * sizeof *v);
    v[i] = slopes[m][i];
    for (int k = m + 1; k <= n; k++) {
        int rows = width[k + 1], columns = width[k];
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int c = 0; c < columns; c++)
                sum += W[k][r * columns + c] * v[c];
            new[r] = slopes[k][r] * sum;
        }
        memcpy(v, new, rows * sizeof *v);
    }
}

static void print_outputs(void)
{
    double v[UNITS];
    for (int m = 0; m <= n; m++)
        for (int i = 0; i < width[m + 1]; i++) {
            push(m, i, v);
            for (int k = 0; k < width[n + 1]; k++)
                printf("%s dy_db %d %d %d %.17g\n", name, m, i, k, v[k]);
            for (int j = 0; j < width[m]; j++)
                for (int k = 0; k < width[n + 1]; k++)
                    printf("%s dy_dW %d %d %d %d %.17g\n", name, m, i, j, k, v[k] * inputs[m][j]);
        }
}

/* The loss of one point, and its derivative by each answer. */
static double squared_error_loss(const double *y, double *by_answer)
{
    double loss = 0;
    for (int k = 0; k < width[n + 1]; k++) {
        by_answer[k] = answer[k] - y[k];
        loss += by_answer[k] * by_answer[k] / 2;
    }
    return loss;
}

static double cross_entropy_loss(int point, const double *y, double *by_answer)
{
    double e[UNITS], top = answer[0], sum = 0, loss = 0;
    int classes = width[n + 1];
    for (int k = 1; k < classes; k++)
        top = fmax(top, answer[k]);
    for (int k = 0; k < classes; k++)
        sum += e[k] = exp(answer[k] - top);
    for (int k = 0; k < classes; k++) {
        double p = e[k] / sum;
        printf("%s p %d %d %.17g\n", name, point, k, p);
        loss -= y[k] * (answer[k] - top - log(sum));
        by_answer[k] = p - y[k];
    }
    return loss;
}

/* One walk back adds the point's part to the gradient. */
static void backward(const double *by_answer)
{
    double delta[UNITS], new[UNITS];
    for (int k = 0; k < width[n + 1]; k++)
        delta[k] = by_answer[k] / N * slopes[n][k];
    for (int m = n; m >= 0; m--) {
        int rows = width[m + 1], columns = width[m];
        for (int r = 0; r < rows; r++) {
            grad_b[m][r] += delta[r];
            for (int c = 0; c < columns; c++)
                grad_W[m][r * columns + c] += delta[r] * inputs[m][c];
        }
        if (m > 0) {
            for (int c = 0; c < columns; c++) {
                double sum = 0;
                for (int r = 0; r < rows; r++)
                    sum += W[m][r * columns + c] * delta[r];
                new[c] = slopes[m - 1][c] * sum;
            }
            memcpy(delta, new, columns * sizeof *delta);
        }
    }
}

static void step(void)
{
    for (int m = 0; m <= n; m++) {
        for (int at = 0; at < width[m] * width[m + 1]; at++)
            W[m][at] -= rate * grad_W[m][at];
        for (int r = 0; r < width[m + 1]; r++)
            b[m][r] -= rate * grad_b[m][r];
    }
}

static void print_layers(const char *word_b, double by[][UNITS], const char *word_W, double Wy[][UNITS * UNITS])
{
    for (int m = 0; m <= n; m++)
        for (int r = 0; r < width[m + 1]; r++) {
            printf("%s %s %d %d %.17g\n", name, word_b, m, r, by[m][r]);
            for (int c = 0; c < width[m]; c++)
                printf("%s %s %d %d %d %.17g\n", name, word_W, m, r, c, Wy[m][r * width[m] + c]);
        }
}

static void run(void)
{
    double by_answer[UNITS], L = 0;
    memset(grad_W, 0, sizeof grad_W);
    memset(grad_b, 0, sizeof grad_b);
    for (int point = 0; point < N; point++) {
        const double *y = Y + point * width[n + 1];
        forward(X + point * width[0]);
        for (int m = 0; m <= n; m++)
            for (int r = 0; r < width[m + 1]; r++)
                printf("%s z %d %d %d %.17g\n", name, point, m, r, z[m][r]);
        for (int k = 0; k < width[n + 1]; k++)
            printf("%s y_hat %d %d %.17g\n", name, point, k, answer[k]);
        if (ask_outputs)
            print_outputs();
        L += (cross_entropy ? cross_entropy_loss(point, y, by_answer) : squared_error_loss(y, by_answer)) / N;
        backward(by_answer);
    }
    printf("%s loss %.17g\n", name, L);
    print_layers("grad_b", grad_b, "grad_W", grad_W);
    step();
    print_layers("b_after", b, "W_after", W);
}

static struct activation find(const char *word)
{
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (!strcmp(word, activations[i].name))
            return activations[i];
    fprintf(stderr, "unknown activation %s\n", word);
    exit(1);
}

int main(void)
{
    char line[256], next[32], word[32], text[32];
    double v[5];
    while (fgets(line, sizeof line, stdin)) {
        if (line[0] == '#' || sscanf(line, "%31s %31s %lf %lf %lf %lf %lf", next, word, v, v + 1, v + 2, v + 3, v + 4) < 2)
            continue;
        if (strcmp(name, next)) {
            if (name[0])
                run();
            strcpy(name, next);
            ask_outputs = 0;
        }
        int m = (int)v[0], r = (int)v[1], c = (int)v[2];
        if (!strcmp(word, "layers")) n = m - 1;
        else if (!strcmp(word, "width")) width[m] = r;
        else if (!strcmp(word, "points")) N = m;
        else if (!strcmp(word, "loss_name")) cross_entropy = strstr(line, "cross_entropy") != NULL;
        else if (!strcmp(word, "phi") && sscanf(line, "%*s %*s %*d %31s", text) == 1) phi[m] = find(text);
        else if (!strcmp(word, "rate")) rate = v[0];
        else if (!strcmp(word, "W")) W[m][r * width[m] + c] = v[3];
        else if (!strcmp(word, "b")) b[m][r] = v[2];
        else if (!strcmp(word, "X")) X[m * width[0] + r] = v[2];
        else if (!strcmp(word, "Y")) Y[m * width[n + 1] + r] = v[2];
        else if (!strcmp(word, "dy_dW")) ask_outputs = 1;
    }
    if (name[0])
        run();
    return 0;
}
