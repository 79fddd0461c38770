//! What happens to the data before a network sees them.
