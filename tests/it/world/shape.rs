//! Set-Cookie lines with what is random or a time made comparable; all else as it stands.
//!
//! - A date becomes its distance from the answer, in seconds (`<+60>`), a second more or less: a
//!   framework's clock may have ticked since. Dates a year and more before it, or thirty after, stay.
//! - A token becomes its header and claims, `exp` and `iat` as distances, its id as its length. The
//!   signature is checked apart.
//! - Other random values become their length and the characters they are made of: `<32 a-z0-9>`.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

/// The names of cookies with a random value.
const RANDOM: [&str; 16] = [
    "sessionid",
    "__Host-sessionid",
    "sid",
    "s",
    "csrftoken",
    "xsrf",
    "connect.sid",
    "access_token",
    "refresh_token",
    "session",
    "csrf",
    "__Host-session",
    "next-auth.csrf-token",
    "__Host-next-auth.csrf-token",
    "next-auth.session-token",
    "__Secure-next-auth.session-token",
];

/// A line given at a time.
pub(crate) fn of_line(line: &str, at: i64) -> String {
    let mut parts = line.split("; ");
    let pair = parts.next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = if RANDOM.contains(&name) { of_value(value, at) } else { value.to_owned() };
    let mut out = format!("{name}={value}");
    for part in parts {
        let date = part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("expires"));
        let part = match date.and_then(|(name, date)| Some((name, distance(date, at)?))) {
            Some((name, distance)) => format!("{name}={distance}"),
            None => part.to_owned(),
        };
        out.push_str("; ");
        out.push_str(&part);
    }
    out
}

fn distance(date: &str, at: i64) -> Option<String> {
    let seconds = rehearsal::rules::date::DateGrammar::Positional.parse(date.as_bytes())? - at;
    // Lifetimes in the cases are 0, 1, 2, or far from each other and even.
    let rounded = if seconds.abs() > 2 { (seconds + 1).div_euclid(4) * 4 } else { 0 };
    (-31_000_000..900_000_000).contains(&seconds).then(|| format!("<{rounded:+}>"))
}

fn of_value(value: &str, at: i64) -> String {
    if let Some(token) = of_token(value, at) {
        return token;
    }
    // `express-session`: an id of 32 characters and 32 signed bytes, whatever of them is escaped.
    if let Some((id, signature)) = value.strip_prefix("s%3A").and_then(|rest| rest.split_once('.')) {
        let escaped = signature.matches("%2").count() * 2;
        return format!("s:<{} characters>.<{} characters>", id.len(), signature.len() - escaped);
    }
    // NextAuth's token, encrypted, and its CSRF token with its hash.
    if value.starts_with("eyJhbGciOiJkaXIi") {
        return format!("<encrypted, {:?} characters>", value.split('.').map(str::len).collect::<Vec<_>>());
    }
    if let Some((token, hash)) = value.split_once("%7C") {
        return format!("<{} characters>|<{} characters>", token.len(), hash.len());
    }
    // Starlette's session: its data, a time and a signature.
    if let [data, time, signature] = value.split('.').collect::<Vec<_>>().as_slice() {
        let data = URL_SAFE.decode(data).map(|data| String::from_utf8_lossy(&data).into_owned());
        return format!("<{data:?}>.<{} characters>.<{} characters>", time.len(), signature.len());
    }
    // What is empty, or data that is no secret, stands for itself.
    if value.len() != 32 || !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return value.to_owned();
    }
    let upper = if value.bytes().any(|byte| byte.is_ascii_uppercase()) { "A-Z" } else { "" };
    format!("<{} a-z{upper}0-9>", value.len())
}

fn of_token(value: &str, at: i64) -> Option<String> {
    let parts: Vec<&str> = value.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return None };
    let json = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let (header, mut claims) = (json(header)?, json(claims)?);
    for name in ["exp", "iat"] {
        let seconds = claims[name].as_i64()? - at;
        claims[name] = format!("{:+}", (seconds + 1).div_euclid(4) * 4).into();
    }
    for name in ["jti", "id"] {
        if let Some(id) = claims[name].as_str() {
            claims[name] = format!("<{} characters>", id.len()).into();
        }
    }
    Some(format!("<token {header} {claims}, {} characters>", signature.len()))
}
