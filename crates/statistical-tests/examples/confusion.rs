//! Prints how often the verdict is wrong, as the guide shows it:
//! `cargo run --release -p retrodict-statistical-tests --example confusion [cases a kind]`.

use retrodict_statistical_tests::cases;

fn main() {
    let n: u64 = std::env::args()
        .nth(1)
        .map_or(25, |n| n.parse().expect("a number of cases"));
    println!("| posterior | trusted | caution | failed |\n|---|---:|---:|---:|");
    let mut sums = [[0; 3]; 2];
    for case in cases() {
        let counts = case.count(n);
        let [trusted, caution, failed] = counts;
        println!("| {} | {trusted} | {caution} | {failed} |", case.what);
        for (sum, count) in sums[usize::from(case.exact)].iter_mut().zip(counts) {
            *sum += count;
        }
    }
    for (sums, what) in sums.iter().rev().zip(["all exact", "all damaged"]) {
        let [trusted, caution, failed] = sums;
        println!("| **{what}** | **{trusted}** | **{caution}** | **{failed}** |");
    }
}
