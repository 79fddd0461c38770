//! A finished figure: SVG, PNG and the words that go with it.

use std::path::Path;

use resvg::{tiny_skia, usvg};

use crate::error::{Error, Result};
use crate::npy::write_atomically;

use super::font;

/// A figure with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The name of its files, without an extension.
    pub name: String,
    /// The figure as an SVG document; its size is in points.
    pub svg: String,
    /// What stands below it in a paper: what is shown, and which levels lines and areas mean.
    pub caption: String,
    /// What it shows, for readers who cannot see it.
    pub alt: String,
}

/// The width of one column of a paper: 3.4 inches.
pub(super) const COLUMN: f64 = 244.8;
/// The width of a page of a paper: 7.1 inches.
pub(super) const PAGE: f64 = 511.2;

const POINTS_PER_INCH: f64 = 72.0;
const DOTS_PER_INCH: f64 = 300.0;

impl Figure {
    /// Writes `NAME.svg` and `NAME.png` (300 dots an inch) into a folder, which must exist.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let path = |extension| folder.as_ref().join(format!("{}.{extension}", self.name));
        write_atomically(path("svg"), self.svg.as_bytes())?;
        write_atomically(path("png"), &self.png()?)
    }

    /// The figure as a PNG image at 300 dots an inch, drawn with the embedded fonts alone.
    ///
    /// # Errors
    /// If the SVG is not one that can be drawn, which a figure made by this module always is.
    pub fn png(&self) -> Result<Vec<u8>> {
        let broken = |reason: String| {
            Error::invalid(
                format!("figure `{}`", self.name),
                reason,
                "an SVG document of a printable size",
                "Make the figure with one of the functions of `retrodict::report`.",
            )
        };
        let options = usvg::Options {
            fontdb: font::database(),
            dpi: POINTS_PER_INCH as f32,
            ..usvg::Options::default()
        };
        let tree = usvg::Tree::from_str(&self.svg, &options).map_err(|e| broken(e.to_string()))?;
        let scale = (DOTS_PER_INCH / POINTS_PER_INCH) as f32;
        let pixels = |length: f32| (length * scale).round() as u32;
        let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
        let mut image = tiny_skia::Pixmap::new(width, height)
            .ok_or_else(|| broken(format!("{width} × {height} pixels")))?;
        let transform = tiny_skia::Transform::from_scale(scale, scale);
        resvg::render(&tree, transform, &mut image.as_mut());
        let png = image.encode_png().map_err(|e| broken(e.to_string()))?;
        Ok(with_resolution(&png))
    }
}

/// The image with a chunk that says how many dots make a metre, so that it has its right size in a
/// paper. (PNG, third edition, 11.3.4.3.)
fn with_resolution(png: &[u8]) -> Vec<u8> {
    // The signature (8 bytes) and the header chunk (25 bytes) come first.
    const AFTER_HEADER: usize = 33;
    let per_metre = (DOTS_PER_INCH / 0.0254).round() as u32;
    let mut chunk = b"pHYs".to_vec();
    chunk.extend(per_metre.to_be_bytes());
    chunk.extend(per_metre.to_be_bytes());
    chunk.push(1);
    let (start, rest) = png.split_at(AFTER_HEADER.min(png.len()));
    let length = (chunk.len() - 4) as u32;
    let check = crc32(&chunk).to_be_bytes();
    [start, &length.to_be_bytes(), &chunk, &check, rest].concat()
}

/// The cyclic redundancy check of PNG (annex D).
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = sum & 1;
            sum >>= 1;
            if carry == 1 {
                sum ^= 0xedb8_8320;
            }
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::label::Label;
    use crate::report::palette::Ink;
    use crate::report::svg::{Drawing, TextStyle};

    #[test]
    fn a_figure_is_written_as_svg_and_as_png_of_the_right_size() {
        let mut drawing = Drawing::new("small", 72.0, 36.0);
        let style = TextStyle::new(8.0, Ink::Text);
        drawing.text((5.0, 20.0), &Label::plain("μ₁ = 1"), style);
        let figure = Figure {
            name: "small".to_string(),
            svg: drawing.finish("one"),
            caption: String::new(),
            alt: String::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        figure.write(folder.path()).unwrap();
        let png = std::fs::read(folder.path().join("small.png")).unwrap();
        assert_eq!(png[16..24], [0, 0, 1, 44, 0, 0, 0, 150]);
        let image = tiny_skia::Pixmap::decode_png(&png).unwrap();
        assert!(
            image.pixels().iter().any(|p| p.red() < 100),
            "the text is drawn"
        );
        assert_eq!(figure.png().unwrap(), png);
        assert!(folder.path().join("small.svg").exists());
    }

    #[test]
    fn the_check_sum_is_that_of_the_standard() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }
}
