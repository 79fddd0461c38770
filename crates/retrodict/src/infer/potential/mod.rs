//! The posterior of a log-likelihood, learned or given.

mod density;
mod enumeration;
mod function;
mod joint;
mod likelihood;
mod maximum;
pub(in crate::infer) use maximum::maximum;
mod posterior;
mod proposal;
mod sampled;
mod space;
mod states;
#[cfg(test)]
mod tests;

pub use function::FunctionLikelihood;
pub use likelihood::LogLikelihood;
pub use posterior::PotentialPosterior;
pub use sampled::SampledPosterior;
