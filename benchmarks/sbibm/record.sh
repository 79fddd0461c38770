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
narrow=gaussian_linear,gaussian_linear_uniform,slcp,slcp_distractors,bernoulli_glm,gaussian_mixture,two_moons,sir,lotka_volterra
for n in ${*:-1000 10000 100000}; do
    record --method npe
    record --method fmpe
    record --method npse
    record --method nle
    record --method nre
    record --method abc-smc
    record --method auto --rounds 5
    # With 100,000 simulations these take days, and auto is such rounds.
    if [ "$n" -le 10000 ]; then
        # A density of the raw GLM's 100 numbers, learned in 25 fits and asked by chains, takes longer than all the rest.
        record --method nle --rounds 5 --tasks "$narrow"
        record --method npe --rounds 5
        record --method nre --rounds 5
    fi
done
"$sbibm" table --results record.jsonl >record.md
