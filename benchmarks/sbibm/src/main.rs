//! The SBI benchmark (Lueckmann et al. 2021, arXiv:2101.04653) run on Retrodict.

fn main() {}
