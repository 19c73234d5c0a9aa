//! Cookie paths: the default path and path matching.
//!
//! Paths are bytes, compared as they stand: nothing here decodes or resolves them, except where a
//! profile says that the request's path is normalized first.

use std::borrow::Cow;

/// The default-path of a cookie set by a response from this URL path, by RFC 6265bis -22,
/// section 5.1.4.
pub fn default_path(request_path: &[u8]) -> &[u8] {
    // 5.1.4, step 1: the path arrives without the query.
    // 5.1.4, step 2.
    if request_path.first() != Some(&b'/') {
        return b"/";
    }
    // 5.1.4, steps 3 and 4.
    match request_path.iter().rposition(|&byte| byte == b'/') {
        Some(0) | None => b"/",
        Some(last) => &request_path[..last],
    }
}

/// Whether a request path path-matches a cookie path, by RFC 6265bis -22, section 5.1.4.
pub fn path_match(request_path: &[u8], cookie_path: &[u8]) -> bool {
    let Some(rest) = request_path.strip_prefix(cookie_path) else {
        return false;
    };
    // 5.1.4, the three bullets in order.
    rest.is_empty() || cookie_path.ends_with(b"/") || rest.starts_with(b"/")
}

/// The path with percent-escapes of unreserved characters decoded and the hex digits of all others
/// in upper case: RFC 3986, sections 6.2.2.1 and 6.2.2.2.
pub fn normalize_escapes(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.first_chunk::<2>().and_then(|[high, low]| Some((hex(*high)? << 4) | hex(*low)?));
        match escaped.filter(|_| byte == b'%') {
            Some(value) if value.is_ascii_alphanumeric() || b"-._~".contains(&value) => {
                out.push(value);
                rest = &tail[2..];
            }
            Some(_) => {
                out.push(byte);
                out.extend(tail[..2].iter().map(u8::to_ascii_uppercase));
                rest = &tail[2..];
            }
            None => out.push(byte),
        }
    }
    Cow::Owned(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_5_1_4_default_path_step_2_no_path() {
        assert_eq!(default_path(b""), b"/");
        assert_eq!(default_path(b"x/y"), b"/");
    }

    #[test]
    fn section_5_1_4_default_path_step_3_one_slash() {
        assert_eq!(default_path(b"/"), b"/");
        assert_eq!(default_path(b"/login"), b"/");
    }

    #[test]
    fn section_5_1_4_default_path_step_4_up_to_the_last_slash() {
        assert_eq!(default_path(b"/api/v1/login"), b"/api/v1");
        assert_eq!(default_path(b"/api/v1/login/"), b"/api/v1/login");
    }

    #[test]
    fn section_5_1_4_path_match() {
        assert!(path_match(b"/app", b"/app"));
        assert!(path_match(b"/app/x", b"/app/"));
        assert!(path_match(b"/app/x", b"/app"));
        assert!(!path_match(b"/application", b"/app"));
        assert!(!path_match(b"/app", b"/app/"));
        assert!(!path_match(b"/App", b"/app"));
        assert!(path_match(b"/", b"/"));
    }

    #[test]
    fn escapes_of_unreserved_characters_are_decoded_and_others_upper_cased() {
        assert_eq!(&*normalize_escapes(b"/f%6Fo/%2fx%7e%"), b"/foo/%2Fx~%");
        assert_eq!(&*normalize_escapes(b"/%zz%4"), b"/%zz%4");
        assert!(matches!(normalize_escapes(b"/plain"), Cow::Borrowed(_)));
    }
}
