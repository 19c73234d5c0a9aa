//! What a reason means here: which condition, how many bytes, what path, which origin. A fragment, or nothing where the
//! reason says it all.

use url::Url;

use super::cause::{Cause, Trouble};
use crate::near;
use crate::plan::{Plan, Service};
use crate::rules::date::imf_fixdate;
use crate::rules::engine::Profile;
use crate::rules::line::Line;
use crate::rules::path::default_path;
use crate::rules::prefix::Prefix;
use crate::rules::reason::{Question, Reason};
use crate::rules::set_cookie::SetCookie;
use crate::slips::date::{self, Written};
use crate::world::wire;

/// What one of a cause's reasons means here.
pub(super) fn of(cause: &Cause, reason: Reason, plan: &Plan) -> Option<String> {
    if cause.trouble.question() == Question::Readable {
        return of_answer(cause.exchange.as_ref()?, reason, plan);
    }
    let bytes = cause.line.as_deref()?;
    let text = String::from_utf8_lossy(bytes).into_owned();
    let line = SetCookie::parse(bytes, &Profile::SPECIFICATION);
    let from = cause.exchange.as_ref().map(|exchange| &exchange.url);
    let target = plan.steps.get(cause.step).and_then(|step| step.action.target()).map(|(_, url)| url);
    let to = cause.asker.as_ref().map(|asker| &asker.url).or(target);
    let is_stored = cause.trouble == Trouble::Withheld;
    match reason {
        Reason::InvalidPrefix => prefix(&line, from),
        Reason::TooLarge => too_large(&line, cause),
        Reason::PathMismatch => path(&line, from?, to?),
        Reason::HostOnly => {
            Some(format!("`{}` set it, and `{}` is asked", from?.host_str()?, to?.host_str()?))
        }
        Reason::DomainMismatch if !is_stored => domain(&text, from?),
        Reason::DomainMismatch => other_domain(&line, from?, to?),
        Reason::PublicSuffix => {
            let domain = Line(&text).attribute("Domain")?.trim_start_matches('.');
            let like = if domain.eq_ignore_ascii_case("co.uk") { "github.io" } else { "co.uk" };
            Some(format!("under `{domain}` strangers have names, as under `{like}`"))
        }
        Reason::SecureRequired => {
            let url = if is_stored { to? } else { from? };
            let secure = plan.origins.iter().find(|origin| {
                origin.url.scheme() == "https" && origin.url.host_str() == url.host_str() && !is_stored
            });
            let instead = secure.map_or_else(String::new, |secure| {
                format!(
                    "; `{}` is there too: ask that one to begin with",
                    secure.url.origin().ascii_serialization()
                )
            });
            (url.scheme() == "http")
                .then(|| format!("it goes over plain http: {}{instead}", url.origin().ascii_serialization()))
        }
        Reason::Expired => expired(&text, cause.exchange.as_ref()),
        _ => None,
    }
}

/// Each condition of a prefix that is not met.
fn prefix(line: &SetCookie<'_>, from: Option<&Url>) -> Option<String> {
    let name = line.name_text();
    let prefix = Prefix::of(name.as_bytes())?;
    let mut unmet = Vec::new();
    if line.secure.is_none() {
        unmet.push("`Secure`, which the line does not have".to_owned());
    }
    if from.is_some_and(|url| url.scheme() == "http") {
        unmet.push("https, and the answer came over http".to_owned());
    }
    if prefix.host {
        if let Some(domain) = line.domain.filter(|domain| !domain.value.is_empty()) {
            let value = String::from_utf8_lossy(line.bytes(domain.value));
            unmet.push(format!("no `Domain`, and the line has `Domain={value}`"));
        }
        match line.path {
            None => unmet.push("`Path=/`, which the line does not have".to_owned()),
            Some(path) if line.bytes(path.value) != b"/" => {
                let value = String::from_utf8_lossy(line.bytes(path.value));
                unmet.push(format!("`Path=/`, and the line has `Path={value}`"));
            }
            Some(_) => {}
        }
    }
    if prefix.http_only && line.http_only.is_none() {
        unmet.push("`HttpOnly`, which the line does not have".to_owned());
    }
    (!unmet.is_empty()).then(|| format!("`{}` asks for {}", prefix.text, unmet.join("; for ")))
}

fn too_large(line: &SetCookie<'_>, cause: &Cause) -> Option<String> {
    let bytes = line.name.len() + line.value.len();
    let limits = cause.by.iter().map(|(browser, _)| browser.profile().limits.max_name_value);
    let limit = limits.filter(|limit| bytes > *limit).min()?;
    Some(format!(
        "they are {} bytes, {} more than the {} that are kept",
        grouped(bytes),
        grouped(bytes - limit),
        grouped(limit)
    ))
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn path(line: &SetCookie<'_>, from: &Url, to: &Url) -> Option<String> {
    let written = line.path.map(|path| String::from_utf8_lossy(line.bytes(path.value)).into_owned());
    let asked = to.path();
    Some(match written {
        Some(path) if path.starts_with('/') => format!("its path is `{path}`, and `{asked}` is asked"),
        odd => {
            let default = default_path(from.path().as_bytes());
            let why = match odd {
                None => "the line gives no `Path`".to_owned(),
                Some(odd) => format!("`Path={odd}` does not begin with `/`"),
            };
            format!(
                "{why}, so it got `{}`, the folder of `{}` that set it, and `{asked}` is asked",
                String::from_utf8_lossy(default),
                from.path()
            )
        }
    })
}

/// A cookie that is stored, and of another host than the one that is asked.
fn other_domain(line: &SetCookie<'_>, from: &Url, to: &Url) -> Option<String> {
    let (host, asked) = (from.host_str()?, to.host_str()?);
    let domain = line.domain.map(|domain| String::from_utf8_lossy(line.bytes(domain.value)).into_owned());
    Some(match domain.filter(|domain| !domain.trim_start_matches('.').is_empty()) {
        Some(domain) => {
            format!("it is of `{}` and what is below, and `{asked}` is asked", domain.trim_start_matches('.'))
        }
        None => format!("the line has no `Domain`, so it is of `{host}` alone, and `{asked}` is asked"),
    })
}

fn domain(text: &str, from: &Url) -> Option<String> {
    let domain = Line(text).attribute("Domain")?;
    let bare = domain.trim_start_matches('.');
    let host = from.host_str()?;
    Some(match bare {
        _ if bare.contains([':', '/', '*']) => {
            format!("`{domain}` is no name of a host; the host is `{host}`")
        }
        _ if !bare.contains('.') => {
            format!(
                "`{domain}` has one label, and is another host than `{host}`: leave it to the laptop's settings"
            )
        }
        _ if bare.ends_with(&format!(".{host}")) => {
            format!("a host can name itself and what is above it, and `{domain}` is below `{host}`")
        }
        _ => format!("`{host}` answers, and is neither `{bare}` nor below it"),
    })
}

/// What a date was meant to be, and what browsers make of it.
fn expired(text: &str, exchange: Option<&wire::Exchange>) -> Option<String> {
    let value = Line(text).attribute("Expires").filter(|_| Line(text).attribute("Max-Age").is_none())?;
    let meant = date::meant(value)?;
    let when = exchange.and_then(|exchange| exchange.response_header("date")).map(String::from_utf8_lossy);
    let answered = when.map(|date| format!("; the answer is of {date}")).unwrap_or_default();
    let Written::Zoned(zone) = meant.written else {
        return Some(format!("`Expires={value}` is past{answered}"));
    };
    let (otherwise, _) = date::misread(value);
    let who = match otherwise.len() {
        0 | 3 => "browsers ignore".to_owned(),
        1 => format!("{} ignores", otherwise[0]),
        _ => format!("{} ignore", otherwise.join(" and ")),
    };
    let meant =
        meant.moment.map(|moment| format!(", while {} was meant", imf_fixdate(moment))).unwrap_or_default();
    Some(format!("{who} `{zone}`: the time is taken for GMT{meant}{answered}"))
}

fn of_answer(exchange: &wire::Exchange, reason: Reason, plan: &Plan) -> Option<String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).replace(char::is_control, "\u{fffd}");
    let asked = |name: &str| exchange.request_header(name).map(text);
    let said = |name: &str| exchange.response_header(name).map(text);
    match reason {
        Reason::CorsNoAllowOrigin | Reason::CorsOriginMismatch => near_miss(exchange, plan),
        Reason::CorsPreflightHeader => {
            let items = |list: Option<String>| -> Vec<String> {
                list.unwrap_or_default().split(',').map(|item| item.trim().to_ascii_lowercase()).collect()
            };
            let allowed = items(said("access-control-allow-headers"));
            let lacks = |header: &String| !header.is_empty() && !allowed.contains(header);
            let lacking: Vec<String> =
                items(asked("access-control-request-headers")).into_iter().filter(lacks).collect();
            (!lacking.is_empty()).then(|| format!("not named: `{}`", lacking.join("`, `")))
        }
        Reason::CorsPreflightMethod => {
            let method = asked("access-control-request-method")?;
            let allowed = said("access-control-allow-methods").filter(|allowed| !allowed.is_empty());
            Some(format!(
                "`{method}` is asked for, and {} allowed",
                allowed.unwrap_or_else(|| "none is".to_owned())
            ))
        }
        Reason::CorsPreflightStatus => {
            match said("location").filter(|_| (300..400).contains(&exchange.status)) {
                Some(to) => Some(format!("it was answered {}, a redirect to {to}", exchange.status)),
                None => Some(format!("it was answered {}", exchange.status)),
            }
        }
        _ => None,
    }
}

/// An origin that the server allows and that is nearly the one that asks.
fn near_miss(exchange: &wire::Exchange, plan: &Plan) -> Option<String> {
    let asks = String::from_utf8_lossy(exchange.request_header("origin")?).into_owned();
    let origin = plan.origins.get(exchange.behind().origin)?;
    let by_settings = match &origin.service {
        Service::BackEnd(back_end) => back_end.framework.allowed_origins().map(|allowed| allowed.origins),
        _ => None,
    };
    let header = exchange.response_header("access-control-allow-origin");
    let header = header.map(|value| String::from_utf8_lossy(value).into_owned());
    let listed =
        origin.cors.as_ref().map(|cors| cors.allow_origins.clone()).or(by_settings).unwrap_or_default();
    let mut allowed = listed.iter().chain(&header);
    allowed.find_map(|allowed| {
        let how = near::origin::difference(allowed, &asks)?;
        let allowed = allowed.replace(char::is_control, "\u{fffd}");
        Some(format!("`{allowed}` is allowed, and `{asks}` asks: {how}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_of_a_prefix_that_is_not_met_is_named() {
        let told = |line: &str, url: &str| {
            let url = Url::parse(url).expect("a URL");
            prefix(&SetCookie::parse(line.as_bytes(), &Profile::SPECIFICATION), Some(&url))
                .unwrap_or_default()
        };
        let https = "https://a.example/api";
        assert_eq!(told("__Host-a=1; Secure; Path=/", https), "");
        let all = told("__Host-a=1; Domain=a.example; Path=/api", https);
        for part in [
            "`Secure`, which",
            "no `Domain`, and the line has `Domain=a.example`",
            "the line has `Path=/api`",
        ] {
            assert!(all.contains(part), "{all}");
        }
        assert_eq!(
            told("__Host-a=1; Secure", https),
            "`__Host-` asks for `Path=/`, which the line does not have"
        );
        assert_eq!(
            told("__Secure-a=1; Secure", "http://a.example/"),
            "`__Secure-` asks for https, and the answer came over http"
        );
        assert!(told("__Http-a=1; Secure", https).contains("`HttpOnly`, which"));
    }

    #[test]
    fn numbers_are_read_by_thousands() {
        assert_eq!([grouped(7), grouped(4096), grouped(1_234_567)], ["7", "4,096", "1,234,567"]);
    }
}
