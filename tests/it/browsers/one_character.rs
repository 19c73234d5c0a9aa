//! Each shipped scenario fails, at the right line and for the right reason, when one character of a
//! cookie or of a CORS setting is changed: what it shows is really what it checks.

use crate::command;
use std::fs;

use serde_json::Value;

/// A change of one character, the line of the scenario that must fail for it, and the word that must
/// stand in what is said of it.
struct Change {
    scenario: &'static str,
    from: &'static str,
    to: &'static str,
    line: &'static str,
    word: &'static str,
}

const CHANGES: &[Change] = &[
    Change {
        scenario: "vercel-django-kong/a1-front-end-missing-from-cors.toml",
        from: "\"https://fe-wl-gmb-fv4x.vercel.app\",",
        to: "\"https://fe-wl-gmb-fv4y.vercel.app\",",
        line: "expect.requests = [\"OPTIONS api:/api/v1/auth/login/\", \"POST api:/api/v1/auth/login/\"]",
        word: "cors-no-allow-origin",
    },
    Change {
        scenario: "vercel-django-kong/a2-lax-on-another-site.toml",
        from: "SameSite=Lax\"",
        to: "SameSite=Lux\"",
        line: "expect.not_stored = { user_access_token = \"same-site-lax\" }",
        word: "same-site-default-lax",
    },
    Change {
        scenario: "vercel-django-kong/a3-fixed-where-third-party-cookies-live.toml",
        from: "SameSite=None; Secure\"",
        to: "SameSite=Nome; Secure\"",
        line: "expect.stored.user_access_token = { domain = \"mbgtesting.site\", host_only",
        word: "same-site-default-lax",
    },
    Change {
        scenario: "vercel-django-kong/a4-document-cookie-shows-nothing.toml",
        from: "Domain=.mbgtesting.site; HttpOnly;",
        to: "Domain=.mbgtesting.site; HttpOnle;",
        line: "expect.document_cookie = [\"tenant\"]",
        word: "user_access_token",
    },
    Change {
        scenario: "two-am-deploy/b2-domain-localhost-in-production.toml",
        from: "Domain=localhost;",
        to: "Domein=localhost;",
        line: "expect.not_stored = { session_token = \"domain-mismatch\" }",
        word: "stored",
    },
    Change {
        scenario: "two-am-deploy/b4-subdomains-do-not-need-none.toml",
        from: "SameSite=strict;",
        to: "SameSite=stricd;",
        line: "strict_token = { domain",
        word: "same_site unset",
    },
    Change {
        scenario: "jwt-cors/c2-wildcard-with-credentials.toml",
        from: "SameSite=Lax;",
        to: "SameSite=Law;",
        line: "expect.stored.jwt",
        word: "same_site unset",
    },
    Change {
        scenario: "jwt-cors/c4-exact-origin-and-credentials.toml",
        from: "[\"https://www.site.com\",",
        to: "[\"https://wwv.site.com\",",
        line: "expect.cors = \"readable\"",
        word: "cors-no-allow-origin",
    },
    Change {
        scenario: "topologies/d1-one-gateway-by-path.toml",
        from: "Domain=.example.com;",
        to: "Domain=.exanple.com;",
        line: "expect.stored.platform_session",
        word: "domain-mismatch",
    },
    Change {
        scenario: "topologies/d2-api-on-its-own-host.toml",
        from: "[\"https://app.example.com\",",
        to: "[\"https://apq.example.com\",",
        line: "expect.status = 200",
        word: "cors-no-allow-origin",
    },
];

#[test]
fn one_changed_character_fails_at_its_line_for_its_reason() {
    if !command::chromium_or_say_so() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for change in CHANGES {
        let original = fs::read_to_string(command::scenarios().join(change.scenario)).expect(change.scenario);
        assert_eq!(original.matches(change.from).count(), 1, "`{}` in {}", change.from, change.scenario);
        let differing = change.from.chars().zip(change.to.chars()).filter(|(from, to)| from != to).count();
        assert_eq!(
            (change.from.len(), differing),
            (change.to.len(), 1),
            "one character in {}",
            change.scenario
        );
        let path = folder.path().join(change.scenario);
        let beside = path.parent().expect("a scenario stands in a folder");
        fs::create_dir_all(beside).expect("the folder can be made");
        fs::write(&path, original.replace(change.from, change.to))
            .expect("the changed scenario can be written");
        let part = command::scenarios().join(change.scenario).with_file_name("_world.toml");
        if part.exists() {
            fs::copy(part, beside.join("_world.toml")).expect("the part it includes can be copied");
        }
    }

    let (code, document) =
        command::run_json(&[folder.path().as_os_str(), "--browser".as_ref(), "chromium".as_ref()]);
    assert_eq!(code, 1, "every scenario fails and none errs: {}", document["summary"]);
    for change in CHANGES {
        let run = command::run_of(&document, change.scenario);
        let failures: Vec<&Value> = command::failures(run);
        let first = failures.first().unwrap_or_else(|| panic!("{} still passes", change.scenario));
        let text = fs::read_to_string(folder.path().join(change.scenario)).expect(change.scenario);
        let line = first["line"].as_u64().expect("a line number") as usize;
        let line = text.lines().nth(line - 1).unwrap_or_default();
        assert!(line.starts_with(change.line), "{} fails at `{line}`: {first}", change.scenario);
        assert!(
            first.to_string().contains(change.word),
            "{} lacks `{}`: {first}",
            change.scenario,
            change.word
        );
    }
}
