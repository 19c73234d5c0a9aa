//! The JSON Schema of scenario files, for editors that complete keys and mark misspelt ones.
//!
//! Steps come from the one table of [`ACTIONS`], reasons and browsers from their own lists. What tables of origins, routes and
//! expectations hold stands here, and a test holds it against what the reader takes. The settings of frameworks and
//! proxies are left open: their readers alone know what goes together, and `rehearsal check` says it.

use serde_json::{Map, Value, json};

use super::actions::{ACTIONS, Takes};
use crate::browser_name::{Engine, Policy};
use crate::plan::{Cache, FetchOptions, Redirect, edge};
use crate::rules::context::Mode;
use crate::rules::reason::{Question, Reason};

/// The version of JSON Schema that taplo and the editors' TOML extensions read.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema.
pub fn schema() -> Value {
    json!({
        "$schema": DRAFT,
        "title": "A scenario of rehearsal",
        "description": "Servers under their production names, and what a browser does there.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "title": text("What the scenario shows, in one line."),
            "covers": texts("Ids of what it shows."),
            "tags": texts("Words by which `rehearsal run --tag` finds it."),
            "include": one_or_more("Files with shared parts, whose names begin with `_`."),
            "variables": {
                "type": "object",
                "description": "`{{name}}` in any string stands for its text.",
                "additionalProperties": {"anyOf": [
                    {"type": ["string", "number", "boolean"]},
                    table("A variable of the environment.", json!({
                        "env": text("Its name, which begins with `REHEARSAL_`."),
                        "else": text("What stands there where it is not set."),
                    })),
                ]},
            },
            "relation": {
                "type": "object",
                "description": "How two origins relate, checked before anything runs: `\"web -> api\" = \"cross-site\"`.",
                "additionalProperties": {"enum": ["same-origin", "same-site", "cross-site"]},
            },
            "dns": {
                "type": "object",
                "description": "Further names of the zone.",
                "additionalProperties": reference("record"),
            },
            "origins": {
                "type": "object",
                "description": "The servers, each with a name of your choice.",
                "additionalProperties": reference("origin"),
            },
            "step": {"type": "array", "description": "What the browser does.", "items": reference("step")},
        },
        "definitions": definitions(),
    })
}

fn definitions() -> Value {
    json!({
        "record": {"type": "object", "properties": {"cname": {"type": "string"}, "address": {"type": "string"}}},
        "origin": origin(),
        "upstream": upstream(),
        "cors": table("Who may read the answers.", json!({
            "allow_origins": one_or_more("The origins that are let in; `*` is any."),
            "allow_credentials": flag("Whether answers to calls with cookies may be read."),
            "allow_headers": one_or_more("The header fields that calls may have."),
            "allow_methods": one_or_more("The methods that calls may have."),
            "expose_headers": one_or_more("The fields of answers that scripts may read."),
            "max_age": {"type": "integer", "description": "How long preflights may be kept, in seconds."},
        })),
        "route": route(),
        "answer": table("What is answered.", answer()),
        "headers": {
            "type": "object",
            "description": "Header fields; a list gives a field each.",
            "additionalProperties": one_or_more("A value, or several."),
        },
        "reasonsNotStored": reasons(Question::Stored),
        "reasonsNotSent": reasons(Question::Sent),
        "step": step(),
        "expect": expect(true),
        "expectOn": expect(false),
    })
}

fn origin() -> Value {
    table(
        "A server under its production name.",
        json!({
            "url": text("Scheme and host, as in production."),
            "certificate": {"enum": ["good", "expired", "wrong-host", "self-signed"], "description": "What certificate it shows."},
            "routes": {"type": "array", "description": "Declared answers.", "items": reference("route")},
            "cors": reference("cors"),
            "upstream": reference("upstream"),
            "edge": edge(),
            "django": settings("Django's settings, by their own names."),
            "starlette": settings("The middlewares of Starlette and FastAPI, by their own names."),
            "express": settings("Express's settings, and those of its middlewares."),
            "nextauth": settings("NextAuth's options."),
            "nginx": settings("A server block of nginx."),
            "kong": settings("Services, routes and plugins of Kong."),
        }),
    )
}

fn upstream() -> Value {
    let whole = table(
        "Your own server.",
        json!({
            "url": text("Where it listens: `http://127.0.0.1:4000`, or `unix:PATH`."),
            "host": {"enum": ["public", "upstream"], "description": "The Host it is asked with."},
            "command": text("What starts it; `--start` allows that."),
            "cwd": text("The folder in which the command is started."),
            "env": {
                "type": "object",
                "description": "Variables of the command.",
                "additionalProperties": {"type": ["string", "integer"]},
            },
            "ready": text("What answers when it is up: `GET /health`."),
            "timeout": text("How long it may take to be ready: `60s`."),
            "edge": edge(),
        }),
    );
    json!({"description": "Your own server, asked as the browser asks.", "anyOf": [{"type": "string"}, whole]})
}

fn edge() -> Value {
    let names: Vec<&str> = edge::KNOWN.iter().map(|known| known.key).collect();
    json!({
        "description": "What stands before the server, ends TLS, and says so in headers.",
        "anyOf": [{"enum": names}, {"type": "object", "additionalProperties": {"type": "string"}}],
    })
}

/// What a route and its `else` share.
fn answer() -> Value {
    json!({
        "status": {"type": "integer", "description": "The status."},
        "headers": reference("headers"),
        "set_cookie": one_or_more("Set-Cookie lines, sent byte for byte."),
        "json": {"description": "A body of JSON."},
        "text": text("A body of plain text."),
        "html": text("A page."),
        "redirect": text("Where it leads: `ORIGIN:/path`, or a URL."),
    })
}

fn route() -> Value {
    let required = table(
        "A cookie, and what is answered without it.",
        json!({
            "name": text("The cookie's name."),
            "else": reference("answer"),
        }),
    );
    let header = table(
        "A header field, its value, and what is answered without it.",
        json!({
            "name": text("The field's name."),
            "cookie": text("The cookie of the same request whose value it has: a double submit."),
            "value": text("The value it has."),
            "field": text("A field of a form that does in its place."),
            "else": reference("answer"),
        }),
    );
    let mut route = table(
        "A declared answer.",
        joined(
            answer(),
            json!({
                "at": text("Method and path: `GET /path`; a final `*` stands for any rest."),
                "websocket": only_true("Accepts the handshake of a WebSocket, then closes."),
                "require_cookie": {
                    "description": "Without this cookie the answer is a 401, or what `else` says.",
                    "anyOf": [{"type": "string"}, required],
                },
                "require_header": {
                    "description": "Without this header field the answer is a 403, or what `else` says.",
                    "anyOf": [{"type": "string"}, header],
                },
                "sign_jwt": table("Signs a token, which stands where lines and body say `{jwt}`.", json!({
                    "key": text("The key (HS256)."),
                    "claims": {"type": "object", "description": "The claims beside `iat` and `exp`."},
                    "expires": text("How long it is good: `15m`."),
                })),
                "require_jwt": table("Answers 401 without a good token.", json!({
                    "key": text("The key that signed it."),
                    "cookie": text("The cookie it comes in."),
                    "bearer": flag("Whether it may come as `Authorization: Bearer`."),
                    "prefer": {"enum": ["bearer", "cookie"], "description": "Which is believed where both came."},
                })),
            }),
        ),
    );
    // What a framework does at a route is read by the framework's own reader.
    for key in ["does", "response", "res", "csrf_exempt"] {
        route["properties"][key] = json!({"description": "What the origin's framework does here."});
    }
    route
}

fn step() -> Value {
    let mut properties = Map::new();
    for action in &ACTIONS {
        let takes = match (action.key, action.takes) {
            ("fetch", _) => call(json!({
                "credentials": {"enum": ["omit", "same-origin", "include"], "description": "The credentials mode."},
                "mode": {"enum": FetchOptions::MODES.map(Mode::word), "description": "The mode; else `cors`."},
                "redirect": {"enum": Redirect::ALL.map(Redirect::word), "description": "What becomes of a redirect; else it is followed."},
                "cache": {"enum": Cache::ALL.map(Cache::word), "description": "How the browser's cache is used."},
                "keepalive": flag("Whether the request outlives the page."),
            })),
            ("image", _) => embedded("An image.", json!({})),
            ("script", _) => {
                embedded("A script.", json!({"type": {"const": "module", "description": "A module."}}))
            }
            ("iframe", _) => {
                let members = json!({
                    "url": text("Where it is: `ORIGIN:/path`, or a URL."),
                    "sandbox": text("The `sandbox` attribute: what the frame is allowed, words with a space between."),
                });
                let mut frame = table("A frame.", members);
                frame["required"] = json!(["url"]);
                json!({"anyOf": [{"type": "string"}, frame]})
            }
            ("eventsource", _) => {
                let members = json!({
                    "url": text("Where it goes: `ORIGIN:/path`, or a URL."),
                    "with_credentials": flag("`withCredentials`."),
                });
                let mut stream = table("A stream.", members);
                stream["required"] = json!(["url"]);
                json!({"anyOf": [{"type": "string"}, stream]})
            }
            ("xhr", _) => call(json!({"with_credentials": flag("`withCredentials`.")})),
            ("form", _) => json!({"anyOf": [{"type": "string"}, table("A form.", json!({
                "url": text("Where it is submitted to."),
                "method": {"enum": ["GET", "POST"]},
                "fields": {"type": "object", "additionalProperties": one_or_more("A value, or several.")},
            }))]}),
            (_, Takes::Address | Takes::Text | Takes::Time) => json!({"type": "string"}),
            (_, Takes::Texts) => {
                json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}})
            }
            (_, Takes::True) => json!({"const": true}),
            (_, Takes::TrueOrText) => json!({"anyOf": [
                {"const": true}, {"type": "string"}, table("What is written.", json!({"write": {"type": "string"}})),
            ]}),
            (_, Takes::AddressOrTable) => json!({"type": ["string", "object"]}),
        };
        let description = format!("{}: `{}`", action.does, action.example);
        properties.insert(action.key.to_owned(), joined(takes, json!({"description": description})));
    }
    let keys: Vec<Value> = ACTIONS.iter().map(|action| json!({"required": [action.key]})).collect();
    properties
        .insert("inside".to_owned(), text("The frame it is done in, by the URL its `iframe` step has."));
    properties.insert("expect".to_owned(), reference("expect"));
    json!({
        "type": "object",
        "description": "One action, and what is expected of it.",
        "additionalProperties": false,
        "properties": properties,
        "oneOf": keys,
    })
}

fn call(own: Value) -> Value {
    let members = joined(
        own,
        json!({
            "url": text("Where it goes: `ORIGIN:/path`, or a URL."),
            "method": text("The method: GET where nothing is said."),
            "headers": reference("headers"),
            "json": {"description": "A body of JSON."},
            "body": text("A body of text."),
        }),
    );
    let mut call = table("A call.", members);
    call["required"] = json!(["url"]);
    json!({"anyOf": [{"type": "string"}, call]})
}

/// An image or a script.
fn embedded(description: &str, own: Value) -> Value {
    let members = joined(
        own,
        json!({
            "url": text("Where it is: `ORIGIN:/path`, or a URL."),
            "crossorigin": {"enum": ["anonymous", "use-credentials"], "description": "It is asked for by CORS."},
        }),
    );
    let mut element = table(description, members);
    element["required"] = json!(["url"]);
    json!({"anyOf": [{"type": "string"}, element]})
}

fn expect(has_on: bool) -> Value {
    let names = |values: Value| json!({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "object", "additionalProperties": values}]});
    let stored = table(
        "What the jar says of it.",
        json!({
            "count": {"type": "integer", "minimum": 1},
            "value": {"type": "string"},
            "domain": {"type": "string"},
            "host_only": {"type": "boolean"},
            "path": {"type": "string"},
            "secure": {"type": "boolean"},
            "http_only": {"type": "boolean"},
            "same_site": {"enum": ["none", "lax", "strict", "unset"]},
            "session": {"type": "boolean"},
            "partitioned": {"type": "boolean"},
            "partition": {"type": "string"},
        }),
    );
    let why = |name: &str| json!({"anyOf": [{"const": true}, reference(name), {"type": "array", "items": reference(name)}]});
    let readable: Vec<&str> = std::iter::once("readable").chain(Reason::codes(Question::Readable)).collect();
    let mut properties = json!({
        "status": {"type": "integer", "description": "The status of the step's own request, on the wire."},
        "stored": described(names(json!({"anyOf": [{"const": true}, {"type": "string"}, stored]})), "Cookies that the jar holds."),
        "not_stored": described(names(why("reasonsNotStored")), "Cookies that it does not hold, and why."),
        "sent": described(names(json!({"anyOf": [{"const": true}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}]})), "Cookies that went with a request of the step."),
        "not_sent": described(names(why("reasonsNotSent")), "Cookies that went with none, and why."),
        "cors": {"enum": readable, "description": "Whether the page may read the answer, or why not."},
        "document_cookie": {"type": "array", "items": {"type": "string"}, "description": "What scripts see, exactly."},
        "requests": texts("The requests that arrived, in order: `METHOD ORIGIN:/path`."),
        "request_headers": {
            "type": "object",
            "description": "Fields that one request of the step had; `false` is that it had none.",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [{"type": "string"}, {"const": false}]},
        },
        "url": text("The address bar."),
        "json": {"description": "What the page read."},
    });
    if has_on {
        let engines: Vec<&str> = Engine::ALL.iter().map(|engine| engine.as_str()).collect();
        let policies = Policy::ALL.map(Policy::as_str);
        let pattern = format!("^(model:)?({})(:({}))?$|^model$", engines.join("|"), policies.join("|"));
        properties["on"] = json!({
            "type": "object",
            "description": "What differs in a browser: `on.\"chromium:block-third-party\"`.",
            "patternProperties": {pattern: reference("expectOn")},
            "additionalProperties": false,
        });
    }
    table("What is expected; only what is written is checked.", properties)
}

fn reasons(question: Question) -> Value {
    json!({"enum": Reason::codes(question).collect::<Vec<_>>()})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

fn table(description: &str, properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn settings(description: &str) -> Value {
    json!({"type": "object", "description": description})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn only_true(description: &str) -> Value {
    json!({"const": true, "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn one_or_more(description: &str) -> Value {
    json!({
        "description": description,
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    })
}

fn described(mut value: Value, description: &str) -> Value {
    value["description"] = json!(description);
    value
}

/// Two tables of properties as one.
fn joined(mut value: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (value.as_object_mut(), more) {
        members.extend(more);
    }
    value
}
