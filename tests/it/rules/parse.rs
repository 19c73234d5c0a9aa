//! RFC 6265bis -22, section 5.6: reading a `Set-Cookie` line.

use rehearsal::rules::cookie::SameSite;
use rehearsal::rules::engine::Profile;
use rehearsal::rules::reason::Reason;
use rehearsal::rules::set_cookie::{Expiry, Ignored, SetCookie, Span};

const SPEC: Profile = Profile::SPECIFICATION;

fn parse(line: &str) -> SetCookie<'_> {
    SetCookie::parse(line.as_bytes(), &SPEC)
}

fn pair(line: &str) -> (String, String) {
    let cookie = parse(line);
    (cookie.name_text().into_owned(), cookie.value_text().into_owned())
}

fn lifetime(line: &str) -> Option<Expiry> {
    parse(line).lifetime.map(|(_, expiry)| expiry)
}

fn part(line: &str, span: Span) -> &str {
    &line[span.range()]
}

#[test]
fn section_5_6_step_1_control_characters_spoil_the_line() {
    for line in ["a\x01=b", "a=\x7fb", "a=b; Path=/\x02", "a=b; x\x1f"] {
        let cookie = parse(line);
        assert_eq!(cookie.faults.len(), 1, "{line:?}");
        assert_eq!(cookie.faults[0].reason, Reason::InvalidCharacter);
        assert!(part(line, cookie.faults[0].span).chars().all(char::is_control));
    }
    assert!(parse("a=b\tc").faults.is_empty(), "a tab is none of them");
}

#[test]
fn section_5_6_step_2_the_pair_ends_at_the_first_semicolon() {
    assert_eq!(pair("a=b;c=d"), ("a".into(), "b".into()));
    assert_eq!(pair("a=\"b;c\""), ("a".into(), "\"b".into()));
}

#[test]
fn section_5_6_step_3_name_and_value() {
    assert_eq!(pair("a"), (String::new(), "a".into()));
    assert_eq!(pair("=a"), (String::new(), "a".into()));
    assert_eq!(pair("a="), ("a".into(), String::new()));
    assert_eq!(pair("a=b=c"), ("a".into(), "b=c".into()));
}

#[test]
fn section_5_6_step_4_surrounding_space_goes() {
    assert_eq!(pair(" \ta b\t = \tc d \t;"), ("a b".into(), "c d".into()));
}

#[test]
fn section_5_6_step_5_name_and_value_have_4096_bytes_at_most() {
    let line = |length| format!("abc={}", "x".repeat(length));
    assert!(parse(&line(4093)).faults.is_empty());
    let long = line(4094);
    let cookie = parse(&long);
    assert_eq!(cookie.faults[0].reason, Reason::TooLarge);
    assert_eq!(cookie.faults[0].span, Span { start: 0, end: long.len() });
}

#[test]
fn section_5_6_step_6_spans_point_into_the_line() {
    let line = "  sid = 31d4 ; Domain = .Example.com ; SameSite=Lax; Secure";
    let cookie = parse(line);
    assert_eq!(part(line, cookie.name), "sid");
    assert_eq!(part(line, cookie.value), "31d4");
    assert_eq!(part(line, cookie.pair), "sid = 31d4");
    let domain = cookie.domain.expect("it has a Domain");
    assert_eq!(part(line, domain.span), "Domain = .Example.com");
    assert_eq!(part(line, domain.value), ".Example.com");
    assert_eq!(part(line, cookie.secure.expect("it is Secure").span), "Secure");
    assert_eq!(part(line, cookie.same_site.expect("it has a SameSite").0.span), "SameSite=Lax");
}

#[test]
fn section_5_6_attributes_steps_1_to_3_and_8_each_up_to_a_semicolon() {
    let cookie = parse("a=b;;; ;Secure;HttpOnly;");
    assert!(cookie.secure.is_some() && cookie.http_only.is_some());
    assert!(cookie.ignored.is_empty());
}

#[test]
fn section_5_6_attributes_step_4_names_and_values() {
    let line = "a=b; Path==/x=y; Secure=no";
    let cookie = parse(line);
    assert_eq!(part(line, cookie.path.expect("it has a Path").value), "=/x=y");
    assert!(cookie.secure.is_some(), "Secure has no value to look at");
}

#[test]
fn section_5_6_attributes_step_5_surrounding_space_goes() {
    let line = "a=b; \tPath\t = \t/x y\t ";
    assert_eq!(part(line, parse(line).path.expect("it has a Path").value), "/x y");
}

#[test]
fn section_5_6_attributes_step_6_values_over_1024_bytes_are_ignored() {
    let long = format!("a=b; Path=/; Path=/{}", "x".repeat(1024));
    let cookie = parse(&long);
    assert_eq!(part(&long, cookie.path.expect("the first one counts").value), "/");
    assert_eq!(cookie.ignored[0].1, Ignored::TooLong);
    let fits = format!("a=b; Path=/{}", "x".repeat(1023));
    assert_eq!(parse(&fits).path.expect("it has a Path").value.len(), 1024);
}

#[test]
fn section_5_6_attributes_step_7_unknown_and_repeated_ones() {
    let line = "a=b; Version=1; Path=/x; path=/y; Priority=High";
    let cookie = parse(line);
    assert_eq!(part(line, cookie.path.expect("it has a Path").value), "/y");
    let ignored: Vec<_> = cookie.ignored.iter().map(|&(span, why)| (part(line, span), why)).collect();
    assert_eq!(
        ignored,
        [
            ("Version=1", Ignored::Unknown),
            ("Path=/x", Ignored::Overridden),
            ("Priority=High", Ignored::Unknown)
        ]
    );
}

#[test]
fn section_5_6_1_expires_steps_1_and_2() {
    assert_eq!(lifetime("a=b; Expires=Thu, 01 Jan 1970 00:00:10 GMT"), Some(Expiry::At(10)));
    assert_eq!(lifetime("a=b; Expires=tomorrow"), None);
    assert_eq!(lifetime("a=b; Expires=1 Jan 1970 00:00:10; Expires=x"), Some(Expiry::At(10)));
}

#[test]
fn section_5_6_2_max_age_steps_1_to_4() {
    assert_eq!(lifetime("a=b; Max-Age=60"), Some(Expiry::In(60)));
    assert_eq!(lifetime("a=b; Max-Age=-60"), Some(Expiry::In(-60)));
    assert_eq!(lifetime("a=b; Max-Age=007"), Some(Expiry::In(7)));
    for value in ["", "-", "+5", "5.0", "5s", "--5", "0x10", "5 0"] {
        assert_eq!(lifetime(&format!("a=b; Max-Age={value}")), None, "{value}");
    }
    let huge = format!("a=b; Max-Age={}", "9".repeat(500));
    assert_eq!(lifetime(&huge), Some(Expiry::In(i64::MAX)));
    let deep = format!("a=b; Max-Age=-{}", "9".repeat(500));
    assert_eq!(lifetime(&deep), Some(Expiry::In(-i64::MAX)));
}

#[test]
fn section_5_7_step_6_max_age_wins_over_expires() {
    let line = "a=b; Max-Age=60; Expires=1 Jan 1970 00:00:10";
    assert_eq!(lifetime(line), Some(Expiry::In(60)));
    assert_eq!(parse(line).ignored[0].1, Ignored::Outranked);
    assert_eq!(lifetime("a=b; Max-Age=x; Expires=1 Jan 1970 00:00:10"), Some(Expiry::At(10)));
    assert_eq!(lifetime("a=b; Max-Age=60; Max-Age=x"), Some(Expiry::In(60)));
}

#[test]
fn section_5_6_7_same_site_steps_1_to_5() {
    let flag = |line| parse(line).same_site_flag();
    assert_eq!(flag("a=b; SameSite=none"), SameSite::None);
    assert_eq!(flag("a=b; samesite=STRICT"), SameSite::Strict);
    assert_eq!(flag("a=b; SameSite=Lax"), SameSite::Lax);
    for line in
        ["a=b", "a=b; SameSite", "a=b; SameSite=", "a=b; SameSite=Foo", "a=b; SameSite=Lax; SameSite=Foo"]
    {
        assert_eq!(flag(line), SameSite::Unset, "{line}");
    }
}
