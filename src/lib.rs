//! `rehearsal` rehearses production on a laptop.

pub mod rules;
