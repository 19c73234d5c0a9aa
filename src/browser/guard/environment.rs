//! The variables that a driver and its browser get of ours: those they need, and no others.
//!
//! Any user of this machine can have ChromeDriver start a program, through the port that it listens on; it runs with
//! the driver's environment. So nothing is in there that is worth stealing: no token, no password, no proxy.

use std::ffi::OsString;

/// Variables by their names.
const NAMES: &[&str] = &[
    // Where programs and what they are linked with are found.
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "CHROME_DEVEL_SANDBOX",
    // Replaced by the guard's own folders; a key to a display is found by the old one.
    "HOME",
    "TMPDIR",
    "USER",
    "LOGNAME",
    // The user's display, for a window that is to be seen.
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
    // Language, time and type.
    "LANG",
    "LANGUAGE",
    "TZ",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
];

/// Variables by what their names begin with: those by which people get a browser to run on their machine.
const PREFIXES: &[&str] = &["LC_", "GDK_", "GTK_", "LIBGL_", "MESA_", "MOZ_", "WEBKIT_"];

/// The variables of ours that are passed on.
pub(super) fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_passed_on))
}

fn is_passed_on(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_needs_is_passed_on_and_no_secret() {
        let needed = ["PATH", "DISPLAY", "LC_ALL", "WEBKIT_DISABLE_COMPOSITING_MODE"];
        assert!(needed.iter().all(|name| is_passed_on(name)));
        let others =
            ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HTTPS_PROXY", "PATHS", "DBUS_SESSION_BUS_ADDRESS"];
        assert!(!others.iter().any(|name| is_passed_on(name)));
    }
}
