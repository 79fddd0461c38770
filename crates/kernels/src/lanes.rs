//! A vector of numbers with the arithmetic of one, so that a kernel reads like its formula.

use pulp::Simd;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// One SIMD vector of `f32`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<S: Simd> {
    pub(crate) simd: S,
    pub(crate) vector: S::f32s,
}

/// Yes or no for each lane.
#[derive(Clone, Copy)]
pub(crate) struct Mask<S: Simd> {
    simd: S,
    mask: S::m32s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, vector: S::f32s) -> Self {
        Self { simd, vector }
    }

    #[inline(always)]
    pub(crate) fn splat(simd: S, value: f32) -> Self {
        Self::new(simd, simd.splat_f32s(value))
    }

    /// The same number in every lane.
    #[inline(always)]
    pub(crate) fn all(self, value: f32) -> Self {
        Self::splat(self.simd, value)
    }

    /// `self · factor + term`, rounded once where the machine can.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, term: Self) -> Self {
        Self::new(
            self.simd,
            self.simd
                .mul_add_e_f32s(self.vector, factor.vector, term.vector),
        )
    }

    /// `self · factor + term`, rounded once on every machine, however slow.
    #[inline(always)]
    pub(crate) fn fused_mul_add(self, factor: Self, term: Self) -> Self {
        Self::new(
            self.simd,
            self.simd
                .mul_add_f32s(self.vector, factor.vector, term.vector),
        )
    }

    /// `term − self · factor`.
    #[inline(always)]
    pub(crate) fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        Self::new(
            self.simd,
            self.simd
                .negate_mul_add_e_f32s(self.vector, factor.vector, term.vector),
        )
    }

    /// The larger; on x86 `other` where either is not a number.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.max_f32s(self.vector, other.vector))
    }

    /// The smaller; on x86 `other` where either is not a number.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.min_f32s(self.vector, other.vector))
    }

    /// Within [low, high]; keeps NaN.
    #[inline(always)]
    pub(crate) fn clamp(self, low: f32, high: f32) -> Self {
        if S::IS_SCALAR || cfg!(not(target_arch = "x86_64")) {
            let above = self.gt(self.all(high)).select(self.all(high), self);
            return self.lt(self.all(low)).select(self.all(low), above);
        }
        // x86 returns the second operand when one is not a number: the order keeps NaN.
        self.all(high).min(self.all(low).max(self))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        self.max(-self)
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self::new(self.simd, self.simd.sqrt_f32s(self.vector))
    }

    /// The sum of all lanes, by halves. (Pulp's own is a call that only link-time optimisation would
    /// put in line, and the weight gradient makes one for every weight.)
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let mut lanes = [0.0; crate::PADDING];
        lanes[..S::F32_LANES].copy_from_slice(pulp::bytemuck::cast_slice(std::slice::from_ref(
            &self.vector,
        )));
        let mut half = crate::PADDING / 2;
        while half > 0 {
            if half < S::F32_LANES {
                for i in 0..half {
                    lanes[i] += lanes[i + half];
                }
            }
            half /= 2;
        }
        lanes[0]
    }

    #[inline(always)]
    pub(crate) fn ge(self, other: Self) -> Mask<S> {
        Mask {
            simd: self.simd,
            mask: self
                .simd
                .greater_than_or_equal_f32s(self.vector, other.vector),
        }
    }

    #[inline(always)]
    pub(crate) fn gt(self, other: Self) -> Mask<S> {
        Mask {
            simd: self.simd,
            mask: self.simd.greater_than_f32s(self.vector, other.vector),
        }
    }

    #[inline(always)]
    pub(crate) fn lt(self, other: Self) -> Mask<S> {
        other.gt(self)
    }
}

impl<S: Simd> Mask<S> {
    #[inline(always)]
    pub(crate) fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes::new(
            self.simd,
            self.simd.select_f32s(self.mask, yes.vector, no.vector),
        )
    }
}

impl<S: Simd> Add for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.add_f32s(self.vector, other.vector))
    }
}

impl<S: Simd> Sub for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.sub_f32s(self.vector, other.vector))
    }
}

impl<S: Simd> Mul for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.mul_f32s(self.vector, other.vector))
    }
}

impl<S: Simd> Div for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.div_f32s(self.vector, other.vector))
    }
}

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.all(0.0) - self
    }
}

impl<S: Simd> AddAssign for Lanes<S> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Feature-major numbers to read, by (row, vector within the row).
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, S: Simd> {
    simd: S,
    vectors: &'a [S::f32s],
    per_row: usize,
}

impl<'a, S: Simd> Rows<'a, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, values: &'a [f32], stride: usize) -> Self {
        Self {
            simd,
            vectors: S::as_simd_f32s(values).0,
            per_row: stride / S::F32_LANES,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, row: usize, v: usize) -> Lanes<S> {
        Lanes::new(self.simd, self.vectors[row * self.per_row + v])
    }
}

/// Feature-major numbers to change, by (row, vector within the row).
pub(crate) struct RowsMut<'a, S: Simd> {
    simd: S,
    vectors: &'a mut [S::f32s],
    per_row: usize,
}

impl<'a, S: Simd> RowsMut<'a, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, values: &'a mut [f32], stride: usize) -> Self {
        Self {
            simd,
            vectors: S::as_mut_simd_f32s(values).0,
            per_row: stride / S::F32_LANES,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, row: usize, v: usize) -> Lanes<S> {
        Lanes::new(self.simd, self.vectors[row * self.per_row + v])
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, row: usize, v: usize, value: Lanes<S>) {
        self.vectors[row * self.per_row + v] = value.vector;
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, row: usize, v: usize, value: Lanes<S>) {
        self.set(row, v, self.get(row, v) + value);
    }
}

/// The largest stride is a multiple of every lane count (see [`crate::PADDING`]).
#[inline(always)]
pub(crate) fn vectors_per_row<S: Simd>(stride: usize) -> usize {
    assert!(
        stride > 0 && stride.is_multiple_of(crate::PADDING),
        "a stride is a positive multiple of PADDING, not {stride}"
    );
    stride / S::F32_LANES
}
