//! The fonts that travel with the program, and how wide text set in them is.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Inter: Latin, Greek, superscripts and subscripts. SIL Open Font License 1.1.
pub(super) const TEXT_FONT: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular-subset.otf");
/// Mathematical and astronomical signs that Inter lacks. Bitstream Vera licence.
pub(super) const SYMBOL_FONT: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-symbols.ttf");

/// What a figure asks for; a viewer without the first takes the next.
pub(super) const FAMILIES: &str =
    "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

/// The height of a capital letter as a share of the font size.
pub(super) const CAP_HEIGHT: f64 = 0.727;

/// The width of `text` at a font size, in the same unit as the size.
///
/// The embedded fonts carry no kerning, so widths add up and are exact in the PNG. A sign that
/// neither font has counts as wide as a capital M.
pub(super) fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(advance).sum::<f64>()
}

fn advance(character: char) -> f64 {
    static FONTS: LazyLock<Option<[FontRef<'static>; 2]>> = LazyLock::new(|| {
        let text = FontRef::new(TEXT_FONT).ok()?;
        Some([text, FontRef::new(SYMBOL_FONT).ok()?])
    });
    const UNKNOWN: f64 = 0.9;
    let fonts = FONTS.as_ref().map(<[FontRef<'_>; 2]>::as_slice);
    let known = fonts.unwrap_or_default().iter().find_map(|font| {
        let glyph = font.charmap().map(character)?;
        font.glyph_metrics(Size::new(1.0), LocationRef::default())
            .advance_width(glyph)
    });
    known.map_or(UNKNOWN, f64::from)
}

/// The embedded fonts for the renderer; fonts of the system are never read, so a PNG is the same
/// everywhere.
pub(super) fn database() -> Arc<fontdb::Database> {
    static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
        let mut database = fontdb::Database::new();
        database.load_font_data(TEXT_FONT.to_vec());
        database.load_font_data(SYMBOL_FONT.to_vec());
        database.set_sans_serif_family("Inter");
        Arc::new(database)
    });
    Arc::clone(&DATABASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signs_of_scientific_labels_are_in_the_fonts() {
        let signs = "aZ09 αβγδθλμσφχψωΓΔΘΛΣΦΨΩ ₀₁₂₃ᵢⱼₘ ⁰¹²³⁻⁺ ±×−·°≈≤≥∞√∝∇⊙☉ℏ⟨⟩ äöüßéñÅ µ%[]()";
        for sign in signs.chars() {
            let known = [TEXT_FONT, SYMBOL_FONT].into_iter().any(|font| {
                let font = FontRef::new(font).unwrap();
                font.charmap().map(sign).is_some()
            });
            assert!(known, "no glyph for {sign}");
        }
    }

    #[test]
    fn widths_are_those_the_renderer_uses() {
        let text = "Posterior μ₁ = 0.80 ± 0.12 km/s";
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='600' height='50'>\
             <text x='10' y='30' font-family='Inter' font-size='20'>{text}</text></svg>"
        );
        let options = resvg::usvg::Options {
            fontdb: database(),
            ..Default::default()
        };
        let tree = resvg::usvg::Tree::from_str(&svg, &options).unwrap();
        let drawn = f64::from(tree.root().layer_bounding_box().width());
        assert!((drawn - width(text, 20.0)).abs() < 4.0, "{drawn}");
    }
}
