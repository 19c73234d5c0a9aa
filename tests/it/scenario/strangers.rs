//! A scenario may be a stranger's: it reads no file of the user's, and takes no more memory than is fair.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const SECRET: &str = "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI";

fn checked(path: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("check")
        .arg(path)
        .output()
        .expect("rehearsal can be started");
    let words = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8_lossy(&words).into_owned())
}

fn scenario(include: &str) -> String {
    format!(
        "title = \"A stranger's\"\ninclude = \"{include}\"\norigins.web.url = \"https://www.example.com\"\n\
         [[step]]\nvisit = \"web:/\"\n"
    )
}

/// A folder `outside` with secrets, and in it one with scenarios.
fn tree() -> tempfile::TempDir {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let inside = outside.path().join("scenarios");
    fs::create_dir(&inside).expect("a folder");
    for path in [outside.path().join(".env"), outside.path().join("_outside.toml"), inside.join("notes.txt")]
    {
        fs::write(path, SECRET).expect("a file");
    }
    symlink("../.env", inside.join("_link.toml")).expect("a link");
    symlink("notes.txt", inside.join("_notes.toml")).expect("a link");
    symlink("../_outside.toml", inside.join("_up.toml")).expect("a link");
    outside
}

#[test]
fn an_include_reads_nothing_but_parts_of_worlds() {
    let outside = tree();
    let inside = outside.path().join("scenarios");
    let absolute = outside.path().join(".env").display().to_string();
    let tried = [
        ("../.env", "its name is not that of a part"),
        (absolute.as_str(), "it is named from the root of the disk"),
        ("/proc/self/environ", "it is named from the root of the disk"),
        ("notes.txt", "its name is not that of a part"),
        ("_link.toml", "it is not below"),
        ("_up.toml", "it is not below"),
        ("../_outside.toml", "it is not below"),
        ("_notes.toml", "it is a link to a file that is no part"),
    ];
    for (include, why) in tried {
        fs::write(inside.join("one.toml"), scenario(include)).expect("a scenario");
        for given in [inside.clone(), inside.join("one.toml")] {
            let (code, words) = checked(&given);
            assert_eq!(code, Some(2), "{include}: {words}");
            assert!(words.contains(why), "{include}: {words}");
            assert!(!words.contains("wJalrXUtnFEMI"), "{include}: {words}");
        }
    }
}

#[test]
fn a_part_above_is_included_where_the_user_gave_that_folder_or_its_repository() {
    let outside = tree();
    let part = "origins.api.url = \"https://api.example.com\"\n";
    fs::write(outside.path().join("_outside.toml"), part).expect("a part");
    let one = outside.path().join("scenarios/one.toml");
    fs::write(&one, scenario("../_outside.toml")).expect("a scenario");
    assert_eq!(checked(&one).0, Some(2), "it is not below the folder of the scenario");
    let (code, words) = checked(outside.path());
    assert_eq!(code, Some(0), "the folder that was given has both: {words}");
    fs::create_dir(outside.path().join(".git")).expect("a folder");
    let (code, words) = checked(&one);
    assert_eq!(code, Some(0), "both are in one repository: {words}");
}

#[test]
fn a_link_among_the_scenarios_is_not_followed_out_of_the_folder() {
    let outside = tree();
    let inside = outside.path().join("scenarios");
    fs::write(inside.join("one.toml"), scenario("").replace("include = \"\"\n", "")).expect("a scenario");
    assert_eq!(checked(&inside).0, Some(0));
    symlink("../.env", inside.join("two.toml")).expect("a link");
    let (code, words) = checked(&inside);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("is a link that leads out of"), "{words}");
    assert!(!words.contains("wJalrXUtnFEMI"), "{words}");
}

#[test]
fn what_variables_and_includes_become_is_bounded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("one.toml");
    let (long, many) = ("x".repeat(100_000), "{{a}}".repeat(100_000));
    let text = format!(
        "title = \"{many}\"\nvariables.a = \"{long}\"\norigins.web.url = \"https://www.example.com\"\n\
         [[step]]\nvisit = \"web:/\"\n"
    );
    fs::write(&path, text).expect("a scenario");
    let (code, words) = checked(&path);
    assert_eq!(code, Some(2));
    assert!(words.contains("with its variables the scenario is larger than 16777216 bytes"), "{words}");

    let part = format!("origins.api.url = \"https://api.example.com\"\n# {}\n", "x".repeat(1_000_000));
    let names: Vec<String> = (0..20).map(|number| format!("_{number}.toml")).collect();
    names.iter().for_each(|name| fs::write(folder.path().join(name), &part).expect("a part"));
    let list = |names: &[String]| scenario("").replace("\"\"", &format!("{names:?}"));
    fs::write(&path, list(&names)).expect("a scenario");
    let (code, words) = checked(&path);
    assert_eq!(code, Some(2));
    assert!(words.contains("the scenario would be larger than 16777216 bytes with it"), "{words}");

    fs::write(&path, list(&vec!["_0.toml".to_owned(); 1_000])).expect("a scenario");
    let (code, words) = checked(&path);
    assert_eq!(code, Some(2));
    assert!(words.contains("it is included already"), "{words}");
}

/// More names than one certificate can have.
#[test]
fn four_thousand_origins_are_a_world_like_any_other() {
    use std::fmt::Write;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("many.toml");
    let mut text = "title = \"Many origins\"\n".to_owned();
    for number in 0..4_000 {
        writeln!(text, "origins.o{number}.url = \"https://www.a-name-{number}.example-{number}.com\"")
            .expect("text");
    }
    for number in [0, 2_000, 3_999] {
        writeln!(text, "[[step]]\nvisit = \"o{number}:/\"\nexpect.status = 200").expect("text");
    }
    fs::write(&path, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "--browser", "model"])
        .arg(&path)
        .output()
        .expect("rehearsal can be started");
    let words = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&words));
}

#[test]
fn too_few_open_files_are_told_before_anything_fails() {
    let limited = |files: &str| {
        let line = format!("ulimit -n {files}; exec \"$0\" check tests/scenarios");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_rehearsal")]).output().expect("a shell can be started")
    };
    let output = limited("12");
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("only 12 files may be open at once here"), "{words}");
    assert_eq!(limited("64").status.code(), Some(0));
}
