//! Why a browser did not start, by what it and its driver said, and what to do about it.
//!
//! Each phrase was seen in the words of a browser or a driver that failed for that reason. What is not known has no
//! remedy: the words are shown in any case.

/// What to do where no browser of this kind may build its sandbox.
const SANDBOX: &str = "this system forbids what Chromium builds its sandbox from (user namespaces, or a helper that is \
    setuid): allow them (`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `--security-opt \
    seccomp=unconfined` or a seccomp profile for Chromium in Docker), install the package `chromium-sandbox`, or, where \
    nothing but your own scenarios is run, do without: REHEARSAL_CHROMIUM_ARGS=--no-sandbox";

const DISPLAY: &str =
    "a window needs a display: leave `--headed` out, set DISPLAY, or run it under `xvfb-run`";

const DESCRIPTORS: &str =
    "more files have to be open at once than this shell allows: `ulimit -n 4096`, and try again";

const PROCESSES: &str = "more processes have to run than this user may have: raise `ulimit -u`, or the limit of the \
    container (`--pids-limit`)";

const VERSIONS: &str = "driver and browser have to be of one version: `rehearsal browsers` shows both; install the two \
    from one source, or name a pair that fits by REHEARSAL_CHROMIUM and REHEARSAL_CHROMEDRIVER";

const TEMPORARY: &str = "the folder for temporary files has a long path, and no shorter one can be written to: \
    TMPDIR=/tmp, and try again";

const FULL: &str = "the disk of the folder for temporary files is full: make room, or name another by TMPDIR";

const LOOPBACK: &str =
    "this machine does not reach itself: bring its loopback interface up (`ip link set lo up`)";

const LIBRARIES: &str = "a library that the browser needs is missing: install the browser with its system's package \
    manager, or what `ldd` says is not found";

const SYSTEM_ACCESS: &str = "its geckodriver has to be started with `--allow-system-access`, and no client can ask for \
    that: on a Selenium node, name a script that adds it as the driver (`rehearsal docs ci`, \"Many machines\")";

/// What is said, in small letters, and what helps. The first that fits is taken.
const REMEDIES: &[(&str, &str)] = &[
    // Chromium 156.0.8078.108, without user namespaces, measured 2026-11-27; older ones say the second or the third.
    ("no usable sandbox", SANDBOX),
    ("failed to move to new namespace", SANDBOX),
    ("the setuid sandbox", SANDBOX),
    ("running as root without --no-sandbox", SANDBOX),
    ("missing x server or $display", DISPLAY),
    ("no display environment variable", DISPLAY),
    ("cannot open display", DISPLAY),
    ("only supports chrome version", VERSIONS),
    ("too many open files", DESCRIPTORS),
    ("file name too long", TEMPORARY),
    ("socket path too long", TEMPORARY),
    ("no space left on device", FULL),
    // nsIX509CertDB.addCertFromBase64 in Firefox 153.7.0 where its profile cannot be written, measured 2026-11-26.
    ("0x805a1fe8", FULL),
    ("network is unreachable", LOOPBACK),
    ("error while loading shared libraries", LIBRARIES),
    ("resource temporarily unavailable", PROCESSES),
    ("cannot fork", PROCESSES),
    // Firefox 153.8.0esr behind Selenium 4.48, measured 2026-11-27.
    ("system access is required", SYSTEM_ACCESS),
];

/// What to do, where what was said is known.
pub(super) fn remedy<'w>(said: impl IntoIterator<Item = &'w String>) -> Option<&'static str> {
    let said: Vec<String> = said.into_iter().map(|line| line.to_lowercase()).collect();
    let (_, remedy) = REMEDIES.iter().find(|(phrase, _)| said.iter().any(|line| line.contains(phrase)))?;
    Some(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_has_a_remedy_and_what_is_not_has_none() {
        let of = |line: &str| remedy([&line.to_owned()]);
        let zygote =
            "[7720:7720:1127/063304.704919:ERROR:zygote_host_impl_linux.cc:130] No usable sandbox! If this";
        assert!(of(zygote).is_some_and(|remedy| remedy.contains("REHEARSAL_CHROMIUM_ARGS=--no-sandbox")));
        let versions = "session not created: This version of ChromeDriver only supports Chrome version 150";
        assert!(of(versions).is_some_and(|remedy| remedy.contains("`rehearsal browsers`")));
        assert_eq!(of("session not created: Chrome instance exited."), None);
    }
}
