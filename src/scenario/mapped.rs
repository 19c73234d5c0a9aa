//! A scenario without a file: production's names, each mapped to a server that runs on this machine.
//!
//! `--map https://app.acme-shop.io=3000` is written out as the scenario that it stands for and read as any other, so
//! that it means the same and its mistakes are told the same way.

use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;

use super::resolve::parse_place;
use crate::diagnostic::Source;

/// What messages call it.
const PATH: &str = "--map";

/// `URL=SERVER`: a public URL, and the server that answers there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Scheme, host and port, as production has them.
    public: String,
    /// Where the server listens: a URL, or `unix:PATH`.
    server: String,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let example = "write it as `https://app.example.com=3000`";
        let (public, server) = text.split_once('=').ok_or(example)?;
        let (public, server) = (public.trim(), server.trim());
        if public.is_empty() || server.is_empty() {
            return Err(example.to_owned());
        }
        let public = if public.contains("://") { public.to_owned() } else { format!("https://{public}") };
        let port = server.trim_start_matches(':');
        let server = if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("http://127.0.0.1:{port}")
        } else if server.contains("://") || server.starts_with("unix:") {
            server.to_owned()
        } else {
            format!("http://{server}")
        };
        parse_place(&server).map_err(|(message, help)| format!("{message}; {help}"))?;
        Ok(Self { public, server })
    }
}

/// The scenario that mappings stand for: an origin each, and the first of them visited.
pub fn source(mappings: &[Mapping]) -> Arc<Source> {
    let mut names: Vec<String> = Vec::new();
    let mut text = String::from("title = \"The servers of this machine under production's names\"\n");
    for mapping in mappings {
        let name = name(&mapping.public, &names);
        // Writing to a string cannot fail.
        _ = write!(
            text,
            "\n[origins.{name}]\nurl = {}\nupstream = {}\n",
            quoted(&mapping.public),
            quoted(&mapping.server)
        );
        names.push(name);
    }
    if let Some(first) = names.first() {
        _ = write!(text, "\n[[step]]\nvisit = \"{first}:/\"\n");
    }
    Arc::new(Source::new(PATH, text))
}

/// A text as TOML writes it: JSON's strings are TOML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name for the origin of a URL: the first label of its host, or more where that is taken.
fn name(public: &str, taken: &[String]) -> String {
    let host = public.split_once("://").map_or(public, |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let label: String = host
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let label =
        if label.is_empty() || matches!(label.as_str(), "http" | "https") { "web".to_owned() } else { label };
    let numbered = (2..).map(|number| format!("{label}-{number}"));
    let mut names = std::iter::once(label.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn a_mapping_is_a_scenario_with_an_upstream() {
        let mappings = [
            "https://app.acme-shop.io=3000",
            "api.acme-shop.io=localhost:4000",
            "https://app.acme-shop.io:8443=unix:/run/app.sock",
        ];
        let mappings: Vec<Mapping> = mappings.iter().map(|text| text.parse().expect("a mapping")).collect();
        let (plan, diagnostics) = scenario::parse(source(&mappings));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let plan = plan.expect("a plan");
        let origins: Vec<(&str, &str, String)> = plan
            .origins
            .iter()
            .map(|origin| {
                let place = origin.upstream().expect("an upstream").place.to_string();
                (origin.name.as_str(), origin.url.as_str(), place)
            })
            .collect();
        let expected = [
            ("app", "https://app.acme-shop.io/", "http://127.0.0.1:3000"),
            ("api", "https://api.acme-shop.io/", "http://localhost:4000"),
            ("app-2", "https://app.acme-shop.io:8443/", "unix:/run/app.sock"),
        ];
        assert_eq!(origins, expected.map(|(name, url, place)| (name, url, place.to_owned())));
    }

    #[test]
    fn what_maps_nothing_says_how_to_write_it() {
        for text in ["3000", "https://a.example=", "=3000", "https://a.example=ftp://x"] {
            let error = text.parse::<Mapping>().expect_err("no mapping");
            assert!(error.contains("write"), "{text}: {error}");
        }
    }
}
