//! From files to plans and messages, through the public interface.
//!
//! Each file of `tests/messages` has what is printed about it beside it. Look at the text as its
//! reader would: does it say what is wrong, what was meant, and what to do next?

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::diagnostic::{Diagnostic, Style};
use rehearsal::scenario::load;

#[test]
fn every_message_is_as_approved() {
    let mut files: Vec<PathBuf> = fs::read_dir("tests/messages")
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().expect("it is a file").to_string_lossy().into_owned();
        approve(&name, &told(&load(&[file]).diagnostics));
    }
}

fn told(diagnostics: &[Diagnostic]) -> String {
    let messages: Vec<String> = diagnostics.iter().map(|message| message.render(Style::Plain)).collect();
    messages.join("\n")
}

fn approve(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../messages");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("a temporary file can be written");
}

#[test]
fn what_is_no_scenario_file_is_said_to_be_none() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    write(&at("empty.toml"), "");
    write(&at("blank.toml"), "\u{feff}  \r\n\n");
    write(&at("latin1.toml"), b"title = \"ok\"\ncovers = [\"caf\xe9\"]\n");
    write(&at("cut-off.toml"), b"title = \"\xe5\x90");
    write(&at("utf16.toml"), b"\xff\xfet\0i\0t\0l\0e\0");
    write(&at("ten-megabytes.toml"), vec![b'#'; 10 * 1024 * 1024]);
    write(&at("login.har"), vec![b' '; 2 * 1024 * 1024]);
    write(&at("har.txt"), "{\"log\": {\"version\": \"1.2\", \"creator\": {}, \"entries\": []}}");
    write(&at("plain.json"), "{\"title\": \"t\"}");
    write(&at("steps.yaml"), "title: t\n");
    write(&at("answer.txt"), "HTTP/1.1 200 OK\r\nset-cookie: a=1\r\n\r\n");
    fs::create_dir(at("no-scenarios")).expect("a folder can be made");
    fs::create_dir_all(at("only-hidden/.git")).expect("a folder can be made");
    write(&at("only-hidden/.git/x.toml"), "");
    write(&at("only-hidden/README.md"), "");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.toml")).expect("a socket can be made");

    let names = [
        "missing.toml",
        "empty.toml",
        "blank.toml",
        "latin1.toml",
        "cut-off.toml",
        "utf16.toml",
        "ten-megabytes.toml",
        "login.har",
        "har.txt",
        "plain.json",
        "steps.yaml",
        "answer.txt",
        "no-scenarios",
        "only-hidden",
        "socket.toml",
    ];
    let loaded = load(&names.map(at));
    assert_eq!(loaded.plans.len(), 0);
    assert_eq!(loaded.errors(), names.len());
    approve("files", &told(&loaded.diagnostics).replace(&folder.path().display().to_string(), "FOLDER"));
}

const GOOD: &str = "title = 'x'\norigins.web.url = 'https://www.example.com'\nstep = [{ visit = 'web:/' }]\n";

#[test]
fn every_file_is_tried_in_order_and_once() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("b/deep")).expect("a folder can be made");
    for name in ["c.toml", "a.toml", "b/deep/1.toml", "b/2.toml"] {
        write(&at(name), GOOD);
    }
    write(&at("b/1.toml"), "title = 1");
    write(&at("b/notes.txt"), "title = 1");
    std::os::unix::fs::symlink(folder.path(), at("b/loop")).expect("a link can be made");
    std::os::unix::fs::symlink(at("c.toml"), at("d.toml")).expect("a link can be made");

    let loaded = load(&[at("b/2.toml"), folder.path().to_owned(), at("missing"), at("b")]);
    let plans: Vec<&str> = loaded
        .plans
        .iter()
        .filter_map(|plan| plan.source.path.strip_prefix(&folder.path().display().to_string()))
        .collect();
    assert_eq!(plans, ["/b/2.toml", "/a.toml", "/b/deep/1.toml", "/c.toml"]);
    assert_eq!(loaded.files, 5);
    assert_eq!(loaded.errors(), 3, "{}", told(&loaded.diagnostics));
}

#[test]
fn defaults_are_filled_in() {
    let source = |text: &str| std::sync::Arc::new(rehearsal::diagnostic::Source::new("x.toml", text));
    let (plan, diagnostics) =
        rehearsal::scenario::parse(source(include_str!("../../scenarios/everything.toml")));
    let warned = told(&diagnostics);
    assert!(diagnostics.len() == 1 && warned.contains("webkit cuts the cookie at `ü`"), "{warned}");
    let plan = plan.expect("there is no mistake");
    let shown = format!(
        "{:#?}",
        (
            &plan.title,
            &plan.covers,
            &plan.records,
            plan.origins
                .iter()
                .map(|o| (&o.name, o.url.as_str(), o.certificate, &o.service, &o.cors))
                .collect::<Vec<_>>(),
        )
    );
    approve("everything-world", &shown);
    let steps: Vec<String> = plan.steps.iter().map(describe).collect();
    approve("everything-steps", &steps.join("\n"));
}

fn describe(step: &rehearsal::plan::Step) -> String {
    use rehearsal::plan::Action;
    let target = step.action.target().map(|(method, url)| format!(" {method} {url}")).unwrap_or_default();
    let more = match &step.action {
        Action::Fetch(fetch) => format!(" {:?} {:?} {:?}", fetch.credentials, fetch.headers, fetch.body),
        Action::Xhr(xhr) => format!(" {} {:?} {:?}", xhr.with_credentials, xhr.headers, xhr.body),
        Action::Form(form) => format!(" {:?}", form.fields),
        Action::DocumentCookie { write } => format!(" {write:?}"),
        Action::Eval(script) | Action::Click(script) => format!(" {script:?}"),
        Action::Fill(fields) => format!(" {fields:?}"),
        Action::Advance(time) => format!(" {time:?}"),
        Action::Wait(url) => format!(" {url}"),
        _ => String::new(),
    };
    let inside = step.inside.as_ref().map(|url| format!(" inside {url}")).unwrap_or_default();
    format!("{}{target}{more}{inside}", step.action.key())
}

#[test]
fn what_differs_in_a_browser_is_laid_over() {
    let text = r#"
        title = "x"
        origins.web.url = "https://www.example.com"
        origins.web.routes = [{ at = "GET /", set_cookie = ["a=1", "b=1", "c=1"] }]
        [[step]]
        visit = "web:/"
        [step.expect]
        status = 200
        cors = "readable"
        stored = ["a"]
        not_stored = { b = "same-site-lax" }
        sent = { c = "1" }
        [step.expect.on."chromium:block-third-party"]
        status = 403
        not_stored = { a = "third-party-blocked" }
        [step.expect.on.chromium]
        status = 401
        stored.b.secure = true
        not_sent = ["c"]
    "#;
    let source = rehearsal::diagnostic::Source::new("x.toml", text);
    let (plan, diagnostics) = rehearsal::scenario::parse(std::sync::Arc::new(source));
    assert_eq!(told(&diagnostics), "");
    let plan = plan.expect("there is no mistake");
    let expected = |browser: &str| {
        let browser = browser.parse().expect("the test names a browser");
        let expect = plan.steps[0].expected_in(browser);
        let words: Vec<String> = [
            expect.stored.iter().map(|claim| format!("+{}", claim.value.name)).collect::<Vec<_>>(),
            expect.not_stored.iter().map(|claim| format!("-{}", claim.value.name)).collect(),
            expect.sent.iter().map(|claim| format!(">{}", claim.value.name)).collect(),
            expect.not_sent.iter().map(|claim| format!("<{}", claim.value.name)).collect(),
        ]
        .concat();
        let status = expect.status.map(|claim| claim.value);
        assert!(expect.cors.is_some(), "what only `expect` says holds everywhere");
        (status, words.join(" "))
    };
    assert_eq!(expected("firefox"), (Some(200), "+a -b >c".to_owned()));
    assert_eq!(expected("chromium"), (Some(401), "+a +b <c".to_owned()));
    assert_eq!(expected("model:chromium:block-third-party"), (Some(403), "+b -a <c".to_owned()));
}

#[test]
fn of_very_many_mistakes_the_first_are_told() {
    let keys: String = (0..250).map(|number| format!("key{number} = 1\n")).collect();
    let folder = folder();
    let file = folder.path().join("many.toml");
    write(&file, format!("{keys}{GOOD}"));
    let diagnostics = load(&[file]).diagnostics;
    assert_eq!(diagnostics.len(), 101);
    let last = diagnostics.last().expect("there are many").render(Style::Plain);
    assert!(last.starts_with("error: 150 more mistakes in this file are not shown\n"), "{last}");
}

#[test]
fn a_scenario_is_laid_over_what_it_includes() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    write(
        &at("_world.toml"),
        "[variables]\nflags = 'Secure'\nuser = 'admin'\n\
         [origins.web]\nurl = 'https://www.example.com'\n\
         [origins.api]\nurl = 'https://api.example.com'\ncors = { allow_origins = ['*'] }\n\
         [[origins.api.routes]]\nat = 'POST /login'\nset_cookie = ['a=1; {{flags}}', 'b=2']\n\
         [[origins.api.routes]]\nat = 'GET /me'\njson = { user = '{{user}}' }\n",
    );
    write(
        &at("one.toml"),
        "title = 'x'\ninclude = '_world.toml'\nvariables.flags = 'HttpOnly; Secure'\n\
         [origins.api.cors]\nallow_origins = ['https://www.example.com']\n\
         [[origins.api.routes]]\nat = 'GET /me'\ntext = 'me'\n\
         [[step]]\nvisit = 'web:/'\n[[step]]\neval = '`${document.title} {{user}}`'\n",
    );
    // No scenario of its own, and found as none.
    let loaded = load(&[folder.path().to_owned()]);
    assert_eq!(told(&loaded.diagnostics), "");
    let [plan] = loaded.plans.as_slice() else { panic!("one scenario: {:?}", loaded.plans) };
    let api = plan.origins.iter().find(|origin| origin.name == "api").expect("it is included");
    let rehearsal::plan::Service::Routes(routes) = &api.service else { panic!("{api:?}") };
    let routes: Vec<_> =
        routes.iter().map(|route| (route.path.as_str(), &route.set_cookie, &route.body)).collect();
    let text = |text: &str| rehearsal::plan::Body::Text(text.to_owned());
    let cookies = vec!["a=1; HttpOnly; Secure".to_owned(), "b=2".to_owned()];
    assert_eq!(routes, [("/me", &vec![], &text("me")), ("/login", &cookies, &rehearsal::plan::Body::Empty)]);
    assert_eq!(api.cors.as_ref().expect("settings").allow_origins, ["https://www.example.com"]);
    let script = rehearsal::plan::Action::Eval("`${document.title} admin`".to_owned());
    assert_eq!(plan.steps[1].action, script);
}

#[test]
fn without_variables_braces_are_text() {
    let source = GOOD.replace("}]", "}, { eval = '{{user}}' }]");
    let source = rehearsal::diagnostic::Source::new("x.toml", source);
    let (plan, diagnostics) = rehearsal::scenario::parse(source.into());
    assert_eq!(told(&diagnostics), "");
    let script = rehearsal::plan::Action::Eval("{{user}}".to_owned());
    assert_eq!(plan.expect("a plan").steps[1].action, script);
}
