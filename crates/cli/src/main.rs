//! The command line of Retrodict.

fn main() {}
