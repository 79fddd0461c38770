//! What to cite.

use crate::infer::sequential::ProposalKind;
use crate::study::{InferenceSection, Method};

/// Of summaries that a method learns.
const SUMMARIES: &str =
    "Semi-automatic summary statistics: Fearnhead and Prangle 2012, arXiv:1004.1112.";

/// What a result rests on, each once, the methods in their order; `summarized` if summaries were learned without being asked
/// for.
pub(in crate::study) fn citations(
    methods: &[Method],
    inference: &InferenceSection,
    summarized: bool,
) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut papers: Vec<&str> = Vec::new();
    for method in methods {
        let paper = paper(*method, inference);
        // Some methods share one.
        if !papers.contains(&paper) {
            papers.push(paper);
        }
    }
    let mut asked = inference.summaries_of_methods().into_iter();
    if summarized || asked.any(|(method, _, own)| !own.is_none() && methods.contains(&method)) {
        papers.push(SUMMARIES);
    }
    let software = format!("Retrodict {version}: simulation-based inference (see CITATION.cff).");
    let checks = [
        "Simulation-based calibration: Talts et al. 2018, arXiv:1804.06788; its bands: Säilynoja et al. 2022, arXiv:2103.10522.",
        "Expected coverage: Hermans et al. 2022, arXiv:2110.06581.",
    ];
    let others = papers.into_iter().chain(checks).map(str::to_string);
    std::iter::once(software).chain(others).collect()
}

/// Where a method is described.
fn paper(method: Method, inference: &InferenceSection) -> &'static str {
    let sequential = inference.sequential.as_ref();
    let given = inference.given_rounds.as_ref().map(|given| given.loss);
    let proposal = given.or(sequential.map(|s| s.proposal)).unwrap_or_default();
    match method {
        Method::Npe if inference.is_aimed() => proposal_paper(proposal),
        Method::Nle => {
            "Neural likelihood estimation: Papamakarios, Sterratt and Murray 2019, arXiv:1805.07226."
        }
        Method::Nre => {
            "Neural ratio estimation: Hermans et al. 2020, arXiv:1903.04057; Durkan et al. 2020, arXiv:2002.03712; Miller et al. 2022, arXiv:2210.06170."
        }
        Method::Tmnre => {
            "Truncated marginal neural ratio estimation: Miller et al. 2021, arXiv:2107.01214; trees of pairs: Chow and Liu 1968."
        }
        Method::Fmpe => {
            "Flow matching posterior estimation: Wildberger et al. 2023, arXiv:2305.17161; Lipman et al. 2023, arXiv:2210.02747."
        }
        Method::Npse => {
            "Neural posterior score estimation: Geffner et al. 2023, arXiv:2209.14249; Sharrock et al. 2022, arXiv:2210.04872."
        }
        Method::AbcRejection => {
            "Approximate Bayesian computation: Pritchard et al. 1999; Beaumont, Zhang and Balding 2002."
        }
        Method::AbcSmc => {
            "Sequential Monte Carlo: Toni et al. 2009, arXiv:0901.1925; Beaumont et al. 2009, arXiv:0805.2256; Del Moral, Doucet and Jasra 2012; Prangle 2017, arXiv:1507.00874."
        }
        Method::SyntheticLikelihood => {
            "Synthetic likelihood: Wood 2010; Price, Drovandi, Lee and Nott 2018; An, Nott and Drovandi 2020, arXiv:1809.05800."
        }
        Method::Likelihood => {
            "Slice sampling: Neal 2003; the no-U-turn sampler: Hoffman and Gelman 2014, arXiv:1111.4246."
        }
        Method::ClassicalKde | Method::ClassicalHistogram => {
            "Density estimation of the likelihood: Rosenblatt 1969; Diggle and Gratton 1984."
        }
        _ => {
            "Neural posterior estimation: Papamakarios and Murray 2016, arXiv:1605.06376; Greenberg et al. 2019, arXiv:1905.07488."
        }
    }
}

fn proposal_paper(proposal: ProposalKind) -> &'static str {
    match proposal {
        ProposalKind::Truncated => {
            "Truncated sequential neural posterior estimation: Deistler, Gonçalves and Macke 2022, arXiv:2210.04815."
        }
        ProposalKind::Atomic | ProposalKind::Mixture => {
            "Automatic posterior transformation: Greenberg, Nonnenmacher and Macke 2019, arXiv:1905.07488."
        }
        ProposalKind::ImportanceWeighted => {
            "Sequential neural posterior estimation with importance weights: Lueckmann et al. 2017, arXiv:1711.01861."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_summaries_are_cited_where_a_method_of_the_study_takes_them() {
        let text = "method = \"abc_rejection\"\n[abc]\nsummaries = { kind = \"semi_automatic\", degree = 1 }";
        let inference: InferenceSection = toml::from_str(text).unwrap();
        let has = |method, summarized| {
            let found = citations(&[method], &inference, summarized);
            found.iter().filter(|paper| *paper == SUMMARIES).count()
        };
        assert_eq!(has(Method::AbcRejection, false), 1);
        assert_eq!(has(Method::AbcRejection, true), 1);
        assert_eq!(has(Method::Nle, false), 0);
        assert_eq!(has(Method::Auto, true), 1);
    }

    #[test]
    fn methods_that_share_a_paper_cite_it_once() {
        let inference = InferenceSection::default();
        let one = citations(&[Method::ClassicalKde], &inference, false);
        let both = [Method::ClassicalKde, Method::ClassicalHistogram];
        assert_eq!(citations(&both, &inference, false), one);
        assert!(one[1].contains("Diggle"), "{one:?}");
    }
}
