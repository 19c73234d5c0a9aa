//! Installing browsers by the system's package manager.
