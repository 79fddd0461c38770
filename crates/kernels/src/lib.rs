//! Fused kernels for the small networks of simulation-based inference: the only SIMD and the only
//! `unsafe` code of Retrodict.
