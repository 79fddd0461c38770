//! Arrays that do not fit the study, or each other.

use super::{Wrong, data, in_prior, npy};

pub(super) fn arrays() -> Vec<Wrong> {
    let outside = npy(&[200, 2], &[7.0; 400]);
    let mut with_nan = vec![0.5; 400];
    with_nan[7] = f64::NAN;
    vec![
        data(
            "theta is text",
            b"hello",
            &in_prior(200),
            &["theta.npy", "not a `.npy` file"],
        ),
        data(
            "x is cut short",
            &in_prior(200),
            &in_prior(200)[..300],
            &["x.npy", "cut short"],
        ),
        data(
            "different numbers of rows",
            &in_prior(200),
            &in_prior(150),
            &["200", "150"],
        ),
        data(
            "columns that are no parameters",
            &npy(&[200, 3], &[0.1; 600]),
            &in_prior(200),
            &["theta.npy", "3", "2"],
        ),
        data(
            "theta outside the prior",
            &outside,
            &in_prior(200),
            &["theta.npy", "prior"],
        ),
        data(
            "NaN in theta",
            &npy(&[200, 2], &with_nan),
            &in_prior(200),
            &["theta.npy", "NaN"],
        ),
        data(
            "hardly any rows",
            &in_prior(10),
            &in_prior(10),
            &["theta.npy", "10"],
        ),
        data(
            "observation of another length",
            &in_prior(200),
            &npy(&[200, 5], &[0.3; 1000]),
            &["observation", "given 2", "expected 5"],
        ),
    ]
}
