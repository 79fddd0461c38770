//! Tells the program which sources it was made from.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/logs/HEAD");
    let git = Command::new("git")
        .args(["describe", "--always", "--dirty=+", "--abbrev=12"])
        .output();
    let commit = git.ok().filter(|output| output.status.success());
    let commit = commit.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    });
    println!("cargo:rustc-env=SBIBM_COMMIT={commit}");
}
