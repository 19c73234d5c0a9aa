//! Set-Cookie lines: those that servers send, those they send by mistake, and those nobody should.

use super::case::Line;
use super::random::Random;

/// A line that an origin with this host may answer with. `hosts` are those of the scenario.
pub fn line(random: &mut Random, host: &str, hosts: &[String]) -> Line {
    let pair = pair(random);
    let attributes = attributes(random, &pair, host, hosts);
    Line { pair, attributes }
}

/// What a script of such an origin may write: the same, and characters that no header can carry.
pub fn written(random: &mut Random, host: &str, hosts: &[String]) -> Line {
    let mut line = line(random, host, hosts);
    // Most lines that a script writes are not for servers alone.
    if random.percent(80) {
        line.attributes.retain(|attribute| !attribute.to_ascii_lowercase().starts_with("httponly"));
    }
    if random.percent(4) {
        let character = random.pick(&["\u{1}", "\u{0}", "\n", "\r", "\u{7f}", "\u{1f}", "\u{b}", "\u{85}"]);
        let part = match line.attributes.len() {
            0 => &mut line.pair,
            count if random.percent(50) => &mut line.attributes[count - 1],
            _ => &mut line.pair,
        };
        let at = (0..=part.len())
            .filter(|&at| part.is_char_boundary(at))
            .nth(random.below(part.chars().count() + 1));
        part.insert_str(at.expect("there are as many places as characters, and one more"), character);
    }
    line
}

/// A line that ends the life of a cookie of one of the usual names.
pub fn deletion(random: &mut Random, host: &str, hosts: &[String]) -> Line {
    let mut line = line(random, host, hosts);
    line.pair = format!("{}=", random.pick(&NAMES));
    line.attributes.push(random.pick(&["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]).to_owned());
    line
}

/// Few, so that lines meet.
const NAMES: [&str; 3] = ["a", "b", "session"];

fn pair(random: &mut Random) -> String {
    let value = random.pick(&["1", "2", "3", "x=y", "\"q\"", "a b", ""]);
    let value = if random.percent(80) { random.pick(&["1", "2", "3"]) } else { value };
    match random.below(100) {
        0..74 => format!("{}={value}", random.pick(&NAMES)),
        74..90 => format!("{}a={value}", random.pick(&PREFIXES)),
        90..91 => "x".repeat(4095) + "=" + random.pick(&["", "1", "12"]),
        91..92 => "a=".to_owned() + &"x".repeat(random.between(4094, 4097)),
        _ => random.pick(&STRANGE).to_owned(),
    }
}

const PREFIXES: [&str; 12] = [
    "__Host-",
    "__Secure-",
    "__Http-",
    "__Host-Http-",
    "__host-",
    "__SECURE-",
    "__HTTP-",
    "__host-http-",
    "__HoSt-",
    "__Host",
    "__Hosts-",
    " __Host-",
];

const STRANGE: [&str; 24] = [
    "",
    "=",
    "a",
    "=a",
    "==a",
    "=a=b",
    "=__Host-a",
    "=__Secure-a=1",
    "__Host-a",
    " a = 1 ",
    "\ta\t=\t1\t",
    "a\tb=1",
    "a=1\t2",
    "a b=1",
    "A=1",
    "ä=1",
    "a=ü",
    "a=日本",
    "a,b=1,2",
    "a=\"1; b=2\"",
    "a=1=2",
    "a=%3D%00",
    "a={\"x\":1}",
    ", a=1",
];

fn attributes(random: &mut Random, pair: &str, host: &str, hosts: &[String]) -> Vec<String> {
    let mut list = Vec::new();
    let prefixed = pair.trim().starts_with("__");
    if random.percent(35) {
        list.push(format!("{}={}", word(random, "Domain"), domain(random, host, hosts)));
    }
    if random.percent(if prefixed { 75 } else { 50 }) {
        list.push(format!("{}={}", word(random, "Path"), path(random)));
    }
    if random.percent(65) {
        let value = match random.below(100) {
            0..45 => "None",
            45..65 => "Lax",
            65..85 => "Strict",
            _ => random.pick(&["none", "LAX", "sTRICT", "Lux", "", "Lax ", "\"Lax\"", "None None"]),
        };
        list.push(format!("{}={value}", word(random, "SameSite")));
    }
    if random.percent(60) {
        list.push(word(random, "Secure") + random.weighted(&[(40, ""), (1, "="), (1, "=false")]));
    }
    if random.percent(20) {
        list.push(word(random, "HttpOnly") + random.weighted(&[(40, ""), (1, "=0")]));
    }
    if random.percent(15) {
        list.push(word(random, "Partitioned") + random.weighted(&[(40, ""), (1, "=1")]));
    }
    if random.percent(25) {
        list.push(lifetime(random));
    }
    if random.percent(12) {
        list.push(again(random, host, hosts));
    }
    shuffle(random, &mut list);
    list
}

/// A second attribute of a kind that may be there already, or one that nobody knows.
fn again(random: &mut Random, host: &str, hosts: &[String]) -> String {
    match random.below(8) {
        0 => format!("Domain={}", domain(random, host, hosts)),
        1 => format!("Path={}", path(random)),
        2 | 3 => format!("SameSite={}", random.pick(&["None", "Lax", "Strict", "Lux", ""])),
        4 | 5 => lifetime(random),
        _ => random
            .pick(&[
                "",
                "Priority=High",
                "SameParty",
                "Version=1",
                "Comment=\"a; b\"",
                "Domain",
                "Path",
                "SameSite",
                "Max-Age",
                "Expires",
                "Secure-",
                "Path=/\t",
                "X=\ty",
                "X=a\tb",
                "SameSite: None",
                "Same-Site=None",
                "Http-Only",
                "Max-Age: 60",
                "Path: /",
                "Expires=0",
                "Secure=true; Secure",
                "Max-Age=60, b=2",
            ])
            .to_owned(),
    }
}

/// The attribute's name in one of the ways it is written.
fn word(random: &mut Random, name: &str) -> String {
    match random.below(20) {
        0 => name.to_ascii_lowercase(),
        1 => name.to_ascii_uppercase(),
        2 => format!(" {name} "),
        _ => name.to_owned(),
    }
}

fn domain(random: &mut Random, host: &str, hosts: &[String]) -> String {
    let parent = |host: &str| host.split_once('.').map_or(host, |(_, parent)| parent).to_owned();
    let name = match random.below(100) {
        0..35 => host.to_owned(),
        35..65 => parent(host),
        65..72 => parent(&parent(host)),
        72..78 => format!("api.{host}"),
        78..88 => hosts[random.below(hosts.len())].clone(),
        _ => return random.pick(&UNUSUAL_DOMAINS).to_owned(),
    };
    match random.below(100) {
        0..60 => name,
        60..88 => format!(".{name}"),
        88..92 => name.to_ascii_uppercase(),
        92..94 => format!("{name}."),
        94..96 => format!("..{name}"),
        96..98 => format!(" {name} "),
        _ => format!("\"{name}\""),
    }
}

const UNUSUAL_DOMAINS: [&str; 20] = [
    "undefined",
    "null",
    "*.example.com",
    "%65xample.com",
    "",
    ".",
    "..",
    "com",
    ".com",
    "localhost",
    ".localhost",
    "vercel.app",
    "github.io",
    "co.uk",
    "127.0.0.1",
    "[::1]",
    "bücher.example",
    "exam ple.com",
    "https://example.com",
    "example.com:443",
];

fn path(random: &mut Random) -> String {
    match random.below(100) {
        0..45 => "/".to_owned(),
        45..94 => random
            .pick(&[
                "/api",
                "/api/",
                "/api/v1",
                "/api/v1/me",
                "/API",
                "/ap",
                "/%61pi",
                "api",
                "",
                "\"/\"",
                "/a b",
                "//",
                "/api?q",
                "/./api",
                "/ä",
            ])
            .to_owned(),
        94..97 => format!("/{}", "x".repeat(random.between(1022, 1025))),
        _ => "/".repeat(random.between(1023, 1026)),
    }
}

fn lifetime(random: &mut Random) -> String {
    if random.percent(50) {
        let value = random.pick(&[
            "3600",
            "3600",
            "86400",
            "0",
            "-1",
            "1000000000",
            "99999999999999999999",
            "-99999999999999999999",
            "+60",
            "1.5",
            "60s",
            "\"60\"",
            "",
            "abc",
            "0x10",
            "--1",
            "00",
        ]);
        return format!("{}={value}", word(random, "Max-Age"));
    }
    let value = random.pick(&[
        "Wed, 01 Jan 2098 00:00:00 GMT",
        "Wed, 01 Jan 2098 00:00:00 GMT",
        "Wednesday, 01-Jan-98 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01-Jan-1970 00:00:01 GMT",
        "Fri, 01 Jan 1971 00:00:00 GMT",
        "Thu Jan 02 2098 17:40:00 GMT-0500 (Eastern Standard Time)",
        "Thu, 02 Jan 2098 00:00:00 -0500",
        "Thursday, 2 January 2098 00:00:00 UTC",
        "Thu,02-Jan-2098 00:00:00 GMT",
        "2 Jan 2098 12:00 PM",
        "Thu, 02 Jan 2098 00:00:00.000 GMT",
        "Wed Jan  1 00:00:00 2098",
        "2098-01-01T00:00:00Z",
        "01 Jan 2098",
        "1 Jan 2098 1:2:3",
        "Jan 2098 01 00:00:00",
        "Wed, 01 Jan 1600 00:00:00 GMT",
        "Wed, 01 Jan 1601 00:00:00 GMT",
        "Wed, 32 Jan 2098 00:00:00 GMT",
        "Wed, 31 Feb 2098 00:00:00 GMT",
        "Wed, 01 Jan 2098 24:00:00 GMT",
        "Wed, 01 Jan 2098 00:00:60 GMT",
        "Wed, 01 Jan 12098 00:00:00 GMT",
        "Wed, 01 Jan 70 00:00:00 GMT",
        "Wed, 01 Jan 69 00:00:00 GMT",
        "Wed, 01 Janx 2098 00:00:00",
        "\"Wed, 01 Jan 2098 00:00:00 GMT\"",
        "0",
        "-1",
        "session",
        "",
        "{now+15m}",
        "{now+1d}",
        "{now-1d}",
        "undefined",
        "1893456000",
        "Wed, 01-Jan-2098 00:00:00",
        "Wed, 1 Jan 98 0:0:0 GMT",
        "01-01-2098 00:00:00",
        "01/Jan/2098:00:00:00 +0000",
        "mercredi 1 janvier 2098",
        "Tue, 19 Jan 2038 03:14:08 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Wed 01 Jan 2098 00:00",
        "00:00:00 Jan 1 2098",
        "Wed, 01 Jan 2098 00:00:00 PST",
        "Wed, 01 Jan 2098 25:00:00 GMT",
        "Wed, 0 Jan 2098 00:00:00 GMT",
        "Wed, 01 Jan 098 00:00:00 GMT",
        "Wed, 01 Jan 2098 00:00:00 GMT+0200",
        "Wed, 01 January 2098 00:00:00 GMT",
        "2098-Jan-01 00:00:00",
        "Wed,%2001%20Jan%202098%2000:00:00%20GMT",
    ]);
    format!("{}={value}", word(random, "Expires"))
}

fn shuffle<T>(random: &mut Random, list: &mut [T]) {
    for last in (1..list.len()).rev() {
        list.swap(last, random.below(last + 1));
    }
}
