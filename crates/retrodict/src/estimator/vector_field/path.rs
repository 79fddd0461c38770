//! How data become noise: the paths of flow matching and of diffusion, all on one circle.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// θₜ = α(t) y + σ(t) ε with ε ~ N(0, I), from the data y at t = 0 to noise at t = 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PathConfig {
    /// Flow matching along straight lines: α = 1 − t, σ = t (Lipman et al. 2023, arXiv:2210.02747;
    /// Wildberger et al. 2023, arXiv:2305.17161), with the loss |v − (ε − y)|².
    FlowMatching(StraightPath),
    /// Variance exploding: α = 1, σ = σ₀ (σ₁/σ₀)ᵗ (Song et al. 2021, arXiv:2011.13456).
    VarianceExploding(ExplodingPath),
    /// Variance preserving: with B = ∫ β, β(t) = β₀ + t (β₁ − β₀), α = exp(−B/2), σ² = 1 − exp(−B) (Song
    /// et al. 2021, arXiv:2011.13456).
    VariancePreserving(PreservingPath),
    /// Sub-variance preserving: as variance preserving with σ = 1 − exp(−B).
    SubVariancePreserving(PreservingPath),
}

impl Default for PathConfig {
    fn default() -> Self {
        Self::FlowMatching(StraightPath::default())
    }
}

/// Options of flow matching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StraightPath {
    /// a: times are drawn with the density (1 + a) (1 − t)ᵃ, so that with a > 0 more of them are close to
    /// the data, where thin features are (Wildberger et al. 2023, section 3.2); 0 is the even density.
    pub time_exponent: f64,
}

impl Default for StraightPath {
    fn default() -> Self {
        Self { time_exponent: 2.0 }
    }
}

/// Options of the variance exploding path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExplodingPath {
    /// σ₀, in standard deviations of the data.
    pub sigma_min: f64,
    /// σ₁.
    pub sigma_max: f64,
    /// How much errors count at each time.
    pub weighting: Weighting,
}

impl Default for ExplodingPath {
    fn default() -> Self {
        Self {
            sigma_min: 0.01,
            sigma_max: 10.0,
            weighting: Weighting::default(),
        }
    }
}

/// Options of the variance preserving paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PreservingPath {
    /// β₀.
    pub beta_min: f64,
    /// β₁.
    pub beta_max: f64,
    /// The smallest time that is trained on.
    pub time_min: f64,
    /// How much errors count at each time.
    pub weighting: Weighting,
}

impl Default for PreservingPath {
    fn default() -> Self {
        Self {
            beta_min: 0.1,
            beta_max: 10.0,
            time_min: 1e-3,
            weighting: Weighting::default(),
        }
    }
}

/// How much errors of a diffusion's network count at each time, with the score s of θₜ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// The error of the velocity on the circle, |ŵ − w|²: as large at all times (Salimans and Ho 2022,
    /// arXiv:2202.00512).
    #[default]
    Velocity,
    /// σ² |ŝ − s|², the error of the noise (Song et al. 2021, arXiv:2011.13456, section 3.3).
    Noise,
    /// g² |ŝ − s|² with g the diffusion coefficient, which bounds the likelihood (Song et al. 2021,
    /// arXiv:2101.09258); most of it comes from the smallest times.
    Likelihood,
}

impl PathConfig {
    /// α(t) and σ(t).
    pub fn scales(&self, t: f64) -> [f64; 2] {
        match self {
            Self::FlowMatching(_) => [1.0 - t, t],
            Self::VarianceExploding(path) => [
                1.0,
                path.sigma_min * (path.sigma_max / path.sigma_min).powf(t),
            ],
            Self::VariancePreserving(path) => {
                let b = path.integral(t);
                [(-0.5 * b).exp(), (-(-b).exp_m1()).sqrt()]
            }
            Self::SubVariancePreserving(path) => {
                let b = path.integral(t);
                [(-0.5 * b).exp(), -(-b).exp_m1()]
            }
        }
    }

    /// φ(t) with tan φ = σ/α.
    pub fn angle(&self, t: f64) -> f64 {
        let [alpha, sigma] = self.scales(t);
        sigma.atan2(alpha)
    }

    /// The times that are trained on.
    pub fn times(&self) -> [f64; 2] {
        match self {
            Self::FlowMatching(_) | Self::VarianceExploding(_) => [0.0, 1.0],
            Self::VariancePreserving(path) | Self::SubVariancePreserving(path) => {
                [path.time_min, 1.0]
            }
        }
    }

    /// The time at `level`, from 0 to 1, of the distribution from which times are drawn.
    pub fn time(&self, level: f64) -> f64 {
        let [low, high] = self.times();
        match self {
            Self::FlowMatching(path) => 1.0 - (1.0 - level).powf(1.0 / (1.0 + path.time_exponent)),
            _ => low + level * (high - low),
        }
    }

    /// λ(t): the loss is λ |ŵ − w|², w being the velocity on the circle.
    pub fn weight(&self, t: f64) -> f64 {
        let [alpha, sigma] = self.scales(t);
        let square = alpha * alpha + sigma * sigma;
        // v̂ − v = √(α² + σ²) dφ/dt (ŵ − w), and dφ/dt = 1/(α² + σ²) on a straight line.
        let (weighting, diffusion) = match self {
            Self::FlowMatching(_) => return 1.0 / square,
            Self::VarianceExploding(path) => {
                let growth = (path.sigma_max / path.sigma_min).ln();
                (path.weighting, 2.0 * sigma * sigma * growth)
            }
            Self::VariancePreserving(path) => (path.weighting, path.beta(t)),
            Self::SubVariancePreserving(path) => {
                let b = path.integral(t);
                (path.weighting, path.beta(t) * -(-2.0 * b).exp_m1())
            }
        };
        // σ (ŝ − s) = −α / √(α² + σ²) (ŵ − w).
        let noise = alpha * alpha / square;
        match weighting {
            Weighting::Velocity => 1.0,
            Weighting::Noise => noise,
            Weighting::Likelihood => noise * diffusion / (sigma * sigma),
        }
    }

    /// The name of the method that trains on this path.
    pub fn method(&self) -> &'static str {
        match self {
            Self::FlowMatching(_) => "fmpe",
            _ => "npse",
        }
    }

    /// Refuses numbers that make no sense.
    pub fn validate(&self) -> Result<()> {
        let check = |fits: bool, field: &str, given: f64, expected: &str| {
            if fits {
                return Ok(());
            }
            Err(Error::invalid_option("path", field, given, expected))
        };
        match self {
            Self::FlowMatching(path) => {
                let a = path.time_exponent;
                check(
                    (-0.9..=20.0).contains(&a),
                    "time_exponent",
                    a,
                    "from -0.9 to 20",
                )
            }
            Self::VarianceExploding(path) => {
                let [low, high] = [path.sigma_min, path.sigma_max];
                check(
                    (1e-5..=0.5).contains(&low),
                    "sigma_min",
                    low,
                    "from 10⁻⁵ to 0.5",
                )?;
                check(
                    (2.0..=1e4).contains(&high),
                    "sigma_max",
                    high,
                    "from 2 to 10⁴",
                )
            }
            Self::VariancePreserving(path) | Self::SubVariancePreserving(path) => {
                let [low, high, time] = [path.beta_min, path.beta_max, path.time_min];
                check(
                    (1e-3..=10.0).contains(&low),
                    "beta_min",
                    low,
                    "from 0.001 to 10",
                )?;
                // So that little is left of the data at the end.
                let fits = (4.0..=1e3).contains(&high) && high >= low;
                check(
                    fits,
                    "beta_max",
                    high,
                    "from 4 to 1000, and at least `beta_min`",
                )?;
                check(
                    (1e-6..=0.1).contains(&time),
                    "time_min",
                    time,
                    "from 10⁻⁶ to 0.1",
                )
            }
        }
    }
}

impl PreservingPath {
    fn beta(&self, t: f64) -> f64 {
        self.beta_min + t * (self.beta_max - self.beta_min)
    }

    /// B(t).
    fn integral(&self, t: f64) -> f64 {
        t * self.beta_min + 0.5 * t * t * (self.beta_max - self.beta_min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<PathConfig> {
        let mut all = Vec::new();
        for kind in [
            "variance_exploding",
            "variance_preserving",
            "sub_variance_preserving",
        ] {
            for weighting in ["velocity", "noise", "likelihood"] {
                let json = format!(r#"{{"kind":"{kind}","weighting":"{weighting}"}}"#);
                all.push(serde_json::from_str(&json).unwrap());
            }
        }
        all.push(PathConfig::FlowMatching(StraightPath {
            time_exponent: 1.0,
        }));
        all.push(PathConfig::default());
        all
    }

    #[test]
    fn every_path_goes_from_data_to_noise() {
        for path in all() {
            path.validate().unwrap();
            let [low, high] = path.times();
            assert!(path.angle(low) < 0.04, "{path:?}: {}", path.angle(low));
            assert!(path.angle(high).tan() > 9.0, "{path:?}");
            let mut before = path.angle(low) - 1e-12;
            for k in 0..=100 {
                let angle = path.angle(path.time(f64::from(k) / 100.0));
                assert!(angle > before);
                before = angle;
            }
        }
    }

    #[test]
    fn scales_solve_the_equations_of_the_diffusion() {
        // dθ = f θ dt + g dW has dα/dt = f α and dσ²/dt = 2 f σ² + g².
        for path in all() {
            let beta = |t: f64| match &path {
                PathConfig::VariancePreserving(p) | PathConfig::SubVariancePreserving(p) => {
                    p.beta_min + t * (p.beta_max - p.beta_min)
                }
                _ => 0.0,
            };
            for t in [0.1, 0.5, 0.9] {
                let h = 1e-5;
                let [above, at, below] = [t + h, t, t - h].map(|t| path.scales(t));
                let slope = |f: fn([f64; 2]) -> f64| (f(above) - f(below)) / (2.0 * h);
                let [d_alpha, d_square] = [slope(|s| s[0]), slope(|s| s[1] * s[1])];
                let drift = d_alpha / at[0];
                let square = d_square - 2.0 * drift * at[1] * at[1];
                let (expected_drift, expected) = match &path {
                    PathConfig::FlowMatching(_) => (-1.0 / (1.0 - t), 2.0 * t / (1.0 - t)),
                    PathConfig::VarianceExploding(p) => {
                        (0.0, 2.0 * (p.sigma_max / p.sigma_min).ln() * at[1] * at[1])
                    }
                    PathConfig::VariancePreserving(_) => (-0.5 * beta(t), beta(t)),
                    PathConfig::SubVariancePreserving(p) => {
                        let b = p.beta_min * t + 0.5 * t * t * (p.beta_max - p.beta_min);
                        (-0.5 * beta(t), beta(t) * (1.0 - (-2.0 * b).exp()))
                    }
                };
                assert!((drift - expected_drift).abs() < 1e-6, "{path:?}");
                assert!((square / expected - 1.0).abs() < 1e-6, "{path:?}");
            }
        }
    }

    #[test]
    fn weights_are_those_of_the_published_losses() {
        // One number: y, ε, and a wrong prediction ŵ of w = α̂ ε − σ̂ y on the circle.
        let (y, noise, wrong) = (0.7, -1.3, 0.4);
        for path in all() {
            for t in [0.05, 0.3, 0.8] {
                let [alpha, sigma] = path.scales(t);
                let radius = alpha.hypot(sigma);
                let [c, s] = [alpha / radius, sigma / radius];
                let (u, w) = (c * y + s * noise, c * noise - s * y);
                let loss = path.weight(t) * (wrong - w) * (wrong - w);
                // What ŵ says about the noise and the data.
                let [noise_hat, y_hat] = [s * u + c * wrong, c * u - s * wrong];
                let [score, score_hat] = [noise, noise_hat].map(|e| -e / sigma);
                let h = 1e-6;
                let square = |t: f64| path.scales(t)[1].powi(2);
                let drift = (path.scales(t + h)[0].ln() - path.scales(t - h)[0].ln()) / (2.0 * h);
                let g = (square(t + h) - square(t - h)) / (2.0 * h) - 2.0 * drift * square(t);
                let error = (score_hat - score).powi(2);
                let expected = match &path {
                    PathConfig::FlowMatching(_) => ((noise_hat - y_hat) - (noise - y)).powi(2),
                    PathConfig::VarianceExploding(ExplodingPath { weighting, .. })
                    | PathConfig::VariancePreserving(PreservingPath { weighting, .. })
                    | PathConfig::SubVariancePreserving(PreservingPath { weighting, .. }) => {
                        match weighting {
                            Weighting::Velocity => (wrong - w).powi(2),
                            Weighting::Noise => sigma * sigma * error,
                            Weighting::Likelihood => g * error,
                        }
                    }
                };
                assert!((loss / expected - 1.0).abs() < 1e-6, "{path:?} {t}");
            }
        }
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused_by_name() {
        for (json, field) in [
            (
                r#"{"kind":"flow_matching","time_exponent":-1.0}"#,
                "time_exponent",
            ),
            (
                r#"{"kind":"variance_exploding","sigma_min":0.0}"#,
                "sigma_min",
            ),
            (
                r#"{"kind":"variance_exploding","sigma_max":1.0}"#,
                "sigma_max",
            ),
            (
                r#"{"kind":"variance_preserving","beta_max":0.5}"#,
                "beta_max",
            ),
            (
                r#"{"kind":"sub_variance_preserving","time_min":0.5}"#,
                "time_min",
            ),
        ] {
            let path: PathConfig = serde_json::from_str(json).unwrap();
            let message = path.validate().unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
        assert!(
            serde_json::from_str::<PathConfig>(r#"{"kind":"flow_matching","beta":1}"#).is_err()
        );
    }
}
