//! The files that `retrodict init` writes; each study among them runs as it is.

use crate::commands::init::Language;

/// A file's name and content.
pub(crate) type File = (&'static str, &'static str);

/// The files of a study with a simulator in this language.
pub(crate) fn files(language: Language) -> &'static [File] {
    match language {
        Language::Python => &[
            ("study.toml", include_str!("../templates/python/study.toml")),
            (
                "simulator.py",
                include_str!("../templates/python/simulator.py"),
            ),
            ("README.md", include_str!("../templates/python/README.md")),
        ],
        Language::R => &[
            ("study.toml", include_str!("../templates/r/study.toml")),
            ("simulator.R", include_str!("../templates/r/simulator.R")),
            ("README.md", include_str!("../templates/r/README.md")),
        ],
        Language::Julia => &[
            ("study.toml", include_str!("../templates/julia/study.toml")),
            (
                "simulator.jl",
                include_str!("../templates/julia/simulator.jl"),
            ),
            ("README.md", include_str!("../templates/julia/README.md")),
        ],
        Language::C => &[
            ("study.toml", include_str!("../templates/c/study.toml")),
            ("simulator.c", include_str!("../templates/c/simulator.c")),
            ("run.sh", include_str!("../templates/c/run.sh")),
            ("README.md", include_str!("../templates/c/README.md")),
        ],
        Language::Fortran => &[
            (
                "study.toml",
                include_str!("../templates/fortran/study.toml"),
            ),
            (
                "simulator.f90",
                include_str!("../templates/fortran/simulator.f90"),
            ),
            ("run.sh", include_str!("../templates/fortran/run.sh")),
            ("README.md", include_str!("../templates/fortran/README.md")),
        ],
        Language::Rust => &[
            ("study.toml", include_str!("../templates/rust/study.toml")),
            (
                "simulator.rs",
                include_str!("../templates/rust/simulator.rs"),
            ),
            ("run.sh", include_str!("../templates/rust/run.sh")),
            ("README.md", include_str!("../templates/rust/README.md")),
        ],
        Language::Command => &[
            (
                "study.toml",
                include_str!("../templates/command/study.toml"),
            ),
            (
                "simulate.sh",
                include_str!("../templates/command/simulate.sh"),
            ),
            ("README.md", include_str!("../templates/command/README.md")),
        ],
        Language::Data => &[
            ("study.toml", include_str!("../templates/data/study.toml")),
            ("theta.csv", include_str!("../templates/data/theta.csv")),
            ("x.csv", include_str!("../templates/data/x.csv")),
            ("README.md", include_str!("../templates/data/README.md")),
        ],
    }
}
