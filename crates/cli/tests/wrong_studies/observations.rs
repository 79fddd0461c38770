//! Observations that do not fit the simulator.

use super::{Wrong, npy, observed, toy, worker};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn observations() -> Vec<Wrong> {
    vec![
        worker(
            "no observation",
            "[observation]\nvalues = [0.5, -0.2]",
            "",
            &["observation", "is missing"],
        ),
        worker(
            "empty observation section",
            "values = [0.5, -0.2]",
            "",
            &["observation", "neither `values` nor `file`"],
        ),
        worker(
            "values and file",
            "values = [0.5, -0.2]",
            "values = [0.5, -0.2]\nfile = \"x.csv\"",
            &["observation", "both `values` and `file`"],
        ),
        worker(
            "no values",
            "values = [0.5, -0.2]",
            "values = []",
            &["observation.values", "is empty"],
        ),
        worker(
            "text among values",
            "values = [0.5, -0.2]",
            "values = [0.5, \"a\"]",
            &["observation.values", "list of numbers"],
        ),
        worker(
            "NaN observed",
            "values = [0.5, -0.2]",
            "values = [0.5, nan]",
            &["observation.values", "value 2", "NaN", "finite"],
        ),
        worker(
            "rows of different length",
            "values = [0.5, -0.2]",
            "values = [[0.5, -0.2], [1.0]]",
            &["observation.values", "observation 2", "same length"],
        ),
        worker(
            "trials",
            "values = [0.5, -0.2]\n\n[inference]\n",
            "values = [[0.5, -0.2]]\ntrials = true\n\n[inference]\nmethod = \"npe\"\n",
            &["observation.trials", "`nle`"],
        ),
        worker(
            "observation too long",
            "values = [0.5, -0.2]",
            "values = [0.5, -0.2, 0.1]",
            &["observation", "given 3", "expected 2"],
        ),
        toy(
            "observation too short",
            "[inference]",
            "[observation]\nvalues = [0.5]\n[inference]",
            &["observation", "given 1", "expected 3"],
        ),
        worker(
            "observation file is not there",
            "values = [0.5, -0.2]",
            "file = \"gone.csv\"",
            &["observation.file", "there is no file", "gone.csv"],
        ),
        worker(
            "observation file is a folder",
            "values = [0.5, -0.2]",
            "file = \".\"",
            &["observation.file", "folder"],
        ),
        observed("empty csv", "x.csv", b"", &["x.csv"]),
        observed(
            "csv with words",
            "x.csv",
            b"a,b\n1.0,two\n",
            &["x.csv", "two"],
        ),
        observed(
            "csv with ragged rows",
            "x.csv",
            b"1.0,2.0\n3.0\n",
            &["x.csv"],
        ),
        observed("csv with NaN", "x.csv", b"1.0,nan\n", &["x.csv", "finite"]),
        observed(
            "csv with too many columns",
            "x.csv",
            b"1.0,2.0,3.0\n",
            &["observation", "given 3", "expected 2"],
        ),
        observed(
            "npy that is text",
            "x.npy",
            b"1.0, 2.0\n",
            &["x.npy", "not a `.npy` file"],
        ),
        observed(
            "npy cut short",
            "x.npy",
            &npy(&[1, 2], &[0.5, 0.2])[..100],
            &["x.npy", "cut short"],
        ),
        observed(
            "npy of three axes",
            "x.npy",
            &npy(&[3, 2, 2], &[0.5; 12]),
            &["observation", "given 4", "expected 2"],
        ),
        observed("npy without rows", "x.npy", &npy(&[0, 2], &[]), &["x.npy"]),
        observed(
            "unknown format",
            "x.xlsx",
            b"PK\x03\x04\xff\xfe",
            &["x.xlsx"],
        ),
        observed("npz that is no archive", "x.npz", b"1.0", &["x.npz"]),
    ]
}
