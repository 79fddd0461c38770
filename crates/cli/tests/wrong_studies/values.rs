//! Values that make no sense, alone or together.

use super::common::QUICK;
use super::{Wrong, study, toy, worker};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn values() -> Vec<Wrong> {
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
