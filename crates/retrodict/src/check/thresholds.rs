//! The limits of every check and of the verdict, in one place, with the reason for each.
