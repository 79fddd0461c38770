//! The versions of everything that a result or a file depends on.

use serde::{Deserialize, Serialize};

/// The version of the program, of the formats it writes, and what the processor can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Retrodict itself.
    pub retrodict: String,
    /// The layout of a run folder.
    pub run_folder: u32,
    /// The worker protocol.
    pub worker_protocol: u32,
    /// The operating system and the architecture.
    pub platform: String,
    /// The processor's features that the kernels can use: with others, the last bits may differ.
    pub cpu: Vec<String>,
}

/// The layout of a run folder.
const RUN_FOLDER: u32 = 1;
/// The worker protocol: the number that a worker's first line carries.
const WORKER_PROTOCOL: u32 = 1;

impl Versions {
    /// Of this program on this computer.
    pub fn current() -> Self {
        Self {
            retrodict: env!("CARGO_PKG_VERSION").to_string(),
            run_folder: RUN_FOLDER,
            worker_protocol: WORKER_PROTOCOL,
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: cpu_features(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<String> {
    let features = [
        ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    features
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| name.to_string())
        .collect()
}

#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<String> {
    vec!["neon".to_string()]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<String> {
    Vec::new()
}
