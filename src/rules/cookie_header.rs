//! A request's Cookie header, read: what a server, a proxy or a page finds in it.

/// The name and value of each pair of a Cookie header. A pair without `=` is a value without a name
/// (RFC 6265bis -22, section 5.8.3, step 6). Bytes that are not UTF-8 are shown as U+FFFD.
pub fn cookie_pairs(header: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(header)
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (String::new(), pair.to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_without_a_name_is_a_value() {
        let pairs = cookie_pairs(b"a=1; b; c=x=y;");
        let expected =
            [("a", "1"), ("", "b"), ("c", "x=y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
    }
}
