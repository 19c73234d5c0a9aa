//! From files to plans, through the public interface.

use std::path::PathBuf;

use rehearsal::diagnostic::Style;
use rehearsal::scenario::load;

#[test]
fn the_example_of_the_design_has_no_mistake() {
    let loaded = load(&[PathBuf::from("tests/scenarios/lax-login.toml")]);
    let told: String = loaded.diagnostics.iter().map(|diagnostic| diagnostic.render(Style::Plain)).collect();
    assert_eq!(told, "");
    insta::assert_debug_snapshot!(loaded.plans[0].steps);
}
