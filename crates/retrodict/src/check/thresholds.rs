//! The limits of every check and of the verdict, in one place, with the reason for each.
//!
//! **What is significant.** With an exact posterior and an observation that the simulator made, the
//! verdict is not `trusted` in at most 2 % of runs. The false-alarm rates below are shares of that:
//! 0.5 % for all ranks together, 0.5 % for dependence on the data, 0.1 % for each of the four
//! predictive tests and for misspecification, 0.2 % for the local test and 0.1 % for failures; the sum is 1.8 %, and
//! corrections for looking at several numbers (Holm) make it smaller. Posterior calibration, if it is asked for, has
//! 0.5 % of its own. The price is that small faults need more test
//! simulations to be seen; [`DETECTABLE_BIAS`] says when there are too few.
//!
//! **What matters.** A deviation counts only if it is significant *and* larger than a tolerance: with
//! 100,000 test simulations every learned posterior deviates significantly, and most are as good as
//! exact. `caution` asks that the estimate exceeds its tolerance. `failed` asks that the estimate
//! exceeds the larger tolerance by 2.6 standard errors, so that chance alone does not condemn.
//!
//! | size | meaning | `caution` | `failed` |
//! |---|---|---|---|
//! | bias | how far the truth lies to one side, in posterior sd | 0.2 | 0.5 |
//! | spread | true errors as a multiple of the claimed ones | above 1.2 or below 1/1.2 | above 1.5 |
//! | distance | largest gap between the ECDF of ranks and the diagonal | 0.1 | 0.2 |
//! | shortfall | nominal minus true coverage at 50 or 68 % | 0.1 | 0.2 |
//! | | the same at 95 % | 0.05 | 0.2 |
//! | excess | true minus nominal coverage at the same levels | 0.1 | never |
//! | discrepancy | accuracy of a local classifier, beyond one half | 0.1 | 0.25 |
//! | dependence | share of the errors' variance the data explain | 0.1 | 0.5 |
//!
//! A posterior that is too wide misleads nobody about what is excluded, so it never fails.

/// The chance of any false alarm among the ranks of all parameters, pairs and the log-density.
pub const CALIBRATION_FALSE_ALARM: f64 = 0.005;
/// The chance of any false alarm among the tests of dependence on the data.
pub const DEPENDENCE_FALSE_ALARM: f64 = 0.005;
/// The chance of a false alarm of one predictive test: there are up to four in a run.
pub const PREDICTIVE_FALSE_ALARM: f64 = 0.001;
/// The chance of a false alarm of the local test.
pub const LOCAL_FALSE_ALARM: f64 = 0.002;
/// A predictive p-value below this means that the simulator as it is does not make such data: it is
/// the two-sided tail of a normal distribution beyond five standard deviations.
pub const PREDICTIVE_FAILED: f64 = 6e-7;
/// A significant feature beyond everything simulated fails too from so many standard deviations on: the tail
/// of the p-value is never lighter than exponential, and says 10⁻⁵ where a normal one says 10⁻⁹.
pub const PREDICTIVE_FAR: f64 = 5.0;
/// The chance of a false alarm when failed and valid simulations are compared.
pub const FAILURE_FALSE_ALARM: f64 = 0.001;

/// A bias of a fifth of a posterior sd changes a 68 % interval's coverage by one percent only, and
/// its root-mean-square error by two percent.
pub const CAUTION_BIAS: f64 = 0.2;
/// A bias of half a posterior sd brings a 95 % interval down to 92 % and moves the conclusion
/// visibly.
pub const FAILED_BIAS: f64 = 0.5;
/// Errors a fifth larger than claimed bring a 95 % interval down to 90 %.
pub const CAUTION_SPREAD: f64 = 1.2;
/// Errors half as large again as claimed bring a 95 % interval down to 81 %.
pub const FAILED_SPREAD: f64 = 1.5;
/// No quantile's probability is wrong by more than a tenth.
pub const CAUTION_DISTANCE: f64 = 0.1;
/// Some quantile's probability is wrong by a fifth: a missing mode of that mass, for example.
pub const FAILED_DISTANCE: f64 = 0.2;
/// Coverage of a nominal 68 % region below 58 %: in two dimensions, errors a seventh larger than
/// claimed.
pub const CAUTION_SHORTFALL: f64 = 0.1;
/// Coverage of a nominal 95 % region below 90 %: twice as many misses as claimed.
pub const CAUTION_SHORTFALL_TAIL: f64 = 0.05;
/// Coverage of a nominal 95 % region below 75 %: misses are five times as many as claimed.
pub const FAILED_SHORTFALL: f64 = 0.2;
/// Regions that hold the truth this much more often than they claim are wasteful.
pub const CAUTION_EXCESS: f64 = 0.1;
/// A bias of 0.4 posterior sd, or errors a third larger than claimed, give a classifier this advantage.
pub const CAUTION_LOCAL: f64 = 0.1;
/// A bias of one posterior sd. A posterior that is only too wide does not fail however large this is.
pub const FAILED_LOCAL: f64 = 0.25;
/// Twice as many simulations would make a parameter's error bar five percent shorter.
pub const CAUTION_LEARNING: f64 = 0.05;
/// How sure it must be that the last doubling of the simulations has gained anything.
pub const LEARNING_CONFIDENCE: f64 = 0.999;
/// The data could make the posterior five percent narrower: 1 − √(1 − 0.1).
pub const CAUTION_DEPENDENCE: f64 = 0.1;
/// The data could make the posterior thirty percent narrower: 1 − √(1 − 0.5).
pub const FAILED_DEPENDENCE: f64 = 0.5;
/// Standard errors by which a size has to exceed its tolerance to fail: a two-sided 99 % interval.
pub const FAILED_MARGIN: f64 = 2.576;

/// There are enough test simulations if a bias of half a posterior sd, which would fail, is seen in
/// nine cases of ten.
pub const DETECTABLE_BIAS: f64 = 0.5;
/// Test simulations without a posterior: above this share something is broken, not unlucky.
pub const FAILED_UNANSWERED: f64 = 0.05;

/// Failures rarer than this cannot matter: dropping them changes no probability by more.
pub const CAUTION_FAILURES: f64 = 0.01;
/// Above this share the failures deserve a look even if they hit all parameters alike.
pub const CAUTION_MANY_FAILURES: f64 = 0.1;

/// What training itself takes for a reason to go on is one to be cautious where it could not.
pub const CAUTION_STILL_FALLING: f64 = crate::train::STILL_FALLING;
/// A training loss this far below the validation loss, in nats per simulation, means that the
/// network has learned its training rows by heart.
pub const CAUTION_OVERFITTING: f64 = 1.0;
/// A share of draws outside the prior above this is no rounding error.
pub const FAILED_OUTSIDE_PRIOR: f64 = 0.01;

/// A ratio whose mean over the prior is wrong by a factor of 1.35 for half of all data is not the one that it was
/// trained to be.
pub const CAUTION_IDENTITY: f64 = 0.3;

/// Errors of the data that move a posterior mean by one of its sds change what is concluded.
pub const CAUTION_ROBUST: f64 = 1.0;

/// Chains that agree have R̂ below this (Vehtari et al. 2021, arXiv:1903.08008).
pub const CAUTION_R_HAT: f64 = 1.01;
/// Chains with a larger R̂ are at different places: their draws are those of no one density.
pub const FAILED_R_HAT: f64 = 1.1;
/// Fewer effective draws than this make R̂ itself unreliable, and quantiles coarse (the same).
pub const CAUTION_EFFECTIVE_DRAWS: f64 = 400.0;
/// Weights with a heavier tail than this give means whose error cannot be told from the draws
/// (Vehtari et al. 2024, arXiv:1507.02646).
pub const CAUTION_K_HAT: f64 = 0.7;
/// With a tail like this the weights have no mean: more draws do not help.
pub const FAILED_K_HAT: f64 = 1.0;
/// Draws of one method whose weights by another leave less than this are of another density. A shift by one sd leaves
/// 37 %, by one and a half 11 %.
pub const CAUTION_EFFICIENCY: f64 = 0.1;
/// Standard errors by which a posterior has to be worse than the prior to fail: one-sided, one in 2,000.
pub const WORSE_THAN_PRIOR: f64 = 3.3;
/// A share of test simulations whose true parameters are given no probability at all.
pub const CAUTION_ZERO: f64 = 0.01;
