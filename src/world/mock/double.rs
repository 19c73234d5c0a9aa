//! The header that a route asks for, as servers do against forged requests.
//!
//! A form of another site sends cookies along and can set no header; and a script of another site can read neither the
//! cookie nor the page. A server that wants a header with the value of a cookie so knows that its own page asks (OWASP,
//! cross-site request forgery prevention, double submit). Nothing here signs or draws a token.

use hyper::header::CONTENT_TYPE;

use super::{Sent, value_of};
use crate::plan::placeholder::decoded;
use crate::plan::{RequiredHeader, WantedValue};

/// The content type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a request has what is asked for, or why not: a sentence for people.
pub(super) fn check(required: &RequiredHeader, sent: Sent<'_>) -> Result<(), String> {
    let header =
        sent.headers.get(&required.name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let came = header.or_else(|| field(required.field.as_deref()?, sent));
    let what = match &required.field {
        Some(field) => format!("the header `{}`, or the field `{field}` of a form,", required.name),
        None => format!("the header `{}`", required.name),
    };
    let Some(came) = came else { return Err(format!("{what} did not come with the request")) };
    match &required.value {
        WantedValue::Any => Ok(()),
        WantedValue::Text(text) if came == *text => Ok(()),
        WantedValue::Text(text) => Err(format!("{what} is `{came}`, and `{text}` is asked for")),
        WantedValue::Cookie(name) => match value_of(sent.cookie, name) {
            None => Err(format!("{what} came, and the cookie `{name}` did not")),
            Some(value) if came == value || came == decoded(&value) => Ok(()),
            Some(value) => Err(format!("{what} is `{came}`, and the cookie `{name}` is `{value}`")),
        },
    }
}

/// A field of the form that was sent.
fn field(name: &str, sent: Sent<'_>) -> Option<String> {
    let kind = sent.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if !kind.to_ascii_lowercase().starts_with(FORM) {
        return None;
    }
    let mut fields = url::form_urlencoded::parse(sent.body);
    fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderMap, HeaderValue};
    use time::OffsetDateTime;

    #[test]
    fn a_header_has_the_value_of_the_cookie_or_a_field_of_a_form_does() {
        let mut required = RequiredHeader {
            name: "x-xsrf-token".to_owned(),
            field: Some("_token".to_owned()),
            value: WantedValue::Cookie("XSRF-TOKEN".to_owned()),
            otherwise: None,
        };
        let asked = |cookie: Option<&str>, header: Option<&'static str>, body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
            if let Some(value) = header {
                headers.insert("x-xsrf-token", HeaderValue::from_static(value));
            }
            let (cookie, body) = (cookie.map(str::as_bytes), body.as_bytes());
            let at = OffsetDateTime::UNIX_EPOCH;
            check(&required, Sent { cookie, headers: &headers, body, at })
        };
        let cookie = Some("a=1; XSRF-TOKEN=ey%3D");
        assert_eq!(asked(cookie, Some("ey%3D"), ""), Ok(()));
        assert_eq!(asked(cookie, Some("ey="), ""), Ok(()));
        assert_eq!(asked(cookie, None, "x=1&_token=ey%3D"), Ok(()));
        assert!(asked(cookie, None, "x=1").expect_err("nothing came").contains("did not come"));
        assert!(asked(cookie, Some("b"), "").expect_err("another").contains("is `b`, and the cookie"));
        assert!(asked(None, Some("ey="), "").expect_err("no cookie").contains("`XSRF-TOKEN` did not"));
        required.value = WantedValue::Any;
        let headers = HeaderMap::new();
        let sent = Sent { cookie: None, headers: &headers, body: b"", at: OffsetDateTime::UNIX_EPOCH };
        assert!(check(&required, sent).is_err());
    }
}
