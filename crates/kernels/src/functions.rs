//! Transcendental functions of many numbers at once, with stated error bounds.
//!
//! The bounds are relative to the exact value unless said otherwise, and the tests measure them on every
//! tier over nine million numbers, denormal and infinite ones among them. Not-a-number in,
//! not-a-number out.

use crate::Kernels;
use crate::lanes::Lanes;
use pulp::{Simd, WithSimd};

/// Below this, `exp` would leave the normal numbers: it returns exp(−87.33) ≈ 1.2 · 10⁻³⁸.
pub(crate) const EXP_LOW: f32 = -87.33;
/// Above this, `exp` would overflow: it returns exp(88.37) ≈ 2.4 · 10³⁸.
pub(crate) const EXP_HIGH: f32 = 88.37;
/// 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits of the mantissa.
const ROUND: f32 = 12_582_912.0;

/// tanh x, relative error below 5 · 10⁻⁷, and never beyond ±1.
///
/// x P(x²) / Q(x²) with P and Q of degree 4, which we fitted for the least relative error (6.4 · 10⁻⁹)
/// over |x| ≤ 8; beyond, it is ±1 to within the last bit. Two short chains of products side by side
/// keep a core busier than one long one.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let x = x.clamp(-8.0, 8.0);
    let square = x * x;
    let numerator = polynomial(
        square,
        &[
            1.523_062e-8,
            2.189_480_7e-5,
            3.571_607e-3,
            1.344_450_6e-1,
            1.0,
        ],
    );
    let denominator = polynomial(
        square,
        &[
            8.522_529e-7,
            3.411_306_6e-4,
            2.616_447_7e-2,
            4.677_783_3e-1,
            1.0,
        ],
    );
    x * numerator / denominator
}

/// eˣ, relative error below 2 · 10⁻⁷ for −87.33 ≤ x ≤ 88.37; constant outside.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2 (ln 2 in two pieces), the polynomial of the Cephes library for
/// eʳ, and n added to the exponent.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let simd = x.simd;
    let x = x.clamp(EXP_LOW, EXP_HIGH);
    let shifted = x.mul_add(x.all(std::f32::consts::LOG2_E), x.all(ROUND));
    let n = shifted - x.all(ROUND);
    let r = n.mul_add(x.all(-0.693_359_4), x);
    let r = n.mul_add(x.all(2.121_944_4e-4), r);
    let p = polynomial(
        r,
        &[
            1.987_569_1e-4,
            1.398_2e-3,
            8.333_452e-3,
            4.166_579_6e-2,
            1.666_666_5e-1,
            0.5,
        ],
    );
    let mantissa = p.mul_add(r * r, r) + x.all(1.0);
    let exponent = simd.wrapping_dyn_shl_u32s(
        simd.transmute_u32s_f32s(shifted.vector),
        simd.splat_u32s(23),
    );
    let scale = simd.add_u32s(exponent, simd.splat_u32s(0x3f80_0000));
    mantissa * Lanes::new(simd, simd.transmute_f32s_u32s(scale))
}

/// ln x for positive normal x, error below 2 · 10⁻⁷ · max(1, |ln x|); NaN for NaN and ∞.
///
/// x = 2ᵏ m with √½ ≤ m < √2; with f = m − 1 and q = f / (2 + f), ln m = f − f²/2 + q (f²/2 + R(q²)),
/// R as in FreeBSD's and musl's `logf`.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let simd = x.simd;
    let bits = simd.add_u32s(
        simd.transmute_u32s_f32s(x.vector),
        simd.splat_u32s(0x3f80_0000 - SQRT_HALF),
    );
    // The exponent as a float: put it in the mantissa of 2²³, subtract 2²³ and the bias.
    let exponent = simd.or_u32s(
        simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(23)),
        simd.splat_u32s(0x4b00_0000),
    );
    let k = Lanes::new(simd, simd.transmute_f32s_u32s(exponent)) - x.all(8_388_608.0 + 127.0);
    let mantissa = simd.add_u32s(
        simd.and_u32s(bits, simd.splat_u32s(0x007f_ffff)),
        simd.splat_u32s(SQRT_HALF),
    );
    let f = Lanes::new(simd, simd.transmute_f32s_u32s(mantissa)) - x.all(1.0);
    let q = f / (f + x.all(2.0));
    let z = q * q;
    let series = z * polynomial(z, &[0.242_790_79, 0.284_987_87, 0.400_009_72, 0.666_666_6]);
    let half_square = x.all(0.5) * f * f;
    let correction = k.mul_add(x.all(9.058_001e-6), q * (half_square + series));
    let ln = k.mul_add(x.all(0.693_138_1), correction - half_square + f);
    // Zero for every number: it only carries NaN and ∞ through.
    ln + x * x.all(0.0)
}

/// (softplus u, sigmoid u) = (ln(1 + eᵘ), 1 / (1 + e⁻ᵘ)), relative errors below 5 · 10⁻⁷ while the
/// values are normal numbers.
///
/// With e = exp(−|u|): softplus = max(u, 0) + log1p(e), where log1p(e) = ln y + (e − (y − 1)) / y for
/// y = 1 + e makes good what rounding y lost.
#[inline(always)]
pub(crate) fn softplus_and_sigmoid<S: Simd>(u: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    softplus_and_sigmoid_from(u, exp_of_minus_size(u))
}

/// exp(−|u|).
#[inline(always)]
pub(crate) fn exp_of_minus_size<S: Simd>(u: Lanes<S>) -> Lanes<S> {
    exp(-u.abs())
}

/// As [`softplus_and_sigmoid`], given exp(−|u|).
#[inline(always)]
pub(crate) fn softplus_and_sigmoid_from<S: Simd>(u: Lanes<S>, e: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    let one = u.all(1.0);
    let y = one + e;
    let inverse = one / y;
    let log1p = (e - (y - one)).mul_add(inverse, ln(y));
    let positive = u.ge(u.all(0.0));
    let softplus = positive.select(u, u.all(0.0)) + log1p;
    (softplus, positive.select(inverse, e * inverse))
}

/// sigmoid u = 1 / (1 + e⁻ᵘ), relative error below 5 · 10⁻⁷.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(u: Lanes<S>) -> Lanes<S> {
    let e = exp_of_minus_size(u);
    let inverse = u.all(1.0) / (u.all(1.0) + e);
    u.ge(u.all(0.0)).select(inverse, e * inverse)
}

/// (sin 2πtf, cos 2πtf), absolute error below 3 · 10⁻⁷ for |tf| up to 2¹⁴.
///
/// tf = k/4 + r with |r| ≤ 1/8, exact but for one rounding; the polynomials of
/// the Cephes library for |2πr| ≤ π/4; k says which of the two is which, and their signs.
#[inline(always)]
pub(crate) fn sin_cos_of_turns<S: Simd>(t: Lanes<S>, f: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    let simd = t.simd;
    let shifted = (t * f).mul_add(t.all(4.0), t.all(ROUND));
    let k = shifted - t.all(ROUND);
    let r = t.fused_mul_add(f, k * t.all(-0.25));
    let x = r * t.all(std::f32::consts::TAU);
    let z = x * x;
    let sin = polynomial(z, &[-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]);
    let sin = (sin * z).mul_add(x, x);
    let cos = polynomial(z, &[2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2]);
    let cos = (cos * z).mul_add(z, z.neg_mul_add(z.all(0.5), z.all(1.0)));
    let half = k * k.all(0.5);
    let odd = (half - (half + half.all(ROUND) - half.all(ROUND))).abs();
    let odd = odd.gt(odd.all(0.25));
    // The low bits of `shifted` are those of k: its second bit is the sign of the sine, and that of
    // k + 1 the sign of the cosine.
    let bits = simd.transmute_u32s_f32s(shifted.vector);
    let negated = |value: Lanes<S>, bits| {
        let sign = simd.and_u32s(
            simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(30)),
            simd.splat_u32s(0x8000_0000),
        );
        let value = simd.xor_u32s(simd.transmute_u32s_f32s(value.vector), sign);
        Lanes::new(simd, simd.transmute_f32s_u32s(value))
    };
    let next = simd.add_u32s(bits, simd.splat_u32s(1));
    (
        negated(odd.select(cos, sin), bits),
        negated(odd.select(sin, cos), next),
    )
}

/// Horner's rule, highest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(x: Lanes<S>, coefficients: &[f32; N]) -> Lanes<S> {
    let mut sum = x.all(coefficients[0]);
    for c in &coefficients[1..] {
        sum = sum.mul_add(x, x.all(*c));
    }
    sum
}

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The hyperbolic tangent; relative error below 5 · 10⁻⁷, absolute below 5 · 10⁻⁴² where |x| < 10⁻³⁵.
    Tanh,
    /// The exponential; relative error below 2 · 10⁻⁷ for −87.33 ≤ x ≤ 88.37, constant outside.
    Exp,
    /// The natural logarithm of a positive normal number; error below 2 · 10⁻⁷ · max(1, |ln x|). NaN for
    /// ∞; meaningless for zero, denormal and negative numbers.
    Ln,
    /// ln(1 + eˣ); relative error below 5 · 10⁻⁷ for x ≥ −87.33, constant below.
    Softplus,
    /// 1 / (1 + e⁻ˣ); relative error below 5 · 10⁻⁷ for x ≥ −87.33, constant below.
    Sigmoid,
}

/// Applies a function to every number of a slice, in place.
#[derive(Debug)]
pub struct Map<'a> {
    /// Which function.
    pub function: Function,
    /// In: x. Out: f(x).
    pub values: &'a mut [f32],
}

impl Map<'_> {
    /// Runs on the given tier.
    pub fn run(self, kernels: Kernels) {
        kernels.dispatch(self);
    }
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, rest) = S::as_mut_simd_f32s(self.values);
        for vector in vectors {
            *vector = self.function.apply(Lanes::new(simd, *vector)).vector;
        }
        if !rest.is_empty() {
            // One, so that a logarithm in the unused lanes stays in its range.
            let mut last = simd.splat_f32s(1.0);
            let lanes = slice_of::<S>(&mut last);
            lanes[..rest.len()].copy_from_slice(rest);
            let result = self.function.apply(Lanes::new(simd, last)).vector;
            rest.copy_from_slice(&slice_of::<S>(&mut { result })[..rest.len()]);
        }
    }
}

impl Function {
    /// (A method that is inlined: a function passed on would be compiled for no instruction set.)
    #[inline(always)]
    fn apply<S: Simd>(self, x: Lanes<S>) -> Lanes<S> {
        match self {
            Self::Tanh => tanh(x),
            Self::Exp => exp(x),
            Self::Ln => ln(x),
            Self::Softplus => softplus_and_sigmoid(x).0,
            Self::Sigmoid => sigmoid(x),
        }
    }
}

#[inline(always)]
fn slice_of<S: Simd>(vector: &mut S::f32s) -> &mut [f32] {
    pulp::bytemuck::cast_slice_mut(std::slice::from_mut(vector))
}

#[cfg(test)]
mod tests;
