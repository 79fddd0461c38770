//! Study files that are no study.

use super::{Wrong, study, toy};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn forms() -> Vec<Wrong> {
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
