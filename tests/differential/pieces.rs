//! What generated pages do by themselves.
//!
//! Nothing here writes HTML: `page` does.

use super::generate::{HOPS, PATHS};
use super::lines;
use super::page::Piece;
use super::random::Random;

/// Pages that do something by themselves. One shows only those after it in its frames, so that none is endless.
pub const PAGES: [&str; 4] = ["/outer", "/middle", "/inner", "/leaf"];

/// What is on the page with this index.
pub fn page(random: &mut Random, index: usize, names: &[&str], host: &str, hosts: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if index + 1 < PAGES.len() {
        let next = if random.percent(70) { index + 1 } else { random.between(index + 1, PAGES.len() - 1) };
        let url = format!("{}:{}", random.pick(names), PAGES[next]);
        pieces.push(match random.percent(8) {
            true => Piece::Sandboxed(url, random.pick(&SANDBOXES)),
            false => Piece::Frame(url),
        });
    }
    for _ in 0..random.weighted(&[(6, 0), (5, 1), (2, 2), (1, 3)]) {
        pieces.push(piece(random, names, host, hosts));
    }
    if pieces.is_empty() {
        pieces.push(Piece::Image(format!("{}:/set", random.pick(names))));
    }
    pieces
}

/// What the sandbox of a page's frame allows.
const SANDBOXES: [&str; 5] = [
    "",
    "allow-scripts",
    "allow-scripts allow-same-origin",
    "allow-scripts allow-forms",
    "allow-same-origin",
];

/// A form, and a link beside it.
pub fn form(random: &mut Random, names: &[&str]) -> Piece {
    let path = random.pick(&["/set", "/set", "/more", "/go", "/api"]);
    Piece::Form(format!("{}:{path}", random.pick(names)), random.weighted(&[(1, "get"), (2, "post")]))
}

/// Something that a page does, but for showing one of [`PAGES`] in a frame.
pub fn piece(random: &mut Random, names: &[&str], host: &str, hosts: &[String]) -> Piece {
    let mut to = || {
        let path = if random.percent(15) { random.pick(&HOPS) } else { random.pick(&PATHS) };
        format!("{}:{path}", random.pick(names))
    };
    let (first, second) = (to(), to());
    let credentials = random.weighted(&[(4, "include"), (2, "same-origin"), (1, "omit")]);
    match random.below(130) {
        0..32 => Piece::Write(lines::line(random, host, hosts)),
        32..52 => Piece::Fetch(first, credentials),
        52..58 => Piece::Post(first, credentials),
        58..65 => Piece::Xhr(first, random.percent(65)),
        65..71 => Piece::FetchThen(first, second),
        71..77 => Piece::Source(first),
        77..84 => Piece::Idle,
        84..87 => Piece::Srcdoc(first),
        87..91 => Piece::Style(first),
        91..94 => Piece::Shared(first, random.percent(60)),
        94..97 => Piece::Module(first),
        97..100 => Piece::Beacon(first),
        100..103 => Piece::Events(first.replace("/set", "/events")),
        103..108 => Piece::WriteThen(lines::line(random, host, hosts), first),
        108..111 => Piece::Adds("img", first),
        111..114 => Piece::Loaded(first),
        _ => Piece::Image(first),
    }
}
