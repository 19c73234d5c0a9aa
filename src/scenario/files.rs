//! Finding scenario files and reading their text.
//!
//! What cannot be read is a message, never a panic and never a reason to stop: the other files are
//! still read.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};

/// The largest scenario that is read. Real ones are a few kilobytes; a larger file is something else.
pub const LARGEST: u64 = 1024 * 1024;

/// The most text that a scenario may become by what it includes and by its variables.
pub(super) const LARGEST_WHOLE: usize = 16 * 1024 * 1024;

/// What a scenario needs at least, for messages to people who have none.
pub(super) const SMALLEST: &str = "a scenario has a title, an origin and a step:\n    \
    title = \"The front page answers\"\n    \
    [origins.web]\n    \
    url = \"https://www.example.com\"\n    \
    [[step]]\n    \
    visit = \"web:/\"\n    \
    expect.status = 200";

/// The scenario files that paths mean, and how far they may reach.
#[derive(Debug)]
pub(super) struct Found {
    /// Every file, each once, or why there is none.
    pub(super) files: Vec<Result<PathBuf, Diagnostic>>,
    /// The folders, links resolved, in which and below which everything is that they may include.
    pub(super) roots: Vec<PathBuf>,
}

/// Every file that the paths mean.
pub(super) fn find(paths: &[PathBuf]) -> Found {
    let roots: Vec<PathBuf> =
        paths.iter().map(|path| root(if path.is_dir() { path } else { parent(path) })).collect();
    let (mut seen, mut files) = (BTreeSet::new(), Vec::new());
    // A shell's `*.toml` names parts too.
    let only_parts = !paths.is_empty() && paths.iter().all(|path| is_part(path));
    for path in paths {
        match fs::metadata(path) {
            Err(error) => files.push(Err(unreadable(path, &error))),
            Ok(metadata) if metadata.is_dir() => {
                let before = files.len();
                folder(path, &roots, &mut BTreeSet::new(), &mut files);
                if files.len() == before {
                    files.push(Err(no_scenarios(path)));
                }
            }
            Ok(metadata) if metadata.is_file() && is_part(path) => {
                if only_parts {
                    files.push(Err(no_scenario_itself(path)));
                }
            }
            Ok(_) => files.push(Ok(path.clone())),
        }
    }
    // Two paths to one file are one file; the first spelling stays.
    files.retain(|file| match file {
        Ok(path) => seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        Err(_) => true,
    });
    Found { files, roots }
}

/// The folder that a file is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How far the scenarios of a folder may reach: to the whole repository that it is in, or else to itself.
pub(super) fn root(folder: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    repository.map_or_else(|| folder.clone(), Path::to_owned)
}

/// The `*.toml` files of a folder and the folders in it, in the order of their names. What is hidden is
/// left out, and so are the parts that scenarios include.
fn folder(
    path: &Path,
    roots: &[PathBuf],
    visited: &mut BTreeSet<PathBuf>,
    found: &mut Vec<Result<PathBuf, Diagnostic>>,
) {
    // A link may lead back to a folder above.
    if !visited.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
        return;
    }
    let listed = fs::read_dir(path).and_then(|entries| {
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    });
    match listed {
        Err(error) => found.push(Err(unreadable(path, &error))),
        Ok(paths) => {
            for path in paths {
                let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if hidden {
                    continue;
                }
                let is_scenario =
                    path.extension().is_some_and(|extension| extension == "toml") && !is_part(&path);
                if !path.is_dir() && !is_scenario {
                    continue;
                }
                // A stranger's link may lead to a file of the user's, whose lines a message would quote.
                if fs::canonicalize(&path).is_ok_and(|real| !is_below(&real, roots)) {
                    found.push(Err(leads_out(&path)));
                } else if path.is_dir() {
                    folder(&path, roots, visited, found);
                } else {
                    found.push(Ok(path));
                }
            }
        }
    }
}

/// Whether a path, links resolved, is in one of these folders or below.
pub(super) fn is_below(real: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| real.starts_with(root))
}

/// Whether a file is a part that scenarios include, and no scenario: its name begins with `_`.
pub(super) fn is_part(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"_"))
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<Arc<Source>, Box<Diagnostic>> {
    let fail = |error: &io::Error| Box::new(unreadable(path, error));
    let metadata = fs::metadata(path).map_err(|error| fail(&error))?;
    if !metadata.is_file() {
        return Err(Box::new(not_regular(path, &metadata)));
    }
    if let Some(other) = other_format(path, "") {
        return Err(Box::new(other));
    }
    if metadata.len() > LARGEST {
        return Err(Box::new(too_large(path, Some(metadata.len()))));
    }
    let mut bytes = Vec::new();
    // The length of a file that grows, or of one the system makes up, is not what it says.
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| fail(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Box::new(too_large(path, None)));
    }
    text(path, bytes).map_err(Box::new)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<Arc<Source>, Diagnostic> {
    let name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let byte = bytes.get(offset).copied().unwrap_or_default();
        // Up to the first bad byte the text is the same, so its place is too.
        let shown = String::from_utf8_lossy(bytes).into_owned();
        let source = Arc::new(Source::new(name.clone(), shown));
        let help = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file looks like UTF-16: save it as UTF-8",
            _ => "save the file as UTF-8; other bytes can be written as escapes, such as `\\u00e9`",
        };
        let span = offset..offset + char::REPLACEMENT_CHARACTER.len_utf8();
        Diagnostic::error("the file is not UTF-8")
            .source(&source)
            .label(span, format!("byte 0x{byte:02x}, {offset} bytes into the file"))
            .help(help)
    })?;
    let source = Arc::new(Source::new(name, text));
    if source.text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Diagnostic::error(format!("{} is empty", source.path)).help(SMALLEST));
    }
    match other_format(path, &source.text) {
        Some(other) => Err(other),
        None => Ok(source),
    }
}

/// What a file is that is no TOML, by its name and how it begins. One message for all of it, and what to do with it.
fn other_format(path: &Path, text: &str) -> Option<Diagnostic> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    let is_answer = begin.starts_with("HTTP/") || begin.starts_with("* ") || begin.starts_with("< ");
    let near_the_top: String = begin.chars().take(4096).collect();
    let is_har = near_the_top.contains("\"log\"") && near_the_top.contains("\"creator\"");
    let answer = "the headers of one answer are explained without a scenario: \
                  `rehearsal explain --request URL --response FILE`";
    let (what, help) = match extension.as_str() {
        "har" => ("a HAR, a browser's recording", HAR),
        "json" | "jsonc" | "json5" => ("JSON", REWRITE),
        "yaml" | "yml" => ("YAML", REWRITE),
        _ if begin.starts_with('{') && is_har => ("a HAR, a browser's recording", HAR),
        // No TOML begins so.
        _ if begin.starts_with('{') => ("JSON", REWRITE),
        _ if begin.starts_with("---") => ("YAML", REWRITE),
        _ if is_answer => ("what curl prints of an answer", answer),
        _ if begin.starts_with('<') => ("HTML or XML", REWRITE),
        _ if begin.starts_with("curl ") || begin.starts_with("$ curl ") => ("a curl command", CURL),
        _ => return None,
    };
    let shown = path.display();
    Some(
        Diagnostic::error(format!("{shown} is {what}, and a scenario is a file in TOML"))
            .help(help.replace("FILE", &shown.to_string())),
    )
}

/// What to do with a recording.
const HAR: &str = "`rehearsal new FILE -o login.toml` makes a scenario of it, and `rehearsal explain FILE` says what becomes of \
                   each of its cookies";

/// What to do with a command, or with what it printed.
const CURL: &str = "`rehearsal new FILE -o login.toml` makes a scenario of it, and `rehearsal explain FILE` says what becomes of \
                    each of its cookies";

/// What to do with another format.
const REWRITE: &str = "`rehearsal new -o login.toml` writes a scenario to begin with";

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Diagnostic::error(format!("there is no file or folder {shown}"))
            .help("name a scenario file, or a folder with scenarios in it"),
        io::ErrorKind::PermissionDenied => Diagnostic::error(format!("{shown} may not be read: {error}"))
            .help("give yourself permission to read it"),
        _ => Diagnostic::error(format!("{shown} cannot be read: {error}")),
    }
}

fn leads_out(path: &Path) -> Diagnostic {
    let what = format!("{} is a link that leads out of the folders that were named", path.display());
    Diagnostic::error(what)
        .help("it is not followed: name the file itself on the command line if it is yours")
}

fn no_scenarios(path: &Path) -> Diagnostic {
    Diagnostic::error(format!("there is no scenario in {}", path.display()))
        .note("scenarios are the files `*.toml` in a folder and in the folders below it")
        .help(SMALLEST)
}

fn no_scenario_itself(path: &Path) -> Diagnostic {
    Diagnostic::error(format!("{} is a part that scenarios include, and no scenario itself", path.display()))
        .note("files whose names begin with `_` are never run by themselves")
        .help("name the scenarios that include it, or their folder")
}

fn not_regular(path: &Path, metadata: &Metadata) -> Diagnostic {
    let kind = if metadata.is_dir() { "a folder" } else { "a device, pipe or socket" };
    Diagnostic::error(format!("{} is {kind}, not a regular file", path.display()))
        .help("save the scenario in a file, and name that")
}

fn too_large(path: &Path, length: Option<u64>) -> Diagnostic {
    let length = length.map_or_else(String::new, |length| format!(" ({length} bytes)"));
    Diagnostic::error(format!("{} is too large to be a scenario{length}", path.display()))
        .note(format!("at most {LARGEST} bytes are read"))
        .help("is it the right file? Scenarios are a few kilobytes")
}
