# sh simulate.sh PARAMETERS DATA SEED
# A mass on a spring, pulled to 1 and released: its position after 1, 2, ... 10 seconds, measured
# with an error of 0.2. PARAMETERS is a file with the names of the parameters and their values,
# separated by commas; the data go to DATA. Any program that does the same can take its place.
awk -F , -v seed="$3" '
    function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
    NR == 2 {
        srand(seed)
        for (t = 1; t <= 10; t++)
            printf "%.17g%s", exp(-$2 * t) * cos($1 * t) + 0.2 * normal(), t < 10 ? "," : "\n"
    }' "$1" > "$2"
