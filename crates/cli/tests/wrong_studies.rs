//! Every kind of wrong study file, array and observation gives one clear message, exit code 2 and
//! no panic.

mod common;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr, stdout};

/// What is wrong, the files, and what the message has to say.
struct Wrong {
    name: &'static str,
    study: String,
    files: Vec<(&'static str, Vec<u8>)>,
    says: &'static [&'static str],
}

fn study(name: &'static str, study: impl Into<String>, says: &'static [&'static str]) -> Wrong {
    Wrong {
        name,
        study: study.into(),
        files: Vec::new(),
        says,
    }
}

/// The quick study with one piece of text replaced.
fn toy(name: &'static str, from: &str, to: &str, says: &'static [&'static str]) -> Wrong {
    assert!(QUICK.contains(from), "{name}: {from}");
    study(name, QUICK.replace(from, to), says)
}

/// The study with a worker, with one piece of text replaced.
fn worker(name: &'static str, from: &str, to: &str, says: &'static [&'static str]) -> Wrong {
    assert!(QUICK_WORKER.contains(from), "{name}: {from}");
    let mut wrong = study(name, QUICK_WORKER.replace(from, to), says);
    wrong.files.push(("simulator.py", WORKER.into()));
    wrong
}

/// The study with a worker and an observation from a file.
fn observed(
    name: &'static str,
    file: &'static str,
    content: &[u8],
    says: &'static [&'static str],
) -> Wrong {
    let to = format!("file = {file:?}");
    let mut wrong = worker(name, "values = [0.5, -0.2]", &to, says);
    wrong.files.push((file, content.to_vec()));
    wrong
}

/// A study from arrays.
fn data(name: &'static str, theta: &[u8], x: &[u8], says: &'static [&'static str]) -> Wrong {
    let from = "worker = { command = [\"python3\", \"simulator.py\"], protocol = \"text\", timeout = 5.0 }";
    let to = "data = { theta = \"theta.npy\", x = \"x.npy\" }";
    let text = QUICK_WORKER
        .replace(from, to)
        .replace("simulations = 300", "");
    let mut wrong = study(name, text.replace("test_40", "test_simulations = 40"), says);
    wrong.files.push(("theta.npy", theta.to_vec()));
    wrong.files.push(("x.npy", x.to_vec()));
    wrong
}

/// An array as NumPy writes it.
fn npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("a.npy");
    retrodict::npy::write(&path, shape, values).expect("the file can be written");
    std::fs::read(path).expect("the file can be read")
}

fn in_prior(n: usize) -> Vec<u8> {
    let values: Vec<f64> = (0..2 * n).map(|i| (i as f64 * 0.37).sin()).collect();
    npy(&[n, 2], &values)
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn forms() -> Vec<Wrong> {
    vec![
        study("empty file", "", &["is empty", "retrodict init"]),
        study("spaces only", " \n\n", &["is empty"]),
        study("not TOML", "this is a study", &["line 1", "not TOML"]),
        study(
            "quote not closed",
            "[study]\nname = \"a\n",
            &["line 2", "not TOML"],
        ),
        study(
            "key twice",
            "[study]\nname = \"a\"\nname = \"b\"\n",
            &["line 3", "`name` stands twice"],
        ),
        study(
            "JSON",
            "{\"study\": {\"name\": \"a\"}}",
            &["line 1", "not TOML"],
        ),
        toy(
            "unknown section",
            "[check]",
            "[chekc]",
            &["chekc", "line", "Did you mean `check`?"],
        ),
        toy(
            "unknown key",
            "simulations = 300",
            "simulatons = 300",
            &["inference.simulatons", "Did you mean `simulations`?"],
        ),
        toy(
            "unknown key far from all",
            "simulations = 300",
            "wibble = 3",
            &["inference.wibble", "Known here", "`simulations`"],
        ),
        toy(
            "unknown training key",
            "max_epochs = 5",
            "max_epoch = 5",
            &["inference.train.max_epoch", "Did you mean `max_epochs`?"],
        ),
        toy(
            "unknown estimator",
            "kind = \"maf\"",
            "kind = \"maff\"",
            &["inference.estimator", "Did you mean `maf`?"],
        ),
        toy(
            "unknown estimator key",
            "hidden = [8]",
            "hiden = [8]",
            &["inference.estimator", "hiden", "Did you mean `hidden`?"],
        ),
        toy(
            "sampler key",
            "[posterior]",
            "[inference.sampler]\nkind = \"slice\"\n[posterior]",
            &["inference.sampler", "`method = \"npe\"`", "`nle`"],
        ),
        toy(
            "weighted draws",
            "[inference]\n",
            "[inference.sampler]\nkind = \"importance\"\nresample = false\n[inference]\nmethod = \"nle\"\n",
            &["inference.sampler.resample", "weights"],
        ),
        toy(
            "unknown question",
            "draws = 200",
            "draws = 200\nsensitvity = true",
            &["posterior.sensitvity", "Did you mean `sensitivity`?"],
        ),
        toy(
            "conditional on an unknown parameter",
            "draws = 200",
            "draws = 200\nconditional = { at = { mu_9 = 0.3 } }",
            &["posterior.conditional.at.mu_9", "mu_1, mu_2"],
        ),
        toy(
            "conditional outside the prior",
            "draws = 200",
            "draws = 200\nconditional = { at = { mu_1 = 30.0 } }",
            &[
                "posterior.conditional.at.mu_1",
                "given 30",
                "inside its prior",
            ],
        ),
        toy(
            "restriction by more than there is",
            "[inference]\n",
            "[inference.restriction]\nfirst_simulations = 290\n[inference]\n",
            &[
                "inference.restriction.first_simulations",
                "given 290 of 300",
                "from 100 to 200",
            ],
        ),
        toy(
            "restriction by a share that is none",
            "[inference]\n",
            "[inference.restriction]\nfalse_negative_rate = 2.0\n[inference]\n",
            &[
                "inference.restriction.false_negative_rate",
                "given 2",
                "from 0 to 0.5",
            ],
        ),
        toy(
            "restriction with a correction",
            "[inference]\n",
            "[inference.restriction]\n[inference.correction]\n[inference]\n",
            &["inference.restriction", "correction"],
        ),
        toy(
            "restriction in rounds",
            "[inference]\nsimulations = 300",
            "[inference.restriction]\n[inference]\nmethod = \"npe\"\nsimulations = 3000\nrounds = 3",
            &["inference.restriction", "3 rounds", "expected 1"],
        ),
        toy(
            "correction of a method that needs none",
            "[inference]\n",
            "[inference.correction]\n[inference]\nmethod = \"nle\"\n",
            &[
                "inference.correction",
                "`method = \"nle\"`",
                "`npe`, `fmpe` or `npse`",
            ],
        ),
        toy(
            "correction without a likelihood",
            "builtin = \"gaussian_toy\"\n\n[inference]\n",
            "builtin = \"lotka_volterra_summaries\"\n\n[inference.correction]\n\n[inference]\n",
            &[
                "inference.correction",
                "`lotka_volterra_summaries`",
                "no closed form",
            ],
        ),
        toy(
            "correction of nothing",
            "[inference]\n",
            "[inference.correction]\noversampling = 0\n[inference]\n",
            &["inference.correction.oversampling", "given 0", "at least 1"],
        ),
        toy(
            "no name",
            "name = \"quick\"",
            "",
            &["study.name", "is missing"],
        ),
        toy(
            "no simulator",
            "[simulator]\nbuiltin = \"gaussian_toy\"",
            "",
            &["simulator", "is missing"],
        ),
        toy(
            "name is a number",
            "name = \"quick\"",
            "name = 3",
            &["study.name", "the whole number 3", "text in quotes"],
        ),
        toy(
            "name is a path",
            "name = \"quick\"",
            "name = \"../quick\"",
            &["study.name", "../quick", "letters"],
        ),
        toy(
            "name is empty",
            "name = \"quick\"",
            "name = \"\"",
            &["study.name", "letters"],
        ),
        toy(
            "seed is negative",
            "seed = 1",
            "seed = -1",
            &["study.seed", "line", "-1", "not negative"],
        ),
        toy(
            "seed is a fraction",
            "seed = 1",
            "seed = 1.5",
            &["study.seed", "the number 1.5"],
        ),
        toy(
            "seed is text",
            "seed = 1",
            "seed = \"one\"",
            &["study.seed", "the text", "whole number"],
        ),
        toy(
            "seed is too large",
            "seed = 1",
            "seed = 9223372036854775808",
            &["study.seed"],
        ),
        toy(
            "simulations with an exponent",
            "simulations = 300",
            "simulations = 1e4",
            &["inference.simulations", "without a point or an exponent"],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn values() -> Vec<Wrong> {
    vec![
        toy(
            "too few simulations",
            "simulations = 300",
            "simulations = 3",
            &["inference.simulations", "given 3", "at least 100"],
        ),
        toy(
            "more simulations than memory",
            "simulations = 300",
            "simulations = 4_000_000_000_000",
            &["inference.simulations", "GB of memory"],
        ),
        toy(
            "a learning curve without test simulations",
            "test_simulations = 40",
            "test_simulations = 0\nlearning_curve = true",
            &["check.learning_curve", "without test simulations"],
        ),
        toy(
            "posterior calibration without simulations to rank",
            "predictive_simulations = 40",
            "predictive_simulations = 0\nposterior_calibration = true",
            &["check.posterior_calibration", "without predictive simulations"],
        ),
        toy(
            "conformal regions without test simulations",
            "test_simulations = 40",
            "test_simulations = 0\nconformal = true",
            &["check.conformal", "without test simulations"],
        ),
        toy(
            "summaries of too high a degree",
            "simulations = 300",
            "simulations = 300\nmethod = \"nle\"\nsummaries = { kind = \"semi_automatic\", degree = 20 }",
            &["inference.summaries.degree", "line", "given 20", "from 1 to 10"],
        ),
        toy(
            "summaries of no degree, of a section",
            "[inference]\n",
            "[inference.abc]\nsummaries = { kind = \"semi_automatic\", degree = 0 }\n[inference]\nmethod = \"abc_rejection\"\n",
            &["inference.abc.summaries.degree", "line", "given 0"],
        ),
        toy(
            "a histogram of no bins",
            "[inference]\n",
            "[inference.histogram]\ndata_bins = 0\n[inference]\nmethod = \"classical_histogram\"\n",
            &["inference.histogram.data_bins", "line", "given 0", "at least 1"],
        ),
        toy(
            "errors at the observation of a likelihood",
            "simulations = 300",
            "simulations = 300\nmethod = \"nle\"\nrobust = { at = \"observation\" }",
            &["inference.robust.at", "expected `training`"],
        ),
        toy(
            "errors with a probability of one",
            "simulations = 300",
            "simulations = 300\nrobust = { slab_probability = 1.0 }",
            &["slab_probability", "between 0 and 1"],
        ),
        toy(
            "rounds",
            "simulations = 300",
            "simulations = 300\nrounds = 4",
            &[
                "inference.rounds",
                "given 4",
                "75 simulations a round",
                "at least 100",
            ],
        ),
        toy(
            "no rounds",
            "simulations = 300",
            "simulations = 300\nrounds = 0",
            &["inference.rounds", "given 0", "at least 1"],
        ),
        toy(
            "rounds of a method that has one",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"abc_rejection\"",
            &[
                "inference.rounds",
                "`method = \"abc_rejection\"`",
                "`npe`, `nle`, `nre` or `tmnre`",
            ],
        ),
        toy(
            "rounds aimed at two observations",
            "[inference]\nsimulations = 300",
            "[observation]\nvalues = [[0.8, 0.6, 0.4], [1.0, 1.0, 1.0]]\n[inference]\nsimulations = 300\nrounds = 2",
            &["inference.rounds", "2 observations", "one round serves all"],
        ),
        toy(
            "settings of rounds with one round",
            "simulations = 300",
            "simulations = 300\nsequential = { epsilon = 0.01 }",
            &["inference.sequential", "`rounds = 1`"],
        ),
        toy(
            "an acquisition without a correction",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"npe\"\nsequential = { acquisition = \"disagreement\" }",
            &["inference.sequential.acquisition", "`nle` or `nre`"],
        ),
        toy(
            "one network that disagrees",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"nle\"\nsequential = { acquisition = \"disagreement\" }",
            &[
                "inference.sequential.acquisition",
                "one network",
                "ensemble_size",
            ],
        ),
        toy(
            "a proposal of another method",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"nle\"\nsequential = { proposal = \"atomic\" }",
            &["inference.sequential.proposal", "`nle`", "`npe`"],
        ),
        toy(
            "mixtures of flows",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"npe\"\nsequential = { proposal = \"mixture\" }",
            &["inference.sequential.proposal", "mixture density network", "mdn"],
        ),
        study(
            "mixtures where the prior is not normal",
            QUICK
                .replace("kind = \"maf\"\ntransforms = 1", "kind = \"mdn\"")
                .replace(
                    "simulations = 300",
                    "simulations = 300\nrounds = 2\nmethod = \"npe\"\nsequential = { proposal = \"mixture\" }",
                ),
            &["inference.sequential.proposal", "probit"],
        ),
        toy(
            "a reach of nothing",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"nle\"\nsequential = { reach = 1.0 }",
            &["inference.sequential.reach", "at least 3"],
        ),
        toy(
            "one atom",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nmethod = \"npe\"\nsequential = { proposal = \"atomic\", atoms = 1 }",
            &["inference.sequential.atoms", "from 2 to"],
        ),
        toy(
            "an epsilon that keeps nothing",
            "simulations = 300",
            "simulations = 300\nrounds = 2\nsequential = { epsilon = 1.0 }",
            &["inference.sequential.epsilon", "given 1", "at most 0.1"],
        ),
        toy(
            "unknown method",
            "simulations = 300",
            "method = \"mcmc\"",
            &["inference.method", "`mcmc` is not known"],
        ),
        toy(
            "no transforms",
            "transforms = 1",
            "transforms = 0",
            &["inference.estimator.transforms", "given 0"],
        ),
        toy(
            "hidden layer of none",
            "hidden = [8]",
            "hidden = [0]",
            &["inference.estimator", "a layer of 0"],
        ),
        toy(
            "learning rate",
            "max_epochs = 5",
            "learning_rate = -0.1",
            &["inference.train.learning_rate", "-0.1"],
        ),
        toy(
            "batch of none",
            "max_epochs = 5",
            "batch_size = 0",
            &["inference.train.batch_size", "given 0"],
        ),
        toy(
            "few draws",
            "draws = 200",
            "draws = 1",
            &["posterior.draws", "given 1", "at least 100"],
        ),
        toy(
            "few test simulations",
            "test_simulations = 40",
            "test_simulations = 3",
            &["check.test_simulations", "given 3"],
        ),
        toy(
            "few check draws",
            "posterior_draws = 50",
            "posterior_draws = 2",
            &["check.posterior_draws", "given 2"],
        ),
        toy(
            "unknown built-in",
            "gaussian_toy",
            "gausian_toy",
            &[
                "simulator.builtin",
                "gausian_toy",
                "Did you mean `gaussian_toy`?",
            ],
        ),
        toy(
            "two simulators",
            "builtin = \"gaussian_toy\"",
            "builtin = \"gaussian_toy\"\nworker = { command = [\"x\"] }",
            &["simulator", "builtin and worker", "exactly one"],
        ),
        toy(
            "empty simulator",
            "builtin = \"gaussian_toy\"",
            "",
            &["simulator", "given none", "`worker`"],
        ),
        toy(
            "library",
            "builtin = \"gaussian_toy\"",
            "library = { path = \"./l.so\", symbol = \"s\", data = 3 }",
            &[
                "simulator.library",
                "not available in this version",
                "worker",
            ],
        ),
        toy(
            "um_bridge",
            "builtin = \"gaussian_toy\"",
            "um_bridge = { url = \"http://localhost\", model = \"m\" }",
            &["simulator.um_bridge", "not available in this version"],
        ),
        toy(
            "share of failures",
            "builtin = \"gaussian_toy\"",
            "builtin = \"gaussian_toy\"\nmax_failed = 1.5",
            &["simulator.max_failed", "1.5", "from 0 to 1"],
        ),
        toy(
            "too many parameters",
            "[simulator]",
            "[parameters]\na = { prior = \"uniform\", low = 0, high = 1 }\n[simulator]",
            &["parameters", "given 1", "expected 3"],
        ),
        toy(
            "study folder",
            "seed = 1",
            "folder = \"nowhere\"",
            &["study.folder", "there is no folder"],
        ),
        worker(
            "no parameters",
            "[parameters]\na = { prior = \"uniform\", low = -2.0, high = 2.0 }\nb = { prior = \"normal\", mean = 0.0, sd = 1.0, label = \"β\", unit = \"m\" }",
            "",
            &["parameters", "is missing"],
        ),
        worker(
            "bounds the wrong way round",
            "low = -2.0, high = 2.0",
            "low = 2.0, high = -2.0",
            &["parameters.a"],
        ),
        worker(
            "bound is NaN",
            "low = -2.0",
            "low = nan",
            &["parameters.a.low", "NaN"],
        ),
        worker(
            "bound is infinite",
            "high = 2.0",
            "high = inf",
            &["parameters.a.high", "inf"],
        ),
        worker(
            "sd is zero",
            "sd = 1.0",
            "sd = 0.0",
            &["parameters.b.sd", "given 0"],
        ),
        worker(
            "sd is missing",
            "sd = 1.0, ",
            "",
            &["parameters.b.sd", "is missing"],
        ),
        worker(
            "unknown prior",
            "\"normal\"",
            "\"gaussian\"",
            &["parameters.b", "`gaussian` is not known", "`normal`"],
        ),
        worker(
            "unknown argument",
            "sd = 1.0",
            "sigma = 1.0",
            &["parameters.b", "sigma"],
        ),
        worker(
            "prior is a number",
            "{ prior = \"uniform\", low = -2.0, high = 2.0 }",
            "3.0",
            &["parameters.a", "line"],
        ),
        worker(
            "no prior",
            "prior = \"uniform\", ",
            "",
            &["parameters.a", "prior", "is missing"],
        ),
        worker(
            "depends on a later parameter",
            "low = -2.0",
            "low = \"b\"",
            &["parameters.a.low", "b"],
        ),
        worker(
            "discrete",
            "{ prior = \"uniform\", low = -2.0, high = 2.0 }",
            "{ prior = \"bernoulli\", probability = 2.0 }",
            &["parameters.a", "probability"],
        ),
        worker(
            "parameter twice",
            "b = {",
            "a = {",
            &["line", "`a` stands twice"],
        ),
        worker(
            "command is text",
            "command = [\"python3\", \"simulator.py\"]",
            "command = \"python3 simulator.py\"",
            &["simulator.worker.command", "a list in brackets"],
        ),
        worker(
            "command is empty",
            "command = [\"python3\", \"simulator.py\"]",
            "command = []",
            &[
                "simulator.worker.command",
                "given []",
                "a program and its arguments",
            ],
        ),
        worker(
            "unknown protocol",
            "protocol = \"text\"",
            "protocol = \"xml\"",
            &["simulator.worker.protocol", "`xml` is not known"],
        ),
        worker(
            "timeout",
            "timeout = 5.0",
            "timeout = 0.0",
            &["simulator.worker.timeout", "given 0"],
        ),
        worker(
            "no workers",
            "timeout = 5.0",
            "workers = 0",
            &["simulator.worker.workers", "given 0"],
        ),
        worker(
            "program is not there",
            "python3",
            "no-such-program-42",
            &["no-such-program-42"],
        ),
        worker(
            "parameters the worker does not take",
            "b = { prior = \"normal\", mean = 0.0, sd = 1.0, label = \"β\", unit = \"m\" }",
            "",
            &["2", "1"],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn observations() -> Vec<Wrong> {
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

fn arrays() -> Vec<Wrong> {
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

#[test]
fn every_wrong_study_gives_one_clear_message() {
    let all: Vec<Wrong> = [forms(), values(), observations(), arrays()]
        .into_iter()
        .flatten()
        .collect();
    assert!(all.len() >= 50, "{} kinds", all.len());
    let mut complaints = Vec::new();
    for wrong in &all {
        let sandbox = Sandbox::new();
        sandbox.write("study.toml", &wrong.study);
        for (name, content) in &wrong.files {
            sandbox.write(name, content);
        }
        let output = sandbox.run(&["run", "study.toml", "--quiet"]);
        let message = stderr(&output);
        let good = output.status.code() == Some(2)
            && message.starts_with("error: ")
            && message.lines().count() == 1
            && !message.contains("panicked")
            && wrong.says.iter().all(|part| message.contains(part));
        if !good {
            complaints.push(format!(
                "{}: exit {:?}\n  {message}  expected {:?}\n  {}",
                wrong.name,
                output.status.code(),
                wrong.says,
                stdout(&output)
            ));
        }
    }
    assert!(
        complaints.is_empty(),
        "{} of {}:\n{}",
        complaints.len(),
        all.len(),
        complaints.join("\n")
    );
}

#[test]
fn wrong_commands_are_refused_with_exit_code_2() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK);
    sandbox.write("full/thesis.tex", "x");
    for (arguments, says) in [
        (&["run"][..], "STUDY.toml"),
        (&["run", "gone.toml"], "there is no such file"),
        (&["run", "."], "is a folder"),
        (&["rum", "study.toml"], "rum"),
        (&["run", "study.toml", "--threads", "0"], "--threads"),
        (&["run", "study.toml", "--seed", "x"], "--seed"),
        (
            &["run", "study.toml", "--out", "full"],
            "holds files, but no run",
        ),
        (&["run", "study.toml", "--out", "study.toml"], "is a file"),
        (&["init", "full"], "not empty"),
        (&["init", "new", "--simulator", "cobol"], "cobol"),
        (&["fit", "study.toml"], "retrodict simulate"),
        (&["check", "study.toml"], "retrodict"),
        (
            &["sample", "study.toml", "--x", "x.csv", "-n", "10"],
            "retrodict fit",
        ),
        (&["sample", "study.toml", "-n", "10"], "--x"),
    ] {
        let output = sandbox.expect(2, arguments);
        assert!(
            stderr(&output).contains(says),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    assert!(!sandbox.file("full/study.toml").exists());
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused_by_name() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_retrodict"))
        .arg("tasks")
        .env("RETRODICT_TIER", "sse9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    for part in ["RETRODICT_TIER", "given sse9", "scalar", "unset it"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn an_error_is_one_json_object_too() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK.replace("seed = 1", "sead = 1"));
    let output = sandbox.expect(2, &["run", "study.toml", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(object["exit_code"], 2);
    assert_eq!(object["error"]["kind"], "study");
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Did you mean `seed`?")
    );
    let output = sandbox.expect(2, &["run", "--json", "--nonsense"]);
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(object["error"]["kind"], "usage");
}
