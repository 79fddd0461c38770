//! Laws that hold for every distribution and map.
