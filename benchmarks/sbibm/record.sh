#!/bin/sh
# The accuracy record: every method on the ten tasks, at three budgets, on observations 1 to 5. It takes many
# hours; what record.jsonl holds already is not done again, so it may be stopped and started at will.
# Arguments are the budgets, all three if left out.
set -eu
cd "$(dirname "$0")"
./download.sh
cargo build --release -p retrodict-benchmark-sbibm
sbibm=../../target/release/sbibm
record() {
    "$sbibm" run --out record.jsonl --simulations "$n" "$@"
}
# A density of 100 numbers, or a chain in 50 rounds of one, takes longer than all the rest and gains nothing.
narrow=gaussian_linear,gaussian_linear_uniform,slcp,bernoulli_glm,gaussian_mixture,two_moons,sir,lotka_volterra
for n in ${*:-1000 10000 100000}; do
    record --method npe
    record --method fmpe
    record --method npse
    record --method nle --tasks "$narrow"
    record --method nre
    record --method abc-smc
    record --method npe --rounds 5
    record --method nle --rounds 5 --tasks "$narrow"
    record --method auto --rounds 5
done
"$sbibm" table --results record.jsonl >record.md
