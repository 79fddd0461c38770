//! The losses of a ratio, from the logits of all pairs.

use retrodict_kernels::{BinaryCrossEntropy, CrossEntropy, Kernels};

use super::config::{GeneralContrastiveLoss, RatioLoss};
use super::contrasts::Contrasts;

/// f of the pairs of some rows: of each x with its own θ, then with one contrast after another.
pub(super) struct Logits<'a> {
    /// θ × rows.
    pub(super) values: &'a [f32],
    /// As many: one, and zero in the padding.
    pub(super) present: &'a [f32],
    pub(super) kernels: Kernels,
}

impl Logits<'_> {
    /// Fills `losses` with the loss of each row and `slopes` with the derivatives of their sum.
    pub(super) fn losses(
        &self,
        contrasts: &Contrasts<'_>,
        losses: &mut [f32],
        slopes: &mut [f32],
        [first, second]: [&mut [f32]; 2],
    ) {
        let rows = self.values.len() / contrasts.n_theta();
        match contrasts.loss() {
            RatioLoss::NreA(_) => self.binary(rows, losses, slopes, [first, second]),
            RatioLoss::Bnre(loss) => {
                self.binary(rows, losses, slopes, [first, second]);
                let strength = loss.strength as f32;
                self.balance((strength, contrasts.n_rows()), rows, losses, slopes);
            }
            RatioLoss::NreB(_) => self.classes(0, None, &mut losses[..rows], slopes),
            RatioLoss::NreC(loss) => self.general(loss, rows, losses, slopes, [first, second]),
        }
    }

    /// Some of the logits, of the same rows.
    fn of<'b>(&'b self, values: &'b [f32]) -> Logits<'b> {
        Logits {
            values,
            present: self.present,
            kernels: self.kernels,
        }
    }

    /// ½ [−ln σ(f₀) − ln σ(−f₁)].
    fn binary(
        &self,
        rows: usize,
        losses: &mut [f32],
        slopes: &mut [f32],
        [labels, halves]: [&mut [f32]; 2],
    ) {
        labels[..rows].fill(1.0);
        labels[rows..].fill(0.0);
        for (half, present) in halves.iter_mut().zip(self.present) {
            *half = 0.5 * present;
        }
        BinaryCrossEntropy {
            logits: self.values,
            labels,
            weights: halves,
            loss: losses,
            logit_gradient: slopes,
        }
        .run(self.kernels);
        let (own, contrast) = losses.split_at_mut(rows);
        own.iter_mut().zip(contrast).for_each(|(a, b)| *a += *b);
    }

    /// Adds λ (mean of σ(f₀) + σ(f₁) − 1)², after [`Self::binary`] on all rows of the batch.
    fn balance(
        &self,
        (strength, n_rows): (f32, usize),
        rows: usize,
        losses: &mut [f32],
        slopes: &mut [f32],
    ) {
        // The slopes are ½ (σ(f₀) − 1) and ½ σ(f₁), and zero in the padding.
        let total: f64 = slopes.iter().map(|&slope| 2.0 * f64::from(slope)).sum();
        let excess = (total / n_rows as f64) as f32;
        for (loss, present) in losses[..rows].iter_mut().zip(self.present) {
            *loss += present * strength * excess * excess;
        }
        // Of n times the penalty, as the slopes are those of a sum over rows.
        let by_sigmoid = 2.0 * strength * excess;
        let (own, contrast) = slopes.split_at_mut(rows);
        for slope in own {
            let sigmoid = 1.0 + 2.0 * *slope;
            *slope += by_sigmoid * sigmoid * (1.0 - sigmoid);
        }
        for slope in contrast {
            let sigmoid = 2.0 * *slope;
            *slope += by_sigmoid * sigmoid * (1.0 - sigmoid);
        }
    }

    /// −ln softmax(target) among all θ, and a class of a constant logit if there is one.
    fn classes(
        &self,
        target: usize,
        constant: Option<f32>,
        losses: &mut [f32],
        slopes: &mut [f32],
    ) {
        CrossEntropy {
            logits: self.values,
            stride: losses.len(),
            constant,
            target,
            weights: &self.present[..losses.len()],
            loss: losses,
            logit_gradient: slopes,
        }
        .run(self.kernels);
    }

    /// Divided by γ, the terms are softmaxes of f and the constant ln K/γ.
    fn general(
        &self,
        loss: &GeneralContrastiveLoss,
        rows: usize,
        losses: &mut [f32],
        slopes: &mut [f32],
        [room, other]: [&mut [f32]; 2],
    ) {
        let n_classes = self.values.len() / rows - 1;
        let constant = Some((n_classes as f64 / loss.gamma).ln() as f32);
        let length = n_classes * rows;
        let of_one = &mut room[..rows];
        let slopes_of_one = &mut other[..length];
        let own = self.of(&self.values[..length]);
        own.classes(0, constant, of_one, slopes_of_one);
        let contrasts = self.of(&self.values[rows..]);
        contrasts.classes(
            n_classes,
            constant,
            &mut losses[..rows],
            &mut slopes[rows..],
        );
        let [p_none, p_one] = [1.0, loss.gamma].map(|share| (share / (1.0 + loss.gamma)) as f32);
        slopes[..rows].fill(0.0);
        slopes[rows..].iter_mut().for_each(|slope| *slope *= p_none);
        for (slope, own) in slopes.iter_mut().zip(slopes_of_one) {
            *slope += p_one * *own;
        }
        for (loss, one) in losses.iter_mut().zip(of_one) {
            *loss = p_none * *loss + p_one * *one;
        }
    }
}
