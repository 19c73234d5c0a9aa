//! The schema of scenario files is what the reader takes: every scenario of this project validates, and what is misspelt does
//! not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::rehearsal;
use crate::reports::validate;

fn schema() -> Value {
    let output = rehearsal().arg("schema").output().expect("rehearsal can be started");
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        match path.extension() {
            _ if path.is_dir() => files(&path, found),
            Some(extension) if extension == "toml" => found.push(path),
            _ => {}
        }
    }
}

/// The keys of a table are those that the reader names where one is unknown.
#[test]
fn the_keys_are_those_of_the_reader() {
    let schema = schema();
    let keys = |pointer: &str| -> BTreeSet<String> {
        let properties = schema.pointer(pointer).and_then(Value::as_object);
        properties.unwrap_or_else(|| panic!("{pointer} is in the schema")).keys().cloned().collect()
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (pointer, line) in [
        ("/properties", "zzzz = 1\n"),
        ("/definitions/origin/properties", "[origins.a]\nzzzz = 1\n"),
        ("/definitions/cors/properties", "[origins.a.cors]\nzzzz = 1\n"),
        ("/definitions/route/properties", "[[origins.a.routes]]\nzzzz = 1\n"),
        (
            "/definitions/route/properties/sign_jwt/properties",
            "[[origins.a.routes]]\nsign_jwt = { zzzz = 1 }\n",
        ),
        (
            "/definitions/route/properties/require_jwt/properties",
            "[[origins.a.routes]]\nrequire_jwt = { zzzz = 1 }\n",
        ),
        (
            "/definitions/route/properties/require_cookie/anyOf/1/properties",
            "[[origins.a.routes]]\nrequire_cookie = { zzzz = 1 }\n",
        ),
        (
            "/definitions/route/properties/require_header/anyOf/1/properties",
            "[[origins.a.routes]]\nrequire_header = { zzzz = 1 }\n",
        ),
        (
            "/definitions/answer/properties",
            "[[origins.a.routes]]\nrequire_cookie = { name = \"a\", else = { zzzz = 1 } }\n",
        ),
        ("/definitions/upstream/anyOf/1/properties", "[origins.a]\nupstream = { zzzz = 1 }\n"),
        ("/definitions/step/properties", "[[step]]\nzzzz = 1\n"),
        ("/definitions/step/properties/fetch/anyOf/1/properties", "[[step]]\nfetch = { zzzz = 1 }\n"),
        ("/definitions/step/properties/xhr/anyOf/1/properties", "[[step]]\nxhr = { zzzz = 1 }\n"),
        ("/definitions/step/properties/image/anyOf/1/properties", "[[step]]\nimage = { zzzz = 1 }\n"),
        ("/definitions/step/properties/script/anyOf/1/properties", "[[step]]\nscript = { zzzz = 1 }\n"),
        ("/definitions/step/properties/iframe/anyOf/1/properties", "[[step]]\niframe = { zzzz = 1 }\n"),
        (
            "/definitions/step/properties/eventsource/anyOf/1/properties",
            "[[step]]\neventsource = { zzzz = 1 }\n",
        ),
        ("/definitions/step/properties/form/anyOf/1/properties", "[[step]]\nform = { zzzz = 1 }\n"),
        ("/definitions/expect/properties", "[[step]]\nexpect = { zzzz = 1 }\n"),
        ("/definitions/expectOn/properties", "[[step]]\nexpect.on.firefox = { zzzz = 1 }\n"),
    ] {
        let file = folder.path().join("unknown.toml");
        fs::write(&file, line).expect("it can be written");
        let output =
            rehearsal().arg("check").arg(&file).env("COLUMNS", "1000").output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let list = said.split("has no key `zzzz`").nth(1).and_then(|rest| rest.split("its keys are ").nth(1));
        let list = list.unwrap_or_else(|| panic!("{line}: {said}")).split("\n\n").next().unwrap_or_default();
        let told: BTreeSet<String> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let mut ours = keys(pointer);
        // These a route has only where a framework answers.
        if pointer.ends_with("route/properties") {
            ours.retain(|key| !["does", "response", "res", "csrf_exempt"].contains(&key.as_str()));
        }
        assert_eq!(ours, told, "{pointer}");
    }
}

#[test]
fn every_scenario_validates_and_no_misspelt_one_does() {
    /// Settings of frameworks and proxies are left open in the schema: their readers alone know them.
    const OPEN: [&str; 4] = ["django", "express", "kong", "nginx"];
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for place in
        ["scenarios", "tests/scenarios", "tests/verdicts", "tests/causes", "tests/differential/lessons"]
    {
        files(Path::new(place), &mut good);
    }
    files(Path::new("tests/messages"), &mut bad);
    bad.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let said = fs::read_to_string(path.with_extension("snap")).unwrap_or_default();
        // What `include.toml` misspells stands in the part that it includes.
        said.contains("has no key `") && name != "include" && !OPEN.contains(&name.as_str())
    });
    assert!(good.len() > 50 && bad.len() > 4, "{} and {}", good.len(), bad.len());
    let shown =
        |paths: &[PathBuf]| -> Vec<String> { paths.iter().map(|path| path.display().to_string()).collect() };
    let documents = json!({"schema": schema(), "good": shown(&good), "bad": shown(&bad)});
    let file = folder.path().join("all.json");
    fs::write(&file, documents.to_string()).expect("it can be written");
    validate(
        "import json, sys, tomllib, jsonschema\n\
         all = json.load(open(sys.argv[1]))\n\
         jsonschema.Draft7Validator.check_schema(all['schema'])\n\
         validator = jsonschema.Draft7Validator(all['schema'])\n\
         read = lambda path: tomllib.load(open(path, 'rb'))\n\
         def is_toml(path):\n\
         \x20   try: return bool(read(path))\n\
         \x20   except tomllib.TOMLDecodeError: return False\n\
         wrong = [f'{path}: {e.json_path}: {e.message[:300]}' for path in all['good'] for e in validator.iter_errors(read(path))]\n\
         wrong += [f'{path} validates' for path in all['bad'] if is_toml(path) and validator.is_valid(read(path))]\n\
         sys.exit('\\n'.join(wrong) or None)",
        "jsonschema",
        &[&file],
    );
}
