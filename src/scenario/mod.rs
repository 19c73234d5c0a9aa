//! Scenario files: from what a person wrote in TOML to a [`Plan`].
//!
//! A file goes through three hands. `files` finds it and reads its text; `read` turns TOML into the
//! scenario as written, checking types, keys and words; `resolve` turns names into origins and URLs,
//! fills in defaults and checks what contradicts what. `checks` is what both of these check alike, and
//! [`actions`] the one table of what a step can do. Every mistake of every file is told in one go, each with
//! its place. Nothing here opens a socket or starts a browser.

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub mod actions;
mod checks;
mod files;
pub mod mapped;
mod mistakes;
mod read;
mod resolve;
mod schema;
mod written;

pub use files::LARGEST;
pub use schema::schema;

/// A scenario to begin with: a login, with a comment at each part.
pub const START: &str = include_str!("start.toml");

use crate::diagnostic::{Diagnostic, Source};
use crate::plan::Plan;
use mistakes::Mistakes;

/// What a set of paths holds.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// How many scenario files were found, right or wrong.
    pub files: usize,
    /// The scenarios without an error, in the order of the files.
    pub plans: Vec<Plan>,
    /// Every message about every file, in the order of the files and of the places in them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// How many of the messages are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    /// How many of the messages are warnings.
    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors()
    }
}

/// Reads scenario files, and the `*.toml` files of folders and of the folders in them.
///
/// Every file is tried, whatever the others hold. A file that two paths lead to is read once.
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    let found = files::find(paths);
    for file in found.files {
        let path = match file {
            Ok(path) => path,
            Err(diagnostic) => {
                loaded.diagnostics.push(diagnostic);
                continue;
            }
        };
        loaded.files += 1;
        match files::read(&path) {
            Ok(source) => {
                let (plan, diagnostics) = parse_within(source, &found.roots);
                loaded.plans.extend(plan);
                loaded.diagnostics.extend(diagnostics);
            }
            Err(diagnostic) => loaded.diagnostics.push(*diagnostic),
        }
    }
    loaded
}

/// Reads one scenario: its plan where it has no error, and every message about it, by place. What it includes
/// is in the folder that its source names, or below.
pub fn parse(source: Arc<Source>) -> (Option<Plan>, Vec<Diagnostic>) {
    let root = files::root(files::parent(Path::new(&source.path)));
    parse_within(source, &[root])
}

/// The same, including what is at or below these folders.
fn parse_within(source: Arc<Source>, roots: &[PathBuf]) -> (Option<Plan>, Vec<Diagnostic>) {
    let (source, unread) = read::expanded(Arc::unwrap_or_clone(source), roots);
    let mistakes = Mistakes::of(Arc::new(source));
    unread.into_iter().for_each(|diagnostic| mistakes.add(diagnostic));
    let plan = read::read(&mistakes).and_then(|written| resolve::resolve(written, &mistakes));
    (plan, mistakes.into_sorted())
}
