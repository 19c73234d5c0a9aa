//! What the command line allows real servers: nothing that it does not say.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::time::Duration;

use rehearsal::plan::Plan;
use rehearsal::scenario;
use rehearsal::servers::{NotReady, Servers};

use crate::command;

/// A scenario in a folder, whose one origin has this upstream.
fn scenario(folder: &Path, upstream: &str) -> std::path::PathBuf {
    let path = folder.join("real.toml");
    let text = format!(
        "title = \"x\"\n[origins.api]\nurl = \"https://api.example.com\"\nupstream = {upstream}\n\
         [[step]]\nvisit = \"api:/\"\n"
    );
    std::fs::write(&path, text).expect("the scenario can be written");
    path
}

fn plan(folder: &Path, upstream: &str) -> Plan {
    let loaded = scenario::load(&[scenario(folder, upstream)]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.plans.into_iter().next().expect("a plan")
}

fn servers(may_start: bool) -> Servers {
    Servers::new(env!("CARGO_BIN_EXE_rehearsal").into(), may_start)
}

/// What comes of making the server of an upstream ready, and what was told meanwhile.
async fn made_ready(upstream: &str, may_start: bool) -> (Result<(), NotReady>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (servers, told) = (servers(may_start), Mutex::new(Vec::new()));
    let tell = |what| told.lock().expect("a list").push(what);
    let outcome = servers.make_ready(&plan(folder.path(), upstream), tell).await.map(drop);
    servers.end().await;
    (outcome, told.into_inner().expect("a list"))
}

/// A port that nobody has.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_command_is_started_only_where_that_is_allowed() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mark = folder.path().join("started");
    let upstream = format!(
        "{{ url = \"http://127.0.0.1:{}\", command = \"touch {}; exit 7\" }}",
        free_port(),
        mark.display()
    );
    let (outcome, told) = made_ready(&upstream, false).await;
    let refused = outcome.expect_err("nothing is there");
    assert!(refused.message.contains("nothing answers at http://127.0.0.1:"), "{}", refused.message);
    assert!(refused.hint.contains("--start") && refused.hint.contains("touch "), "{}", refused.hint);
    assert!(!mark.exists() && told.is_empty());

    let (outcome, told) = made_ready(&upstream, true).await;
    let ended = outcome.expect_err("it ends at once").message;
    assert!(ended.contains("ended before the server was ready; it wrote nothing"), "{ended}");
    assert!(mark.exists() && told.len() == 1);
}

#[tokio::test]
async fn megabytes_on_stderr_block_nobody_and_the_last_words_are_told() {
    let line = "head -c 5000000 /dev/zero >&2; echo >&2; echo it is broken because of that >&2; exit 1";
    let upstream = format!("{{ url = \"http://127.0.0.1:{}\", command = \"{line}\" }}", free_port());
    let (outcome, _) = made_ready(&upstream, true).await;
    let ended = outcome.expect_err("it ends").message;
    assert!(ended.contains("; it wrote last:\n"), "{ended}");
    assert!(ended.ends_with("\n    it is broken because of that"), "{ended}");
}

#[tokio::test]
async fn a_server_that_is_never_ready_is_given_its_time_and_ended() {
    let upstream = format!(
        "{{ url = \"http://127.0.0.1:{}\", command = \"sleep 600\", timeout = \"1s\" }}",
        free_port()
    );
    let (outcome, _) = made_ready(&upstream, true).await;
    let message = outcome.expect_err("it is never ready").message;
    assert!(message.contains("`api` was not ready within 1 s: nothing listens there"), "{message}");
}

#[tokio::test]
async fn a_server_that_answers_already_is_used_and_one_that_was_started_is_gone_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let upstream = format!("{{ url = \"http://127.0.0.1:{port}\", command = \"exit 1\" }}");
    let (outcome, told) = made_ready(&upstream, true).await;
    assert_eq!((outcome, told), (Ok(()), Vec::new()));
    drop(listener);

    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let port = free_port();
    // The shell stays, and the server is its child.
    let upstream = format!(
        "{{ url = \"http://127.0.0.1:{port}\", ready = \"GET /real.toml\", timeout = \"60s\", \
         command = \"true; python3 -m http.server --bind 127.0.0.1 $PORT; true\", env = {{ PORT = {port} }} }}"
    );
    let servers = servers(true);
    let _turn = servers.make_ready(&plan(folder.path(), &upstream), |_| {}).await.expect("it gets ready");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    tokio::time::timeout(Duration::from_secs(20), servers.end()).await.expect("it ends");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nothing is left of it");
}

/// Two scenarios that differ in a server's settings must not get one another's.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "what is not run is said aloud")]
async fn a_server_with_other_settings_takes_the_place_of_the_one_before() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("NOT RUN: python3 is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (servers, port) = (servers(true), free_port());
    for who in ["one", "two", "one"] {
        let served = folder.path().join(who);
        std::fs::create_dir_all(&served).expect("a folder can be made");
        std::fs::write(served.join("who.txt"), who).expect("a file can be written");
        let upstream = format!(
            "{{ url = \"http://127.0.0.1:{port}\", ready = \"GET /\", env = {{ WHO = \"{}\" }}, \
             command = 'python3 -m http.server --bind 127.0.0.1 --directory \"$WHO\" {port}' }}",
            served.display()
        );
        let turn = servers.make_ready(&plan(folder.path(), &upstream), |_| {}).await;
        let turn = turn.unwrap_or_else(|why| panic!("{}", why.message));
        assert!(get(port, "/who.txt").ends_with(who), "the server of another scenario answered");
        drop(turn);
    }
    servers.end().await;
}

/// The whole answer to a request.
fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn run(arguments: &[&std::ffi::OsStr]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } =
        command::rehearsal().args(arguments).output().expect("rehearsal can be started");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn a_host_on_another_machine_is_asked_only_where_the_command_line_names_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = scenario(folder.path(), "\"https://api.staging.example.com\"");
    let (code, said) = run(&["run".as_ref(), path.as_os_str(), "--browser".as_ref(), "chromium".as_ref()]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`--allow-upstream api.staging.example.com`"), "{said}");
    let other = ["--allow-upstream".as_ref(), "staging.example.com".as_ref()];
    let (code, said) = run(&[&["run".as_ref(), path.as_os_str()][..], &other[..]].concat());
    assert_eq!(code, Some(2), "another host allows nothing: {said}");
}

#[test]
fn who_stands_in_for_a_server_of_this_machine_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("mock.toml");
    let text = format!(
        "title = \"x\"\n[origins.api]\nurl = \"http://127.0.0.1:{port}\"\n[[step]]\nvisit = \"api:/\"\n"
    );
    std::fs::write(&path, text).expect("the scenario can be written");
    let (code, said) = run(&["run".as_ref(), path.as_os_str(), "--browser".as_ref(), "model".as_ref()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("and it is not asked") && said.contains("upstream = "), "{said}");
}
