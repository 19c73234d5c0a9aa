//! `rehearsal` rehearses production on a laptop: production's own names, real TLS, the real topology and
//! real browsers, all on the loopback interface. It tells which cookies each browser stored and sent,
//! and why not.
//!
//! # Architecture
//!
//! A scenario flows through the modules in one direction, and each hands plain data to the next:
//!
//! ```text
//! file ─► scenario ─► plan ─► world ─► browser ─► observe ─► verdict ─► outcome ─► report
//!         as written  whole   dns       steps in    wire, jar   claims     a run's    terminal,
//!         with spans  no I/O  certs     a real one  and page    judged     results    JSON
//!                             origins
//!                             gateway
//! ```
//!
//! - [`scenario`] reads TOML files, keeps where everything stands, reports every mistake at once, and
//!   resolves what is left into a [`plan`].
//! - [`world`] brings a plan to life: one DNS zone, a name-constrained certificate authority, origins that
//!   speak TLS and HTTP, and the gateway, the one loopback port through which a browser sees this world
//!   and nothing else. Every exchange is recorded at the origin's socket: the [`world::wire`].
//!   Some origins answer as a framework does, in its own settings: [`plan::framework`]. Some are reverse proxies
//!   that pass a request on to another: [`plan::proxy`].
//! - [`browser`] owns browsers: the process and its guard, the protocols spoken to it, and what each step
//!   makes it do. What it returns is an [`observe::Observation`].
//! - [`browser_name`] holds the names of browsers as users write them, and [`relation`] how two URLs relate: words
//!   that every module may use.
//! - [`verdict`] compares an observation with what the scenario expects, and [`outcome`] holds what came
//!   of it.
//! - [`rules`] is what browsers do with cookies, as pure functions; its [`rules::reason`] codes are the words
//!   all other modules explain themselves with.
//! - [`browser::model`] takes the steps by the rules alone. Beside a real browser `follow` has it go along with what
//!   crossed the wire, what pages asked for by themselves included: nothing is asked twice of a server.
//!   [`reconcile`] holds what it predicted against what the browser did.
//! - [`edit`] is what may be changed of a plan: attributes, calls, CORS settings, where things are served.
//! - [`explain`] tells why something did not work, and searches for the smallest safe fix: edits of the plan, each
//!   tried in the model. It answers single questions, and explains the claims that failed in a run.
//! - [`recording`] is requests and their answers, wherever they were seen.
//! - [`import`] makes a scenario, or questions for `explain`, from what a browser recorded or `curl` printed.
//! - [`audit`] goes through the pre-deploy checklists: it looks at what a scenario's runs showed, and at what an
//!   attacker's site in its world gets.
//! - `cookie_line` sees what a `Set-Cookie` line is meant for: several cookies folded into it, a deletion.
//! - `lookup` is a table: which setting writes what of a cookie, by the library that sets it.
//! - `near` tells how two names of cookies or two origins are nearly one.
//! - `looks` is what names and paths are taken for: a session, a login.
//! - [`slips`] finds what is probably misspelt in a `Set-Cookie` line, for [`scenario`] and [`explain`].
//! - [`doctor`] is a tiny scenario of its own, and what it shows about a browser on this machine.
//! - [`matrix`] is one scenario over topologies, cookie attributes and browsers: edits of its plan, all run.
//! - [`inside`] is what a program of the user's needs to see a world: variables, or a network of its own.
//! - [`manual`] is `docs/` inside the binary.
//! - [`trust`] has the stores of this machine trust a project's own authority, where the user asks for it, and undoes that.
//! - [`servers`] looks for the real servers behind origins, and starts them where that is allowed.
//! - [`live`] tells each cookie as it crosses the wire of a world that is up, and what each engine makes of it;
//!   [`report::live`] draws it, and [`world::private`] serves what is drawn to one person.
//! - [`record`] makes a scenario of what a person does in a browser.
//! - [`run`] is the only orchestrator; [`command`] is one file a command of the command line.
//! - [`report`] and [`diagnostic`] are what people read.
//!
//! # What holds everywhere
//!
//! - Only `world`, `browser` and `servers` open sockets or start processes, `exec` the user's own program, and `trust` the
//!   tools that keep the system's stores. Nothing
//!   listens off loopback, but for a gateway that was asked for by address, for browsers on named machines. A real server behind an origin is on
//!   this machine, unless the command line allows that very host; its command is started only where the command line
//!   allows that.
//! - Only `run` spawns work across scenarios.
//! - Only `report`, `diagnostic` and `command` write to the terminal.
//! - `rules` uses the standard library alone: no clock, no socket, no file, and no engine's name in a condition.
//! - The wire decides what was sent and the browser's jar what was stored; neither is ever inferred from the
//!   other.
//! - Every process, port, profile and temporary folder has an owner that ends it, also after a panic, Ctrl-C or
//!   SIGKILL: see [`browser::guard`].
//!
//! # What is deliberately absent
//!
//! - No change to a hosts file or a browser profile of the user's, no change to a trust store but by `trust`, and no need for
//!   root.
//! - No DNS recursion and no forwarding proxy: a name outside the world does not exist. What an origin's own
//!   `upstream` names is asked, and nothing else.
//! - No retry of a scenario: a browser that died is an error to look at, never noise to hide. A change of the
//!   machine's network, at which Chromium breaks off every request, has the scenario begin again, and so has a session
//!   that a Grid lost; the report says so.

pub mod audit;
pub mod browser;
pub mod browser_name;
pub mod cli;
pub mod command;
mod cookie_line;
pub mod diagnostic;
pub mod doctor;
pub mod edit;
pub mod explain;
mod follow;
pub mod import;
pub mod inside;
pub mod live;
mod looks;
mod lookup;
pub mod manual;
pub mod matrix;
mod near;
pub mod observe;
pub mod outcome;
pub mod plan;
pub mod reconcile;
pub mod record;
pub mod recording;
pub mod redact;
pub mod relation;
pub mod report;
pub mod rules;
pub mod run;
pub mod scenario;
pub mod servers;
pub mod slips;
pub mod suffixes;
pub mod text;
pub mod trust;
pub mod verdict;
pub mod world;
