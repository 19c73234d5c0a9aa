//! The rules: what a browser stores and sends, and what a page may read.

pub mod reason;
