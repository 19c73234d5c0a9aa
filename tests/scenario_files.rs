//! From files to plans and messages, through the public interface.
//!
//! Each file of `tests/messages` has what is printed about it beside it. Look at the text as its
//! reader would: does it say what is wrong, what was meant, and what to do next?

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::diagnostic::{Diagnostic, Style};
use rehearsal::scenario::load;

#[test]
fn every_message_is_as_approved() {
    let mut files: Vec<PathBuf> = fs::read_dir("tests/messages")
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().expect("it is a file").to_string_lossy().into_owned();
        approve(&name, &told(&load(&[file]).diagnostics));
    }
}

fn told(diagnostics: &[Diagnostic]) -> String {
    let messages: Vec<String> = diagnostics.iter().map(|message| message.render(Style::Plain)).collect();
    messages.join("\n")
}

fn approve(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("messages");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("a temporary file can be written");
}
