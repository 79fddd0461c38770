//! The verdict about right and deliberately wrong posteriors; the guide has the table of more of them.

use retrodict_statistical_tests::cases;

/// The promises are 5 % each; the counts of so few leave room for chance.
const EACH: u64 = 3;

#[test]
fn damaged_posteriors_are_not_trusted_and_exact_ones_do_not_fail() {
    let mut exact = [0; 3];
    let mut damaged = [0; 3];
    for case in cases() {
        let counts = case.count(EACH);
        println!("{}: {counts:?}", case.what);
        let sums = if case.exact { &mut exact } else { &mut damaged };
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let share =
        |count: usize, counts: [usize; 3]| count as f64 / counts.iter().sum::<usize>() as f64;
    assert!(share(damaged[0], damaged) <= 0.05, "{damaged:?}");
    assert_eq!(exact[2], 0, "{exact:?}");
    assert!(share(exact[0], exact) >= 0.85, "{exact:?}");
}
