//! Aligned storage.
#![allow(unsafe_code, reason = "views aligned blocks as one slice of numbers")]

use std::ops::{Deref, DerefMut};

const BLOCK: usize = 16;

/// One cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Block([f32; BLOCK]);

/// Zeroed `f32` storage that starts on a cache line, so that no vector straddles two.
///
/// ```
/// let buffer = retrodict_kernels::Buffer::zeros(5);
/// assert_eq!(&*buffer, &[0.0; 5]);
/// ```
#[derive(Clone)]
pub struct Buffer {
    blocks: Vec<Block>,
    length: usize,
}

impl Buffer {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        Self {
            blocks: vec![Block([0.0; BLOCK]); length.div_ceil(BLOCK)],
            length,
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::zeros(0)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: `Block` is `repr(C)` around an array, so the blocks are `BLOCK · blocks.len()`
        // initialised numbers in a row, and `zeros` made `length` at most that.
        unsafe { std::slice::from_raw_parts(self.blocks.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.blocks.as_mut_ptr().cast(), self.length) }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_zeroed_and_of_its_length() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = Buffer::zeros(length);
            assert_eq!(buffer.len(), length);
            assert!(buffer.iter().all(|x| *x == 0.0));
            assert_eq!(buffer.as_ptr().align_offset(64), 0);
            buffer.fill(1.0);
            assert_eq!(buffer.clone().iter().sum::<f32>(), length as f32);
        }
    }
}
