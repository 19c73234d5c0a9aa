# What a person types most. `just --list` shows these lines.

# run the scenarios in every installed browser
run *ARGS:
    cargo run --release -- run {{ARGS}}

# everything that must pass before a change lands
test:
    sh tests/all.sh

# format, and say what clippy says
tidy:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# scenarios per second, and the time to the first verdict
bench *ARGS:
    cargo bench {{ARGS}}
