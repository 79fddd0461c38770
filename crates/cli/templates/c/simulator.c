/* A mass on a spring, pulled to 1 and released: its position after 1, 2, ... 10 seconds,
   measured with an error of 0.2. Change `simulate` and the two numbers above it to make it yours. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N_PARAMETERS 2
#define N_DATA 10

/* SplitMix64 (Steele, Lea and Flood 2014): uniform on (0, 1). */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 12) + 0.5) / 4503599627370496.0;
}

/* Box and Muller (1958): standard normal. */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2.0 * log(uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

static double position(const double *theta, int t)
{
    return exp(-theta[1] * t) * cos(theta[0] * t);
}

/* Returns 0, or 1 if there is no data for these parameters. */
static int simulate(const double *theta, uint64_t seed, double *x)
{
    for (int t = 1; t <= N_DATA; t++)
        x[t - 1] = position(theta, t) + 0.2 * normal(&seed);
    return 0;
}

/* Only for `method = "likelihood"`. Without it, take `"log_likelihood": true` out of the first line. */
static double log_likelihood(const double *theta, const double *x)
{
    double sum = 0.0;
    for (int t = 1; t <= N_DATA; t++)
        sum -= 0.5 * pow((x[t - 1] - position(theta, t)) / 0.2, 2.0);
    return sum;
}

/* Answers a request for log-likelihoods: n, one row of data, n rows of parameters. */
static int answer_likelihoods(void)
{
    uint32_t n;
    double x[N_DATA];
    if (fread(&n, sizeof n, 1, stdin) != 1 || fread(x, sizeof *x, N_DATA, stdin) != N_DATA)
        return 1;
    double *theta = malloc(n * N_PARAMETERS * sizeof *theta);
    double *values = malloc(n * sizeof *values);
    unsigned char *status = calloc(n, 1);
    if (!theta || !values || !status
        || fread(theta, N_PARAMETERS * sizeof *theta, n, stdin) != n)
        return 1;
    for (uint32_t i = 0; i < n; i++)
        values[i] = log_likelihood(theta + i * N_PARAMETERS, x);
    fwrite(status, 1, n, stdout);
    fwrite(values, sizeof *values, n, stdout);
    fflush(stdout);
    free(theta), free(values), free(status);
    return 0;
}

/* Says hello, then answers batches until the input ends. Anything that is no answer belongs on
   stderr. The numbers are little endian. */
int main(void)
{
    uint32_t n;
    printf("{\"retrodict\": 1, \"parameters\": %d, \"data\": [%d], \"log_likelihood\": true}\n",
           N_PARAMETERS, N_DATA);
    fflush(stdout);
    while (fread(&n, sizeof n, 1, stdin) == 1) {
        if (n == 0) {
            if (answer_likelihoods())
                return 1;
            continue;
        }
        uint64_t *seeds = malloc(n * sizeof *seeds);
        double *theta = malloc(n * N_PARAMETERS * sizeof *theta);
        double *x = malloc(n * N_DATA * sizeof *x);
        unsigned char *status = malloc(n);
        if (!seeds || !theta || !x || !status || fread(seeds, sizeof *seeds, n, stdin) != n
            || fread(theta, N_PARAMETERS * sizeof *theta, n, stdin) != n)
            return 1;
        for (uint32_t i = 0; i < n; i++)
            status[i] = simulate(theta + i * N_PARAMETERS, seeds[i], x + i * N_DATA);
        fwrite(status, 1, n, stdout);
        fwrite(x, N_DATA * sizeof *x, n, stdout);
        fflush(stdout);
        free(seeds), free(theta), free(x), free(status);
    }
    return 0;
}
