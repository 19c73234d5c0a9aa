//! Hot reload of a real Vite development server behind a production name, through the world, in real Chromium.
//!
//! It installs packages, so it runs where it is asked for: `cargo test --test it -- --ignored hot_reload`.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rehearsal::browser::real::{Browser, Worker};
use rehearsal::browser_name::{Engine, ThirdParty};
use rehearsal::diagnostic::Source;
use rehearsal::world::clock::Clock;
use rehearsal::world::{Authority, World, hosts};

use super::examples;
use crate::browsing::{eval, installed, options, step, visit};

const PAGE: &str = r#"<!doctype html><title>first page</title><link rel="icon" href="data:,">
<p id="part"></p><script type="module" src="/main.js"></script>"#;

/// It takes its part and its style anew without the page being loaded anew.
const MAIN: &str = r#"import "./style.css";
import { text } from "./part.js";
const show = text => document.querySelector('#part').textContent = text;
show(text);
import.meta.hot.accept("./part.js", part => show(part.text));
"#;

/// A Vite development server of its own, ended with this.
struct Vite(Child);

impl Vite {
    /// It serves this folder on this port. Returns when it does.
    fn start(folder: &Path, port: u16) -> Self {
        let program = folder.join("node_modules/vite/bin/vite.js");
        let child = Command::new("node")
            .arg(program)
            .args(["--host", "127.0.0.1", "--strictPort", "--port", &port.to_string()])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn();
        let mut vite = Self(child.expect("node can be started"));
        let said = BufReader::new(vite.0.stdout.take().expect("it is read"));
        let mut lines = said.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("ready in")), "Vite does not start");
        // It goes on talking.
        std::thread::spawn(move || lines.for_each(drop));
        vite
    }
}

impl Drop for Vite {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

async fn value(worker: &mut Worker, script: &str) -> String {
    let seen = worker.perform(&step(eval(script))).await.expect("the browser answers");
    assert_eq!(seen.page.not_done, None, "{script}");
    seen.page.body.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "installs real packages: cargo test --test it -- --ignored hot_reload"]
async fn vite_reloads_what_changed_through_the_world() {
    if !installed() {
        return;
    }
    examples::install();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    let modules = examples::folder().join("fastapi-vite/front/node_modules");
    std::os::unix::fs::symlink(modules, folder.path().join("node_modules")).expect("a link");
    write("vite.config.js", "export default { server: { allowedHosts: ['app.example.com'] } };\n");
    write("index.html", PAGE);
    write("main.js", MAIN);
    write("part.js", "export const text = 'first';\n");
    write("style.css", "p { color: rgb(1, 2, 3) }\n");
    let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
    let _vite = Vite::start(folder.path(), port);

    let text = format!(
        "title = 'Vite'\n[origins.app]\nurl = 'https://app.example.com'\nupstream = 'http://127.0.0.1:{port}'\n\
         [[step]]\nvisit = 'app:/'\n"
    );
    let (plan, diagnostics) = rehearsal::scenario::parse(Arc::new(Source::new("vite.toml", text)));
    let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let authority = Authority::new(hosts(&plan)).expect("an authority");
    let world = World::start_with_servers(&plan, &authority, Clock::running()).expect("a world");
    let browser = Browser::launch(Engine::Chromium, options(&authority, ThirdParty::Allowed)).await;
    let browser = browser.expect("it starts");
    let mut worker = browser.worker().await.expect("a worker");
    worker.enter(&world).await.expect("the worker enters");

    worker.perform(&step(visit("https://app.example.com/"))).await.expect("a page");
    let shown = "[document.querySelector('#part').textContent, getComputedStyle(document.querySelector('#part')).color]";
    assert_eq!(value(&mut worker, shown).await, r#"["first","rgb(1, 2, 3)"]"#);
    value(&mut worker, "window.stays = 'it stays'").await;

    write("part.js", "export const text = 'second';\n");
    write("style.css", "p { color: rgb(4, 5, 6) }\n");
    let changed = format!(
        "for (;;) {{ const shown = JSON.stringify({shown}); if (shown === '[\"second\",\"rgb(4, 5, 6)\"]') return shown; \
         await new Promise(done => setTimeout(done, 20)); }}"
    );
    assert_eq!(value(&mut worker, &changed).await, r#"["second","rgb(4, 5, 6)"]"#);
    assert_eq!(value(&mut worker, "window.stays").await, "it stays", "the page was not loaded anew");

    // What cannot be taken in loads the page anew.
    write("index.html", &PAGE.replace("first page", "second page"));
    let mut titles = Vec::new();
    while !titles.contains(&"second page".to_owned()) && titles.len() < 100 {
        titles.push(value(&mut worker, "document.title").await);
    }
    assert_eq!(
        value(&mut worker, "[document.title, typeof window.stays]").await,
        r#"["second page","undefined"]"#
    );

    let exchanges = world.wire().since(rehearsal::world::wire::Mark::default());
    let sockets = exchanges.iter().filter(|exchange| exchange.status == 101);
    let told: Vec<_> = sockets
        .map(|socket| (socket.url.as_str(), socket.request_header("sec-websocket-protocol")))
        .collect();
    assert!(told.len() >= 2 && told.iter().all(|(_, protocol)| *protocol == Some(b"vite-hmr")), "{told:?}");
    worker.close().await;
    browser.close().await;
}
