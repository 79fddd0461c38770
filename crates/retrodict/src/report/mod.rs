//! Figures (SVG, PNG) and the HTML report.
