//! `rehearsal trust`, in throw-away homes and below a throw-away root: never in a store of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rehearsal::world::Authority;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::command;

const SCENARIO: &str = "title = \"A shop\"\norigins.web.url = \"https://www.acme-shop.io\"\norigins.api.url = \
                        \"https://api.acme-shop.io\"\n[[step]]\nvisit = \"web:/\"\n";

/// A home, a root of a system and a project, each in a folder of its own.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().expect("a temporary folder"));
        for folder in ["home", "project", "root/etc/ssl/certs", "root/usr/share/ca-certificates"] {
            fs::create_dir_all(machine.at(folder)).expect("a folder can be made");
        }
        fs::write(machine.at("project/shop.toml"), SCENARIO).expect("the scenario can be written");
        // Of a bundle of one certificate the system's tool would make something else than of one of many.
        let known = ["one.crt", "two.crt"];
        fs::write(machine.at("root/etc/ca-certificates.conf"), known.join("\n") + "\n")
            .expect("it can be written");
        for name in known {
            let file = machine.at("root/usr/share/ca-certificates").join(name);
            fs::write(file, other_authority()).expect("it can be written");
        }
        // What the system's hooks are told, in a file that is looked at and taken away.
        let hook = machine.at("root/etc/ca-certificates/update.d/note");
        fs::create_dir_all(hook.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(&hook, format!("#!/bin/sh\ncat >> '{}'\n", machine.at("told").display())).expect("a hook");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it can be made to run");
        machine
    }

    /// What the hooks were told since this was last asked.
    fn told(&self) -> String {
        let told = fs::read_to_string(self.at("told")).unwrap_or_default();
        _ = fs::remove_file(self.at("told"));
        told
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn trust(&self, arguments: &[&str]) -> Output {
        command::rehearsal()
            .current_dir(self.at("project"))
            .env("HOME", self.at("home"))
            .env_remove("XDG_STATE_HOME")
            .arg("trust")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("rehearsal can be started")
    }

    fn install(&self, store: &str) -> Output {
        let root = self.at("root");
        self.trust(&[
            "install",
            "shop.toml",
            "--yes",
            "--store",
            store,
            "--root",
            &root.display().to_string(),
        ])
    }

    /// Every file, link and folder, with what is in it.
    fn all(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder can be read").flatten() {
                let path = entry.path();
                let kind = entry.file_type().expect("it is of a kind");
                let content = match () {
                    () if kind.is_symlink() => fs::read_link(&path)
                        .expect("a link leads somewhere")
                        .into_os_string()
                        .into_encoded_bytes(),
                    () if kind.is_dir() => {
                        folders.push(path.clone());
                        Vec::new()
                    }
                    () => fs::read(&path).expect("a file can be read"),
                };
                all.insert(path, content);
            }
        }
        all
    }

    /// A store of NSS with somebody's certificate in it.
    fn nss(&self, folder: &str) {
        let folder = self.at(folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        certutil(&folder, &["-N", "--empty-password"]);
        self.add_to(&folder, "somebody");
    }

    fn add_to(&self, folder: &Path, name: &str) {
        let file = self.at("other.pem");
        fs::write(&file, other_authority()).expect("a file can be written");
        certutil(folder, &["-A", "-n", name, "-t", "C,,", "-i", &file.display().to_string()]);
        fs::remove_file(file).expect("it is there");
    }
}

fn other_authority() -> String {
    // Each with a name of its own.
    Authority::of_project(["other.example"]).expect("an authority can be made").pem()
}

fn certutil(folder: &Path, arguments: &[&str]) -> String {
    let folder = format!("sql:{}", folder.display());
    let output =
        Command::new("certutil").args(["-d", &folder]).args(arguments).output().expect("certutil is there");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
fn tools_are_there() -> bool {
    let is_there = |tool: &str, option: &str| Command::new(tool).arg(option).output().is_ok();
    let all = is_there("certutil", "-H") && is_there("update-ca-certificates", "--help");
    if !all {
        assert!(std::env::var_os("CI").is_none(), "certutil and update-ca-certificates must be there in CI");
        eprintln!("NOT RUN for want of certutil or update-ca-certificates");
    }
    all
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn the_stores_are_byte_for_byte_what_they_were() {
    if !tools_are_there() {
        return;
    }
    let machine = Machine::new();
    machine.nss("home/.pki/nssdb");
    machine.nss("home/.mozilla/firefox/abc.default");
    // The system's store as it is before anything of ours was there.
    assert!(machine.install("system").status.success());
    assert!(machine.trust(&["uninstall", "--yes"]).status.success());
    machine.told();
    let before = machine.all();
    let output = machine.install("system,nss");
    assert!(output.status.success(), "{}", said(&output));
    let status = machine.trust(&["status", "--format", "json"]);
    let document: Value = serde_json::from_slice(&status.stdout).expect("the status is JSON");
    let stores = document["trusted"][0]["stores"].as_array().expect("stores");
    assert!(stores.len() == 3 && stores.iter().all(|store| store["is_there"] == true), "{document}");
    assert_eq!(document["trusted"][0]["names"], serde_json::json!(["api.acme-shop.io", "www.acme-shop.io"]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            fs::metadata(machine.at("project/certs/rehearsal-ca.key")).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    everyday_programs_trust_the_world(&machine);
    let again = machine.install("system,nss");
    assert!(again.status.success() && said(&again).contains("trusted already"), "{}", said(&again));
    let output = machine.trust(&["uninstall", "--yes"]);
    assert!(output.status.success(), "{}", said(&output));
    let told = machine.told();
    let of = |sign: &str| told.lines().filter_map(|line| line.strip_prefix(sign)).collect::<Vec<_>>();
    assert!(of("-").len() == 1 && of("+") == of("-"), "what was added was taken away: {told}");
    let after = machine.all();
    for (path, content) in &before {
        assert!(after.get(path) == Some(content), "{} is another", path.display());
    }
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

/// curl by the system's bundle, and Chromium as people start it, each on the way to a world that is up.
fn everyday_programs_trust_the_world(machine: &Machine) {
    let mut up = command::rehearsal()
        .current_dir(machine.at("project"))
        .args(["up", "shop.toml", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("rehearsal can be started");
    let mut line = String::new();
    BufReader::new(up.stdout.take().expect("stdout is a pipe"))
        .read_line(&mut line)
        .expect("there is a line");
    let line: Value = serde_json::from_str(&line).expect("the line is JSON");
    let gateway = line["gateway"].as_str().expect("there is a gateway");
    let bundle = machine.at("root/etc/ssl/certs/ca-certificates.crt");
    let curl = Command::new("curl")
        .args(["-sS", "--max-time", "20", "--proxy", &format!("socks5h://{gateway}"), "--cacert"])
        .arg(&bundle)
        .arg("https://api.acme-shop.io/")
        .output();
    if let Ok(curl) = curl {
        assert!(curl.status.success(), "{}", said(&curl));
    }
    if let Ok(chromium) = rehearsal::browser::driver::CHROMIUM.find() {
        let shown = Command::new(chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
            .arg(format!("--user-data-dir={}", machine.0.path().join("profile").display()))
            .arg(format!("--proxy-server=socks5://{gateway}"))
            .arg("https://www.acme-shop.io/")
            .env("HOME", machine.at("home"))
            .output()
            .expect("chromium can be started");
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        // A page of its own would tell of the certificate.
        assert!(shown.contains("www.acme-shop.io") && !shown.contains("NET::ERR_CERT"), "{shown}");
        fs::remove_dir_all(machine.at("profile")).expect("the profile is there");
        let others = ["home/.cache", "home/.config", "home/.local/share"];
        others.iter().for_each(|folder| drop(fs::remove_dir_all(machine.at(folder))));
    }
    command::signal(up.id(), Signal::INT);
    assert!(up.wait().is_ok());
}

#[test]
fn what_somebody_else_put_in_meanwhile_stays() {
    if !tools_are_there() {
        return;
    }
    let machine = Machine::new();
    let before = machine.all();
    let output = machine.install("nss");
    assert!(output.status.success(), "{}", said(&output));
    let store = machine.at("home/.pki/nssdb");
    assert!(certutil(&store, &["-L"]).contains("rehearsal CA "));
    machine.add_to(&store, "somebody");
    let output = machine.trust(&["uninstall", "--yes"]);
    assert!(output.status.success() && said(&output).contains("somebody else"), "{}", said(&output));
    let left = certutil(&store, &["-L"]);
    assert!(left.contains("somebody") && !left.contains("rehearsal CA "), "{left}");
    // In a home where nothing was, nothing is left.
    fs::remove_dir_all(machine.at("home/.pki")).expect("the store is there");
    let output = machine.install("nss");
    assert!(output.status.success(), "{}", said(&output));
    assert!(machine.trust(&["uninstall", "--all", "--yes"]).status.success());
    assert_eq!(machine.all(), before);
}

#[test]
fn nothing_is_done_without_a_yes_or_for_a_public_suffix() {
    let machine = Machine::new();
    let suffix = SCENARIO.replace("www.acme-shop.io", "vercel.app");
    fs::write(machine.at("project/suffix.toml"), suffix).expect("the scenario can be written");
    let before = machine.all();
    let root = machine.at("root").display().to_string();
    for (arguments, words) in [
        (
            &["install", "suffix.toml", "--yes", "--store", "system", "--root", &root][..],
            "`vercel.app`, which is a public suffix",
        ),
        (&["install", "shop.toml", "--store", "system", "--root", &root], "--yes"),
    ] {
        let output = machine.trust(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(machine.all(), before, "{arguments:?}");
    }
}
