//! Inside a world: what a program of the user's needs to see it, and nothing else, unchanged.
//!
//! There are two ways in. A program that honours proxy variables goes through the gateway: [`variables`] has those, and
//! those by which it trusts the world's CA. On Linux any program can be put into a network of its own (`namespace`), in
//! which the world's names, its ports 443 and 80 and its CA are simply there; the sockets are made in there and served
//! out here (`sockets`), where the user's own servers are.
//!
//! Nothing here changes anything outside: what programs read from files is in a private folder.

pub mod variables;

#[cfg(target_os = "linux")]
pub mod etc;
#[cfg(target_os = "linux")]
pub mod namespace;
#[cfg(target_os = "linux")]
pub mod sockets;
mod trust_store;
