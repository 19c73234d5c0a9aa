//! The world, asked by plain clients: DNS, TLS, origins, gateway, frameworks and proxies.

mod cors;
mod dns;
mod doors;
mod faults;
mod frameworks;
mod gateway;
mod hostile;
mod origins;
mod proxies;
mod shape;
mod table;
mod upstream;
