//! Where a study may ask for summaries.

use super::{InferenceSection, Method};
use crate::infer::SummariesConfig;

impl InferenceSection {
    /// Each method that learns from summaries, if it shall; the section in which it says so, with a dot, and which.
    pub(in crate::study) fn summaries_of_methods(
        &self,
    ) -> [(Method, &'static str, SummariesConfig); 6] {
        let abc = self.abc.as_ref().map(|own| own.summaries);
        let abc_smc = self.abc_smc.as_ref().map(|own| own.summaries);
        let synthetic = self.synthetic_likelihood.as_ref().map(|own| own.summaries);
        let kernels = self.kernel_density.as_ref().map(|own| own.summaries);
        let histogram = self.histogram.as_ref().map(|own| own.summaries);
        [
            (Method::Nle, "", Some(self.summaries)),
            (Method::AbcRejection, "abc.", abc),
            (Method::AbcSmc, "abc_smc.", abc_smc),
            (
                Method::SyntheticLikelihood,
                "synthetic_likelihood.",
                synthetic,
            ),
            (Method::ClassicalKde, "kernel_density.", kernels),
            (Method::ClassicalHistogram, "histogram.", histogram),
        ]
        .map(|(method, section, own)| (method, section, own.unwrap_or_default()))
    }
}
