//! The world of a scenario: its DNS zone, certificates, origins and gateway, alive.

pub mod wire;
