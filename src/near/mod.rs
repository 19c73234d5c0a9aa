//! Two things that are nearly one: names of cookies, and origins. People take one for the other, and neither browsers nor
//! servers do.

pub(crate) mod name;
pub(crate) mod origin;
