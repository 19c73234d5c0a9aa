//! What the command says, to the letter: help texts, mistakes, and exit codes.
//!
//! Each `tests/cli/*.trycmd` is a session as a person would have it. `TRYCMD=overwrite cargo test --test
//! cli` writes what is said now.

#[test]
fn the_command_says_what_it_said() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}
