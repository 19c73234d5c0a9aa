//! The rules: what a browser stores and sends, and what a page may read.

pub mod context;
pub mod cookie;
pub mod cors;
pub mod date;
pub mod domain;
pub mod engine;
pub mod fetch_metadata;
pub mod jar;
pub mod path;
pub mod reason;
pub mod reasons;
pub mod retrieve;
pub mod set_cookie;
pub mod site;
pub mod store;
