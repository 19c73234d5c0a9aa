//! `rehearsal matrix`, as its reader sees it; and its table in a real browser.
//!
//! `INSTA_UPDATE=always cargo test --test matrix` writes what is said now.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use crate::command::{chromium_or_say_so, rehearsal};
use rehearsal::browser_name::BrowserName;
use rehearsal::diagnostic::Source;
use rehearsal::matrix::{Draft, Matrix, draft};
use rehearsal::plan::SameSite;
use rehearsal::report::matrix::{html, json, terminal};
use rehearsal::{run, scenario};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const A3: &str = "scenarios/vercel-django-kong/a3-fixed-where-third-party-cookies-live.toml";
const D1: &str = "scenarios/topologies/d1-one-gateway-by-path.toml";
const B2: &str = "scenarios/two-am-deploy/b2-domain-localhost-in-production.toml";
const B4: &str = "scenarios/two-am-deploy/b4-subdomains-do-not-need-none.toml";

fn matrix(arguments: &[&str], columns: usize) -> Output {
    rehearsal()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", columns.to_string())
        .arg("matrix")
        .args(arguments)
        .output()
        .expect("rehearsal can be started")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("a report is text")
}

fn document(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = matrix(&[arguments, &["--format", "json"]].concat(), 80);
    let talk = String::from_utf8_lossy(&output.stderr);
    let document =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}; it said: {talk}"));
    (output.status.code(), document)
}

fn snapshot(name: &str, said: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
}

#[test]
fn the_table_reads_as_approved_and_fits_the_terminal() {
    for (name, scenario, columns, code) in [
        ("a3-in-80-columns", A3, 80, 0),
        ("a3-in-120-columns", A3, 120, 0),
        ("d1-in-80-columns", D1, 80, 0),
        ("b2-in-80-columns", B2, 80, 1),
        ("b4-in-120-columns", B4, 120, 0),
        ("a3-in-50-columns", A3, 50, 0),
    ] {
        let output = matrix(&[scenario], columns);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{name}: talk that nobody waits for");
        for line in said.lines().filter(|line| line.contains(' ')) {
            // An address cannot be broken, nor a path.
            let can_be_broken = !line.contains("https://") && !line.starts_with("scenarios/");
            assert!(line.chars().count() <= columns || !can_be_broken, "{name}: {line}");
        }
        snapshot(name, &said);
    }
}

#[test]
fn the_document_has_the_shape_it_had() {
    let (code, document) = document(&[A3]);
    assert_eq!(code, Some(0));
    let mut shape = BTreeSet::new();
    describe("", &document, &mut shape);
    snapshot("shape-of-the-document", &shape.into_iter().collect::<Vec<_>>().join("\n"));
    assert_eq!(document["version"], 1);
    assert_eq!(document["safest"]["same_site"], "strict");
    assert_eq!(document["safest"]["works_everywhere"], true);
    let browsers: Vec<&str> = document["browsers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["browser"].as_str())
        .collect();
    assert_eq!(
        browsers,
        [
            "model:chromium",
            "model:chromium:block-third-party",
            "model:firefox",
            "model:firefox:block-third-party",
            "model:firefox:allow-third-party",
            "model:webkit",
            "model:webkit:allow-third-party",
        ]
    );
}

/// Each path of a document and the kind of what stands there.
fn describe(path: &str, value: &Value, shape: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            shape.insert(format!("{path}: list"));
            items.iter().for_each(|item| describe(&format!("{path}[]"), item, shape));
            return;
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| describe(&format!("{path}.{key}"), value, shape));
            return;
        }
    };
    shape.insert(format!("{path}: {kind}"));
}

#[test]
fn none_is_never_recommended_where_a_narrower_word_works_as_widely() {
    let paths = [Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")];
    let browsers: Vec<BrowserName> =
        ["model:chromium", "model:chromium:block-third-party", "model:firefox", "model:webkit"]
            .map(|name| name.parse().expect("a browser's name"))
            .to_vec();
    for plan in scenario::load(&paths).plans {
        let path = plan.source.path.clone();
        let Ok(draft) = draft(&Arc::new(plan)) else { continue };
        let matrix = rehearsed(draft, &browsers);
        let Some(safest) = matrix.finding().safest else { continue };
        let works = |index: usize| matrix.works_in(index).count();
        let same_site = |index: usize| matrix.draft.combinations[index].attributes.map(|it| it.same_site);
        for other in 0..matrix.draft.combinations.len() {
            assert!(works(other) <= works(safest), "{path}: something works more widely");
            // No SameSite is no narrower word: where it works and `Lax` does not, it is taken for `None`, or for two
            // minutes only (`Attributes::openness`).
            let narrower = matches!(same_site(other), Some(SameSite::Lax | SameSite::Strict));
            if same_site(safest) == Some(SameSite::None) && narrower {
                assert!(works(other) < works(safest), "{path}: a narrower word works as widely");
            }
        }
    }
}

fn rehearsed(draft: Draft, browsers: &[BrowserName]) -> Matrix {
    let plans: Vec<_> = draft.combinations.iter().map(|combination| Arc::clone(&combination.plan)).collect();
    let guard = env!("CARGO_BIN_EXE_rehearsal").into();
    let options = run::Options { jobs: 2, ..run::Options::new(Matrix::cast(browsers), guard) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a few threads");
    let runs = runtime.block_on(run::run(&plans, &options, &CancellationToken::new(), |_| {}));
    Matrix::of(draft, browsers.to_vec(), &runs.expect("the combinations can be run"))
}

fn drafted(scenario: &str) -> Draft {
    let source = Arc::new(Source::new("test.toml", scenario));
    let (plan, diagnostics) = scenario::parse(source);
    draft(&Arc::new(plan.unwrap_or_else(|| panic!("{diagnostics:?}")))).expect("there is something to vary")
}

/// A front end and its API, at these addresses, with a cookie of this line.
fn two_services(front: &str, api: &str, line: &str) -> String {
    format!(
        "title = \"test\"\n[origins.web]\nurl = \"{front}\"\n[origins.api]\nurl = \"{api}\"\n\
         [origins.api.cors]\nallow_origins = [\"{front}\"]\nallow_credentials = true\n\
         [[origins.api.routes]]\nat = \"POST /login\"\nset_cookie = [\"{line}\"]\n\
         [[origins.api.routes]]\nat = \"GET /me\"\nrequire_cookie = \"a\"\n\
         [[step]]\nvisit = \"web:/\"\n\
         [[step]]\nfetch = {{ url = \"api:/login\", method = \"POST\", credentials = \"include\" }}\n\
         [[step]]\nfetch = {{ url = \"api:/me\", credentials = \"include\" }}\n"
    )
}

/// Where the services are in each topology: `one-origin: https://…; …`.
fn places(draft: &Draft) -> Vec<String> {
    let place = |place: &rehearsal::matrix::Place| {
        let urls: Vec<&str> = place.origins.iter().map(|(url, _)| url.as_str()).collect();
        let mark = if place.as_written { "!" } else { "" };
        format!("{}{mark} {}", place.topology.as_str(), urls.join(" "))
    };
    draft.places.iter().map(place).collect()
}

#[test]
fn services_go_to_names_of_their_own_sites() {
    for (front, api, expected) in [
        (
            "https://shop.example.com",
            "https://api.example.com",
            [
                "one-origin https://shop.example.com",
                "ports https://shop.example.com https://shop.example.com:8443",
                "subdomains! https://shop.example.com https://api.example.com",
                "other-site https://shop.example.com https://api.example.net",
            ],
        ),
        (
            // A hosting provider gives nobody subdomains or ports of its own names.
            "https://shop.vercel.app",
            "https://backend.shop.site",
            [
                "one-origin https://shop.vercel.app",
                "ports https://backend.shop.site https://backend.shop.site:8443",
                "subdomains https://app.shop.site https://backend.shop.site",
                "other-site! https://shop.vercel.app https://backend.shop.site",
            ],
        ),
        (
            "http://localhost:3000",
            "http://localhost:8000",
            [
                "one-origin http://localhost:3000",
                "ports! http://localhost:3000 http://localhost:8000",
                "subdomains http://app.example.com http://api.example.com",
                "other-site http://localhost:3000 http://api.example.net",
            ],
        ),
    ] {
        assert_eq!(places(&drafted(&two_services(front, api, "a=1"))), expected);
    }
}

#[test]
fn every_topology_works_with_a_line_that_suits_it() {
    let browsers = ["model:chromium".parse().expect("a browser's name")];
    for line in ["a=1; Domain=.example.com; Path=/; SameSite=None; Secure", "a=1; SameSite=None; Secure"] {
        let matrix = rehearsed(
            drafted(&two_services("https://www.example.com", "https://api.example.com", line)),
            &browsers,
        );
        for (index, combination) in matrix.draft.combinations.iter().enumerate() {
            let written = combination.attributes.map(|attributes| attributes.spelt());
            if written.as_deref() == Some("SameSite=None; Secure") {
                let place = matrix.place_of(index);
                assert_eq!(matrix.works_in(index).count(), 1, "{line}: {place:?} {:?}", matrix.rows[index]);
            }
        }
    }
}

#[test]
fn a_single_origin_is_taken_apart_and_its_calls_say_include() {
    let (code, document) = document(&[D1, "--browser", "model:chromium"]);
    assert_eq!(code, Some(0));
    let strict = |topology: &str| {
        let combinations = document["combinations"].as_array().into_iter().flatten();
        let mut of = combinations.filter(|one| one["topology"] == topology && one["same_site"] == "strict");
        of.next().map(|one| one["cells"][0]["works"].clone())
    };
    assert_eq!(strict("one-origin"), Some(true.into()));
    assert_eq!(strict("subdomains"), Some(true.into()), "and CORS lets the page in");
    assert_eq!(strict("other-site"), Some(false.into()));
}

#[test]
fn a_page_escapes_what_a_scenario_says_and_loads_nothing() {
    let hostile = "</title><script>alert(1)</script><img src=https://evil.example/x onerror='x'>\\\"&";
    let line = "a=<b>1</b>; Path=/\\\"><i>; SameSite=None; Secure";
    let scenario = two_services("https://www.example.com", "https://api.example.com", line)
        .replace("title = \"test\"", &format!("title = \"{hostile}\""));
    let mut draft = drafted(&scenario);
    draft.strangers.push("<u>evil</u>".to_owned());
    let mut matrix = rehearsed(draft, &["model:chromium".parse().expect("a browser's name")]);
    matrix.rows[0][0].error = Some("<s>gone</s>".to_owned());
    let page = html::page(&matrix, time::OffsetDateTime::UNIX_EPOCH);
    for tag in ["<script", "<img", "<i>;", "<b>1", "<u>", "<s>"] {
        assert!(!page.contains(tag), "{tag} got through");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"), "and is shown as what it is");
    for attribute in ["src=", "href=", "url(", "@import"] {
        for (place, _) in page.match_indices(attribute) {
            let rest = &page[place + attribute.len()..];
            let harmless = rest.starts_with("\"#")
                || rest.starts_with("\"data:,\"")
                || page[..place].ends_with("&lt;img ");
            assert!(harmless, "{attribute}{}", &rest[..40.min(rest.len())]);
        }
    }
    let table = &mut Vec::new();
    matrix.draft.needs[0].name = "\u{1b}[2Jgone".to_owned();
    terminal::write(table, &matrix, 80).expect("a vector takes all");
    assert!(!String::from_utf8_lossy(table).contains("\u{1b}[2J"), "no cursor is moved");
}

#[test]
fn a_disagreement_is_marked_wherever_it_is_shown() {
    let scenario =
        two_services("https://www.example.com", "https://api.example.com", "a=1; SameSite=Lax; Secure");
    let mut matrix = rehearsed(drafted(&scenario), &["model:chromium".parse().expect("a browser's name")]);
    assert_eq!(matrix.disagreements(), 0);
    matrix.rows[3][0].disagreements.push("predicted white, observed black".to_owned());
    let table = &mut Vec::new();
    terminal::write(table, &matrix, 80).expect("a vector takes all");
    let table = String::from_utf8_lossy(table);
    assert!(table.contains("DISAGREEMENT: 1 cell was") && table.contains("sent!!"), "{table}");
    assert!(
        table.contains("!! model:chromium, one origin, by path") && table.contains("observed black"),
        "{table}"
    );
    let page = html::page(&matrix, time::OffsetDateTime::UNIX_EPOCH);
    assert!(page.contains("role=\"alert\"") && page.contains("‼ predicted white, observed black"));
    let document = serde_json::to_value(json::Document::of(&matrix)).expect("a document");
    assert_eq!(document["disagreements"], 1);
}

#[test]
fn a_cookie_is_needed_until_it_is_deleted_and_never_by_a_page_of_others() {
    let scenario = two_services(
        "https://www.example.com",
        "https://api.example.com",
        "a=1; SameSite=Lax; Secure",
    ) + "[[origins.api.routes]]\nat = \"POST /logout\"\nset_cookie = [\"a=; Max-Age=0; SameSite=Lax; Secure\"]\n\
           [origins.evil]\nurl = \"https://evil.example.org\"\n\
           [[step]]\nvisit = \"evil:/\"\n\
           [[step]]\nfetch = { url = \"api:/me\", credentials = \"include\" }\n\
           [[step]]\nvisit = \"web:/\"\n\
           [[step]]\nfetch = { url = \"api:/logout\", method = \"POST\", credentials = \"include\" }\n\
           [[step]]\nfetch = { url = \"api:/me\", credentials = \"include\" }\n";
    let draft = drafted(&scenario);
    assert_eq!(draft.needs[0].set_in, [1]);
    assert_eq!(draft.needs[0].wanted_in, [2], "not by the evil page, and not after the logout");
    assert_eq!(draft.strangers, ["evil"]);
    assert_eq!(places(&draft)[2], "subdomains! https://www.example.com https://api.example.com");
}

#[test]
fn a_date_that_is_over_ends_the_need_whatever_its_year() {
    let yesterday = time::OffsetDateTime::now_utc() - time::Duration::DAY;
    let yesterday = format!(
        "{:02} {} {} 12:00:00 GMT",
        yesterday.day(),
        &yesterday.month().to_string()[..3],
        yesterday.year()
    );
    let tables = ["01 Jan 1970 00:00:00 GMT", "01 Jan 1971 00:00:00 GMT", &yesterday].map(|date| {
        let scenario =
            two_services("https://www.example.com", "https://api.example.com", "a=1; SameSite=Lax; Secure")
                + &format!(
                    "[[origins.api.routes]]\nat = \"POST /logout\"\n\
                     set_cookie = [\"a=; Expires=Thu, {date}; SameSite=Lax; Secure\"]\n\
                     [[step]]\nfetch = {{ url = \"api:/logout\", method = \"POST\", credentials = \"include\" }}\n"
                );
        let draft = drafted(&scenario);
        assert_eq!(draft.needs[0].set_in, [1], "{date}");
        let browsers = ["model:chromium", "model:firefox"].map(|name| name.parse().expect("a browser"));
        let matrix = rehearsed(draft, &browsers);
        serde_json::to_value(json::Document::of(&matrix)).expect("a document")["works_everywhere"].clone()
    });
    assert!(tables[0].as_u64() > Some(0), "{tables:?}");
    assert!(tables.iter().all(|table| *table == tables[0]), "{tables:?}");
}

#[test]
fn what_cannot_be_a_matrix_is_said() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    let nothing = "title = \"x\"\n[origins.a]\nurl = \"https://a.example\"\n[[step]]\nvisit = \"a:/\"\n";
    std::fs::write(file.path(), nothing).expect("a scenario");
    for (path, says) in [
        (file.path().to_string_lossy().as_ref(), "sets no cookie"),
        ("scenarios/django-nextjs/e1-sign-in-and-who-am-i.toml", "are set by Django's settings"),
        ("scenarios/topologies", "a matrix is of one"),
        ("scenarios/nowhere.toml", "nowhere.toml"),
    ] {
        let output = matrix(&[path], 80);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says) && said.contains("help"), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn chromium_does_all_of_it_as_the_rules_say() {
    if !chromium_or_say_so() {
        return;
    }
    let (code, document) = document(&[A3, "--browser", "chromium,chromium:block-third-party"]);
    assert_eq!(code, Some(0), "{}", document["headline"]);
    assert_eq!(document["disagreements"], 0);
    let cells: Vec<&Value> = document["combinations"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|one| one["cells"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(cells.len(), 28 * 2);
    for cell in cells {
        assert_eq!(cell["error"], Value::Null);
        assert_eq!(cell["disagreements"], serde_json::json!([]), "{cell}");
    }
}
