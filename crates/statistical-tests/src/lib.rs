//! Slow calibration tests of Retrodict; they live in `tests/`.
