//! The words a reader may not know.

use super::sections;

const TERMS: [(&str, &str); 18] = [
    (
        "Simulator",
        "A program that turns parameters into data, with randomness inside. The model of what is studied.",
    ),
    (
        "Parameter",
        "A number the simulator needs and nobody knows: what the study wants to find out.",
    ),
    (
        "Prior",
        "What was thought possible before seeing the observation: a distribution over the parameters.",
    ),
    (
        "Posterior",
        "What is thought possible after seeing the observation: which parameters could have made it, and how plausible each is.",
    ),
    (
        "Simulation-based inference",
        "Finding the posterior from simulations alone, when no formula gives the probability of the data.",
    ),
    (
        "68 % interval, 95 % interval",
        "The middle part of the posterior that holds this share of it. If the results are right, the true value lies inside in this share of all studies.",
    ),
    (
        "Median, mean, sd",
        "The middle of the posterior, its average, and its standard deviation: how wide it is.",
    ),
    (
        "Corner plot",
        "The posterior of every parameter (diagonal) and of every pair of them (below). Contours show which pairs of values go together.",
    ),
    (
        "Calibration",
        "Whether the posterior is as sure as it should be. Tested with simulations whose true parameters are known and that were not used for training.",
    ),
    (
        "Rank",
        "How many posterior draws lie below the true value. If the posterior is right, every rank is equally likely.",
    ),
    (
        "ECDF",
        "Empirical cumulative distribution function: the share of values below a point. Its difference from the expected straight line makes small deviations visible.",
    ),
    (
        "Coverage",
        "How often credible regions hold the true value. Regions that claim 95 % should hold it in 95 % of the tests.",
    ),
    (
        "Posterior predictive",
        "Data simulated with parameters from the posterior. They should look like the observation.",
    ),
    (
        "Misspecification",
        "The simulator cannot make data like the observation. Then the posterior answers a question nobody asked, however well it was computed.",
    ),
    (
        "p-value",
        "How often a result at least this extreme would turn up if everything were right. Small values speak against the result.",
    ),
    (
        "Loss, epoch",
        "While a network learns, the loss says how badly it does; an epoch is one pass through the training simulations. The loss on validation simulations, which it does not learn from, decides when to stop.",
    ),
    (
        "Seed",
        "The number all randomness starts from. The same seed gives the same results, to the last digit.",
    ),
    (
        "R-hat, effective sample size",
        "Whether chains of a Markov-chain sampler agree (R-hat near 1), and how many independent draws theirs are worth.",
    ),
];

/// The terms, folded away.
fn content() -> String {
    let terms = TERMS
        .iter()
        .map(|(term, meaning)| format!("<dt>{term}</dt><dd>{meaning}</dd>\n"));
    let terms: String = terms.collect();
    format!(
        "<details>\n<summary>Words used in this report</summary>\n<dl class=\"glossary\">\n{terms}</dl>\n</details>\n"
    )
}

/// The section.
pub(super) fn section() -> String {
    sections::section("glossary", "Glossary", &content())
}
