//! `rehearsal explain`: its options, and the words they take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use url::Url;

use super::Format;
use crate::browser_name::BrowserName;
use crate::lookup;

/// `rehearsal explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A HAR, or a file with `curl` commands and what they print (`-` is stdin): each cookie and call of it is explained
    #[arg(
        value_name = "RECORDING",
        conflicts_with_all = [
            "page", "request", "method", "how", "credentials", "header", "set_cookie", "response", "preflight",
            "before", "framework", "then",
        ]
    )]
    pub recording: Option<PathBuf>,
    /// The page that makes the request; without it the URL is typed into the address bar
    #[arg(long, value_name = "URL", value_parser = address)]
    pub page: Option<Url>,
    /// What is requested
    #[arg(long, value_name = "URL", value_parser = address, required_unless_present = "recording")]
    pub request: Option<Url>,
    /// The method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    pub method: String,
    /// How the page makes the request
    #[arg(long = "as", value_name = "HOW", value_enum)]
    pub how: Option<HowArg>,
    /// The credentials mode of fetch(); `include` is XMLHttpRequest's withCredentials [default:
    /// same-origin]
    #[arg(long, value_name = "MODE", value_enum)]
    pub credentials: Option<CredentialsArg>,
    /// A header that the page sets, as `Name: value`
    #[arg(long, value_name = "HEADER", value_parser = header)]
    pub header: Vec<(String, String)>,
    /// A Set-Cookie line of the answer; may be given several times
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub set_cookie: Vec<String>,
    /// The answer's headers as `curl -i` prints them, from a file or from stdin (-); of several answers the
    /// first
    #[arg(long, value_name = "FILE")]
    pub response: Option<PathBuf>,
    /// The headers of the answer to the preflight, as `curl -i -X OPTIONS` prints them
    #[arg(long, value_name = "FILE")]
    pub preflight: Option<PathBuf>,
    /// A Set-Cookie line of an earlier answer from the same place: of the login before a logout. Without an answer that
    /// sets a cookie the question is whether this one goes along
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub before: Vec<String>,
    /// What sets the cookies, so that a fix names its settings: django, express-session, laravel, … [default: as the
    /// cookies' names tell]
    #[arg(long, value_name = "NAME", value_parser = library)]
    pub framework: Option<String>,
    /// What is requested next, instead of the same again
    #[arg(long, value_name = "URL", value_parser = address)]
    pub then: Option<Url>,
    /// The browsers, as ENGINE or ENGINE:POLICY [default: chromium, firefox and webkit as they ship, and
    /// chromium:block-third-party]
    ///
    /// Each is predicted by the rules, with `model:` before its name or without: `model` alone is
    /// `model:chromium`, and `model:firefox,model:webkit` are the others.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<BrowserName>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// It works today, and is fragile or untidy
    Low,
    /// It weakens a defence
    Medium,
    /// It does not work, or can be attacked
    High,
}

/// How a page makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HowArg {
    /// Its script calls fetch().
    Fetch,
    /// Its script uses XMLHttpRequest, as Axios does.
    Xhr,
    /// The tab leaves for it: a link, or a form that is submitted with POST.
    Navigation,
    /// An image on the page.
    Image,
    /// A frame on the page.
    Iframe,
}

/// The credentials mode of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialsArg {
    /// Never.
    Omit,
    /// To the page's own origin only.
    SameOrigin,
    /// Always.
    Include,
}

/// A library of the table.
fn library(text: &str) -> Result<String, String> {
    match lookup::by_key(text) {
        Some(library) => Ok(library.key.to_owned()),
        None => {
            let known: Vec<&str> = lookup::LIBRARIES.iter().map(|library| library.key).collect();
            Err(format!("its settings are not known here; known are {}", known.join(", ")))
        }
    }
}

/// A whole URL of a server.
fn address(text: &str) -> Result<Url, String> {
    if text.starts_with('/') && !text.starts_with("//") {
        return Err(format!("a whole URL is needed, such as `https://api.example.com{text}`"));
    }
    let url = Url::parse(text).map_err(|error| match text.contains("://") {
        true => error.to_string(),
        false => format!("not a whole URL; write `https://{}`", text.trim_start_matches('/')),
    })?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err("leave the user name and the password out".to_owned()),
        scheme => Err(match text.contains("://") {
            true => match of_no_web(scheme) {
                Some(what) => what.to_owned(),
                None => format!("`{scheme}:` is not http or https"),
            },
            false => format!("not a whole URL; write `https://{text}`"),
        }),
    }
}

/// What is to be known of pages that are not on the web: of apps, files and extensions.
fn of_no_web(scheme: &str) -> Option<&'static str> {
    Some(match scheme {
        // Capacitor, configuration: `server.androidScheme` and `server.iosScheme`.
        "capacitor" | "ionic" => {
            "a page of an app on iOS says `Origin: capacitor://localhost`, and is another site to every server; on Android \
             Capacitor serves it from https://localhost, which can be asked about: `https://localhost/`"
        }
        // HTML, section 7.5.1: a `file:` URL gives an opaque origin.
        "file" => {
            "a page of a file says `Origin: null`, and is another site to every server: serve it, and ask about that \
             address, such as `http://localhost:3000/`"
        }
        "chrome-extension" | "moz-extension" | "safari-web-extension" => {
            "what a page of an extension may do follows from its host permissions, not from CORS and SameSite alone: ask \
             about a page of the site, such as `https://www.example.com/`"
        }
        _ => return None,
    })
}

/// A header line.
fn header(text: &str) -> Result<(String, String), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match text.split_once(':') {
        Some((name, value)) if !name.is_empty() && name.bytes().all(token) => {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err("write `Name: value`".to_owned()),
    }
}
