//! Settings in words.

use crate::infer::Settings;

/// `hidden [64, 64], 5 transforms, learning rate 0.001, batch size 200`.
pub(super) fn settings_words(settings: &Settings) -> String {
    let transforms = settings.transforms;
    let transforms = transforms.map_or_else(String::new, |n| format!("{n} transforms, "));
    format!(
        "hidden {:?}, {transforms}learning rate {}, batch size {}",
        settings.hidden, settings.learning_rate, settings.batch_size
    )
}
