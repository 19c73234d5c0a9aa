//! The document: origins with their routes and settings, then the steps.

use std::collections::BTreeSet;

use url::Url;

use super::cors::{self, Cors};
use super::redact::Values;
use super::steps::{Step, headers_set};
use super::{Came, Exchange, Kind, Recording, write};
use crate::recording::cookies::Cookies;
use crate::relation::{self, Relation};
use crate::text::{counted, listed};

/// A scenario made from a recording.
#[derive(Clone, Debug)]
pub struct Built {
    /// It as TOML.
    pub toml: String,
    /// What was left out or guessed, in sentences.
    pub notes: Vec<String>,
}

/// What is known while a scenario is made.
pub(super) struct Builder<'r> {
    pub(super) recording: &'r Recording,
    pub(super) values: Values,
    pub(super) cookies: Cookies,
    /// Name and URL of each origin.
    origins: Vec<(String, Url)>,
    pub(super) steps: Vec<Step>,
    /// Pages that are opened for what is asked from them, and that no answer shows.
    pub(super) pages: Vec<Url>,
    pub(super) notes: Vec<String>,
}

/// Makes a scenario. `source` is how its first line names the recording.
pub fn scenario(recording: &Recording, source: &str, keep_values: bool) -> Built {
    let mut builder = Builder {
        recording,
        values: Values::new(keep_values),
        cookies: Cookies::of(recording),
        origins: Vec::new(),
        steps: Vec::new(),
        pages: Vec::new(),
        notes: recording.notes.clone(),
    };
    builder.tell();
    builder.expect();
    let toml = builder.written(source);
    Built { toml, notes: builder.notes }
}

impl Builder<'_> {
    /// The name of a URL's origin, which is declared from now on.
    pub(super) fn origin(&mut self, url: &Url) -> String {
        if let Some((name, _)) = self.origins.iter().find(|(_, known)| known.origin() == url.origin()) {
            return name.clone();
        }
        let host = url.host_str().unwrap_or_default();
        let label = host.split('.').find(|label| *label != "www").unwrap_or_default();
        let label: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let is_name = !label.is_empty()
            && label.chars().any(char::is_alphabetic)
            && !matches!(label.as_str(), "http" | "https");
        let base = match (self.origins.is_empty(), is_name) {
            (true, _) => "web".to_owned(),
            (_, true) => label,
            (_, false) => "site".to_owned(),
        };
        let free = |name: &String| !self.origins.iter().any(|(known, _)| known == name);
        let name = std::iter::once(base.clone())
            .chain((2..).map(|number| format!("{base}-{number}")))
            .find(free)
            .unwrap_or(base);
        let mut bare = url.clone();
        bare.set_path("/");
        bare.set_query(None);
        bare.set_fragment(None);
        self.origins.push((name.clone(), bare));
        name
    }

    /// A URL as a scenario has it, in quotes.
    pub(super) fn address(&self, url: &Url) -> String {
        let url = self.values.url(url);
        let path = &url[url::Position::BeforePath..];
        match self.origins.iter().find(|(_, known)| known.origin() == url.origin()) {
            Some((name, _)) => write::string(&format!("{name}:{path}")),
            None => write::string(url.as_str()),
        }
    }

    fn written(&mut self, source: &str) -> String {
        // What answers of these origins lead to is an origin too: nothing else of the world exists.
        let known: Vec<url::Origin> = self.origins.iter().map(|(_, url)| url.origin()).collect();
        let leads = |exchange: &&Exchange| {
            known.contains(&exchange.url.origin())
                && (exchange.kind != Kind::Asset || !exchange.set_cookie.is_empty())
        };
        let recording = self.recording;
        let to = recording.exchanges.iter().filter(leads).filter_map(Exchange::redirect);
        for url in to.filter(|url| matches!(url.scheme(), "http" | "https")) {
            self.origin(&url);
        }
        let mut text = write::comment(&format!("Made from {source} by `rehearsal new`."));
        if !self.values.keep {
            text.push_str("# Values of cookies, bodies, headers and queries are left out; `--keep-values` keeps them.\n");
        }
        let title = format!(
            "{source}: {}, {}",
            counted(self.origins.len(), "origin"),
            counted(self.steps.len(), "step")
        );
        text.push_str(&format!("\ntitle = {}\n", write::string(&title)));
        if let Some(((first, page), rest)) = self.origins.split_first() {
            for (name, url) in rest {
                text.push_str(&format!("relation.\"{first} -> {name}\" = \"{}\"\n", relation::of(page, url)));
            }
        }
        for (name, url) in self.origins.clone() {
            text.push_str(&format!(
                "\n[origins.{name}]\nurl = {}\n",
                write::string(&url.origin().ascii_serialization())
            ));
            let cors = cors::of(self.recording, &url, headers_set);
            match &cors {
                Cors::None => {}
                Cors::Table { lines, guessed } => {
                    text.push_str(&format!("\n[origins.{name}.cors]\n"));
                    if *guessed {
                        text.push_str("# Guessed: the recording has no preflight; what was done is taken to be allowed.\n");
                    }
                    text.push_str(lines);
                }
                Cors::Each => self.notes.push(format!(
                    "`{name}` does not answer all calls with the CORS headers that they need: its answers have their own, in \
                     `headers`"
                )),
            }
            for route in self.routes(&url, &cors) {
                text.push_str(&format!("\n[[origins.{name}.routes]]\n{route}"));
            }
        }
        for step in &self.steps {
            text.push_str("\n[[step]]\n");
            step.comments.iter().for_each(|comment| text.push_str(&write::comment(comment)));
            step.lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
        text
    }

    /// Says what is not in the steps.
    pub(super) fn left_out(&mut self, assets: usize, strangers: &BTreeSet<String>, repeated: usize) {
        if assets > 0 {
            self.notes.push(format!(
                "left out: {} (images, scripts, style sheets and the like)",
                counted(assets, "file")
            ));
        }
        if !strangers.is_empty() {
            self.notes.push(format!("left out: calls without cookies to other sites: {}", listed(strangers)));
        }
        if repeated > 0 {
            self.notes.push(format!("left out: {} that repeated one before", counted(repeated, "request")));
        }
        if !self.cookies.before.is_empty() {
            self.notes.push(format!(
                "no answer in the recording sets {}: a first step does, with attributes that are guessed",
                listed(self.cookies.before.iter().map(|before| before.name.as_str()))
            ));
        }
    }
}

/// Whether a call has nothing to do with anybody's cookies: to another site, which neither gets nor sets any.
pub(super) fn is_a_strangers(exchange: &Exchange) -> bool {
    let is_cross_site =
        exchange.asker().is_some_and(|asker| relation::of(&asker, &exchange.url) == Relation::CrossSite);
    matches!(exchange.kind, Kind::Call | Kind::Beacon)
        && is_cross_site
        && exchange.set_cookie.is_empty()
        && exchange.sent().is_empty()
        && exchange.came == Came::Answered
        && exchange.answer("access-control-allow-credentials").is_none()
        && !matches!(exchange.status, 401 | 403)
}
