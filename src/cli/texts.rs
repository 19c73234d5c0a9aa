//! What `--help` says beside the options: what a command is for, and worked examples.

use crate::scenario::actions::ACTIONS;

pub(super) const RUN_ABOUT: &str = "\
Run scenarios in browsers and say what held, what did not, and why.

webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's.";

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  rehearsal run                                 all of ./scenarios
  rehearsal run scenarios/jwt-cors --jobs 4     one folder, four workers a browser
  rehearsal run --browser chromium,chromium:block-third-party
                                                as shipped, and with third-party cookies blocked
  rehearsal run --browser model:webkit          what WebKit would do, predicted by the rules
  rehearsal run --filter wildcard --headed      those whose path or title says so, in a window
  rehearsal run --format json > report.json     for programs
  rehearsal run --report html=report.html --report junit=junit.xml
                                                a page for people, and a file for CI
  rehearsal run --tag smoke --shard 1/3         a third of those with a tag
  rehearsal run --last-failed                   those that did not pass when they were last run
  rehearsal run --repeat 10                     each ten times: all have to pass
  rehearsal run login.toml --watch --browser model
                                                again whenever the file is saved
  rehearsal run --install-browsers              install Chromium first, if it is missing
  rehearsal run login.toml --start              start the servers that its upstreams name
  rehearsal run login.toml --allow-upstream api.staging.example.com
                                                ask that host, on another machine
  rehearsal run --webdriver chromium=http://192.0.2.7:9515 --gateway 192.0.2.1
                                                a browser on another machine, which reaches the world
                                                at 192.0.2.1
  rehearsal run --webdriver chromium=http://grid:4444 --gateway 192.0.2.1 --sessions 4 --jobs 1
                                                four sessions of a Selenium Grid

A file with a mistake is told of, and the others are run all the same. Where GITHUB_ACTIONS is set,
what failed is annotated on its line as well.
Exit codes: 0 all that could be judged held; 1 an expectation failed; 2 a scenario or the command
line is wrong; 3 could not run, or nothing was judged; 130 interrupted (Ctrl-C).";

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  rehearsal audit                               all of ./scenarios, predicted for every engine
  rehearsal audit login.toml --browser chromium,firefox
                                                one scenario, as real browsers do it
  rehearsal audit --fail-on medium              for a pipeline that is strict
  rehearsal audit --report sarif=audit.sarif    for code scanning
  rehearsal audit --list                        what is looked for

Each scenario is run as it stands, and what it expects has to hold; then it is run once more with an
attacker's site in its world.
Exit codes: 0 nothing at or above --fail-on; 1 something; 2 a scenario is wrong; 3 could not run.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  rehearsal check                               all of ./scenarios
  rehearsal check login.toml                    one scenario, while it is being written
  rehearsal check scenarios/jwt-cors my.toml    a folder and a file
  rehearsal check --format json                 for editors and other programs
  rehearsal check --deny warnings               for a pipeline that is strict

Every mistake is told at once, with its line and what to do. Exit codes: 0 no mistake; 2 a mistake,
a warning that is denied, or no scenario there.";

/// The examples, and what a step can do.
pub(super) fn check_help() -> String {
    let rows = ACTIONS.iter().map(|action| format!("\n  {:<17}{}", action.key, action.does));
    format!("{CHECK_EXAMPLES}\n\nA step has one of these keys:{}", rows.collect::<String>())
}

pub(super) const NEW_ABOUT: &str = "\
Write a scenario: from a HAR, from `curl`, or one to begin with.

A HAR is what the Network panel of a browser's developer tools saves (Chrome, Firefox, Safari, Playwright; packed by gzip or \
not). Of `curl` it takes the command as developer tools copy it (\"Copy as cURL\"), and what `-i` or `-v` prints below it. \
Pages become visits, calls become steps, answers become routes, what was sent and stored becomes expectations; images, styles \
and scripts are left out. What is guessed is marked by a comment. Values of cookies, bodies, headers and queries are left out, \
and so is what in paths is somebody's own.

The scenario is then tried in the model of the browser that it came from, and what does not come out as recorded is told.";

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  rehearsal new                                 a login, with a comment at each part
  rehearsal new -o login.toml                   writes a file, and never over another
  rehearsal new login.har -o login.toml         what a browser recorded
  rehearsal new - < copied.txt                  a curl command, and what it printed
  rehearsal run login.toml                      then

Exit codes: 0 written; 1 written, and something did not come out as recorded; 2 it is no recording, or
the file is there already; 3 it could not be written.";

pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  rehearsal schema > rehearsal.schema.json      then, in the first line of a scenario, for taplo and
                                                VS Code's Even Better TOML:
      #:schema ./rehearsal.schema.json

It completes keys and marks misspelt ones while you type; `rehearsal check` knows more, and says it.";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  rehearsal completions bash > ~/.local/share/bash-completion/completions/rehearsal
  rehearsal completions fish > ~/.config/fish/completions/rehearsal.fish
  rehearsal completions zsh > ~/.zfunc/_rehearsal";

pub(super) const BROWSERS_EXAMPLES: &str = "\
Examples:
  rehearsal browsers                            what is here, in which version and where
  rehearsal browsers install chromium           what is missing of one
  rehearsal browsers install firefox webkit     the other two, in one go
  REHEARSAL_FIREFOX=/opt/firefox/firefox rehearsal browsers
                                                another program than the one that is found

What is there already is left as it is. Installing never asks: without root it needs a sudo that
takes no password, and else says what to run. Whether they work here says `rehearsal doctor`.

Programs are named by REHEARSAL_CHROMIUM, REHEARSAL_CHROMEDRIVER, REHEARSAL_FIREFOX,
REHEARSAL_GECKODRIVER, REHEARSAL_MINIBROWSER, REHEARSAL_WEBKIT_DRIVER and REHEARSAL_XVFB, or as CI
services do, by CHROME_BIN, CHROMEWEBDRIVER, FIREFOX_BIN and GECKOWEBDRIVER.
REHEARSAL_CHROMIUM_ARGS and REHEARSAL_FIREFOX_ARGS add arguments, such as --no-sandbox where a
container forbids the sandbox.

Exit codes: 0 all is there; 3 something is not.";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  rehearsal doctor                              every engine, as it ships
  rehearsal doctor --browser firefox:block-third-party
                                                one browser under one policy
  rehearsal doctor --format json                for programs

It proves name, TLS, proxy, policy, jar and reasons. Exit codes: 0 all works; 1 something does not;
3 no browser could be looked at.";

pub(super) const DOCS_EXAMPLES: &str = "\
Examples:
  rehearsal docs                                the pages
  rehearsal docs scenarios                      the scenario reference
  rehearsal docs same-site-lax                  a reason code";

pub(super) const EXPLAIN_ABOUT: &str = "\
Say whether a cookie is stored and sent and an answer readable, why not, and what to change.

No scenario and no browser: the question is rehearsed by the rules, for every engine, and the answer \
is a prediction. A page makes a request, the answer sets cookies, and the page makes the same request \
again: is the cookie stored, does it go along, may the page read the answer? Where not, the fix that \
opens up the least is searched for and tried, and shown only if it works.

Without --page the URL is typed into the address bar. With --page its script calls fetch(), in \
fetch()'s own default mode, \"same-origin\"; --credentials and --as say otherwise.

webkit is WebKitGTK, whose cookie parser is libsoup's and not Safari's.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  A login that answers 200 and is forgotten at once:
    rehearsal explain --page https://app.example.com --request https://api.example.net/login \\
        --method POST --credentials include --set-cookie 'token=t; Path=/; SameSite=Lax'

  What the server really answers, CORS headers included:
    curl -si -X POST https://api.example.net/login -H 'Origin: https://app.example.com' |
        rehearsal explain --page https://app.example.com --request https://api.example.net/login \\
        --method POST --credentials include --header 'Content-Type: application/json' --response -

  A cookie that a logout leaves behind:
    rehearsal explain --page https://app.example.com --request https://api.example.com/logout \\
        --credentials include --before 'sid=1; Domain=example.com; Path=/; Secure' \\
        --set-cookie 'sid=; Max-Age=0; Path=/'

  What a browser recorded, or what was copied as cURL: every cookie of it:
    rehearsal explain login.har

  A link in a mail, in one browser:
    rehearsal explain --page https://mail.example.org --request https://shop.example.com/ \\
        --as navigation --set-cookie 'sid=1; SameSite=Strict; Secure' --browser firefox

Exit codes: 0 all works in every browser asked for; 1 something does not; 2 the question is wrong.";

pub(super) const MATRIX_ABOUT: &str = "\
Show the services of a scenario over topologies, cookie attributes and browsers, as one table.

The front end and what it calls are served as one origin by path, on ports of one host, on subdomains \
of one site and on two sites, configured right for each; every Set-Cookie line takes each SameSite, \
with Secure and Partitioned where that makes a difference. The scenario's steps run in all of it: is \
each cookie stored, does it go to where it is needed, may the page read the answers, and if not, why? \
What the scenario expects plays no part.

Without --browser every engine is predicted by the rules, under every policy: that takes an instant. \
A real browser takes some seconds, and each of its cells is held against the rules: where they \
disagree, the cell is marked !!.";

pub(super) const MATRIX_EXAMPLES: &str = "\
Examples:
  rehearsal matrix login.toml                        every engine and policy, predicted
  rehearsal matrix login.toml --html matrix.html     and as a page, for whoever decides
  rehearsal matrix login.toml --browser chromium,chromium:block-third-party
                                                     in real browsers, held against the rules
  rehearsal matrix login.toml --browser model:webkit,chromium
                                                     one predicted, one real
  rehearsal matrix login.toml --format json | jq .safest

The table is as wide as the terminal, or as COLUMNS says; 80 columns are enough.

Exit codes: 0 something works in every browser asked for; 1 nothing does, or the rules predicted
otherwise than a real browser did; 2 the scenario is wrong; 3 a browser could not run.";

pub(super) const UP_EXAMPLES: &str = "\
Examples:
  rehearsal up login.toml
  rehearsal up login.toml --gateway 127.0.0.1:8080       on a port of your choice
  rehearsal up --map https://app.example.com=3000 --map https://api.example.com=4000
                                                         no file: your own servers, under those names
  rehearsal up login.toml --listen                       fail where ports 443 and 80 are not to be had

Each cookie is told as it crosses the wire: who set it, who asked, and what each engine's rules make of it.
The page at the address called `live` draws it: requests, each cookie's life, the jar, and why with a click.

Then, with what it prints:
  curl --proxy socks5h://GATEWAY --cacert CA https://api.example.com/
  dig @127.0.0.1 -p PORT api.example.com";
