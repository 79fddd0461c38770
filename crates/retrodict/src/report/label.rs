//! Text with subscripts and superscripts, as labels of parameters need it.

use crate::prior::Parameter;

use super::font;

/// Whether a piece of a label is raised or lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Normal,
    Sub,
    Super,
}

/// The size of a subscript as a share of the text around it.
pub(super) const SCRIPT_SIZE: f64 = 0.72;

/// A line of text in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    pub(super) runs: Vec<(Script, String)>,
}

impl Label {
    /// Text as it stands.
    pub(super) fn plain(text: &str) -> Self {
        Self {
            runs: vec![(Script::Normal, text.to_string())],
        }
    }

    /// Text in which pieces between dollar signs may use a little TeX: `\mu`, `_`, `^`, braces.
    pub(super) fn parse(text: &str) -> Self {
        if text.matches('$').count() % 2 == 1 {
            return Self::plain(text);
        }
        let mut label = Self::default();
        for (i, piece) in text.split('$').enumerate() {
            if i % 2 == 0 {
                label.push(Script::Normal, piece);
            } else {
                label.push_math(piece);
            }
        }
        label
    }

    /// What a parameter is called in a figure, without its unit.
    ///
    /// A label is taken as it is. A bare name such as `mu_1` or `sigma` is set as a scientist would
    /// write it: a Greek letter with a subscript.
    pub(super) fn of(parameter: &Parameter) -> Self {
        let Some(label) = &parameter.label else {
            return Self::of_name(&parameter.name);
        };
        Self::parse(label)
    }

    /// What stands at an axis: the label and, in brackets, the unit.
    pub(super) fn with_unit(parameter: &Parameter) -> Self {
        let mut label = Self::of(parameter);
        if let Some(unit) = &parameter.unit {
            label.push(Script::Normal, " [");
            label.runs.extend(Self::parse(unit).runs);
            label.push(Script::Normal, "]");
        }
        label
    }

    fn of_name(name: &str) -> Self {
        let (base, index) = name.split_once('_').unwrap_or((name, ""));
        let symbol = sign(base).filter(|s| s.chars().all(char::is_alphabetic));
        let single = base.chars().count() == 1;
        let short = index.chars().count() <= 4 && !index.contains('_');
        match symbol.or(single.then_some(base)) {
            Some(base) if short => {
                let mut label = Self::plain(base);
                label.push(Script::Sub, index);
                label
            }
            _ => Self::plain(name),
        }
    }

    /// Adds text at the end.
    pub(super) fn push(&mut self, script: Script, text: &str) {
        match self.runs.last_mut() {
            _ if text.is_empty() => {}
            Some((last, run)) if *last == script => run.push_str(text),
            _ => self.runs.push((script, text.to_string())),
        }
    }

    fn push_math(&mut self, math: &str) {
        let mut rest = math;
        while let Some(character) = rest.chars().next() {
            let script = match character {
                '_' => Script::Sub,
                '^' => Script::Super,
                _ => Script::Normal,
            };
            let start = usize::from(script != Script::Normal);
            let (token, after) = next_token(&rest[start..]);
            self.push(script, &plain_math(token));
            rest = after;
        }
    }

    /// The width at a font size.
    pub(super) fn width(&self, size: f64) -> f64 {
        let run = |(script, text): &(Script, String)| match script {
            Script::Normal => font::width(text, size),
            _ => font::width(text, size * SCRIPT_SIZE),
        };
        self.runs.iter().map(run).sum()
    }

    /// The text without its layout.
    pub(super) fn text(&self) -> String {
        self.runs.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The label cut to a width, with an ellipsis if something had to go.
    pub(super) fn fit(&self, width: f64, size: f64) -> Self {
        if self.width(size) <= width {
            return self.clone();
        }
        let mut text = self.text();
        while !text.is_empty() && font::width(&text, size) + font::width("…", size) > width {
            text.pop();
        }
        Self::plain(&format!("{}…", text.trim_end()))
    }
}

/// A braced group (without its braces), a command, or a character; and what comes after it.
fn next_token(text: &str) -> (&str, &str) {
    if let Some(inside) = text.strip_prefix('{') {
        let mut depth = 1;
        for (i, character) in inside.char_indices() {
            depth += i32::from(character == '{') - i32::from(character == '}');
            if depth == 0 {
                return (&inside[..i], &inside[i + 1..]);
            }
        }
        return (inside, "");
    }
    if let Some(command) = text.strip_prefix('\\') {
        let letters = command
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(command.len())
            .max(command.chars().next().map_or(0, char::len_utf8));
        return text.split_at(letters + 1);
    }
    text.split_at(text.chars().next().map_or(0, char::len_utf8))
}

/// Commands replaced by their signs; braces and unknown commands lose their markup.
fn plain_math(token: &str) -> String {
    let mut out = String::new();
    let mut rest = token;
    while !rest.is_empty() {
        let (next, after) = next_token(rest);
        match next.strip_prefix('\\') {
            Some(command) => {
                out.push_str(sign(command).unwrap_or(command));
                rest = after.trim_start();
                continue;
            }
            None if rest.starts_with('{') => out.push_str(&plain_math(next)),
            None if next == "-" => out.push('−'),
            None => out.push_str(next),
        }
        rest = after;
    }
    out
}

/// The sign a TeX command, or the name of a Greek letter, stands for.
fn sign(command: &str) -> Option<&'static str> {
    SIGNS
        .iter()
        .find(|(name, _)| *name == command)
        .map(|(_, sign)| *sign)
}

const SIGNS: [(&str, &str); 64] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("vartheta", "ϑ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Upsilon", "Υ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("odot", "☉"),
    ("oplus", "⊕"),
    ("times", "×"),
    ("cdot", "·"),
    ("pm", "±"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("propto", "∝"),
    ("approx", "≈"),
    ("sim", "∼"),
    ("le", "≤"),
    ("ge", "≥"),
    ("sqrt", "√"),
    ("sum", "∑"),
    ("int", "∫"),
    ("hbar", "ℏ"),
    ("ell", "ℓ"),
    ("langle", "⟨"),
    ("rangle", "⟩"),
    ("circ", "°"),
    ("prime", "′"),
    ("log", "log"),
    (",", " "),
    (" ", " "),
    ("mathrm", ""),
    ("rm", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(label: &Label) -> String {
        let mark = |(script, text): &(Script, String)| match script {
            Script::Normal => text.clone(),
            Script::Sub => format!("_({text})"),
            Script::Super => format!("^({text})"),
        };
        label.runs.iter().map(mark).collect()
    }

    #[test]
    fn names_and_labels_are_set_as_a_scientist_writes_them() {
        let named = |name: &str| runs(&Label::of(&Parameter::named(name)));
        assert_eq!(named("mu_1"), "μ_(1)");
        assert_eq!(named("a_eff"), "a_(eff)");
        assert_eq!(named("sigma"), "σ");
        assert_eq!(named("growth_rate"), "growth_rate");
        assert_eq!(named("mu_of_x_and_y"), "mu_of_x_and_y");
        let parsed = |text: &str| runs(&Label::parse(text));
        assert_eq!(parsed("μ₁"), "μ₁");
        assert_eq!(parsed(r"$\Omega_{\rm m} h^2$"), "Ω_(m) h^(2)");
        assert_eq!(parsed(r"mass $M_\odot$"), "mass M_(☉)");
        assert_eq!(parsed("price in $"), "price in $");
        assert_eq!(parsed(r"$\log_{10}(x^{-1})$"), "log_(10)(x^(−1))");
    }

    #[test]
    fn malformed_markup_is_text_and_ends() {
        for text in ["$\\$", "$_{$", "$^$", "$}{$", "$\\ö$", "$_$"] {
            let _ = Label::parse(text).width(7.0);
        }
    }

    #[test]
    fn a_long_label_is_cut_to_its_place() {
        let label = Label::plain("a very long label of a parameter");
        let cut = label.fit(60.0, 7.0);
        assert!(cut.width(7.0) <= 60.0 && cut.text().ends_with('…'));
    }
}
