/* The binary protocol in C: x = (theta_1 + u, theta_2 * u), u uniform from the seed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    uint32_t n;
    printf("{\"retrodict\": 1, \"parameters\": 2, \"data\": [2]}\n");
    fflush(stdout);
    while (fread(&n, sizeof n, 1, stdin) == 1) {
        uint64_t *seed = malloc(n * sizeof *seed);
        double *theta = malloc(n * 2 * sizeof *theta);
        unsigned char *status = calloc(n, 1);
        if (!seed || !theta || !status || fread(seed, sizeof *seed, n, stdin) != n
            || fread(theta, 2 * sizeof *theta, n, stdin) != n)
            return 1;
        for (uint32_t i = 0; i < n; i++) {
            double u = (double)seed[i] / 9007199254740992.0;
            theta[2 * i] += u;
            theta[2 * i + 1] *= u;
        }
        fwrite(status, 1, n, stdout);
        fwrite(theta, 2 * sizeof *theta, n, stdout);
        fflush(stdout);
        free(seed);
        free(theta);
        free(status);
    }
    return 0;
}
