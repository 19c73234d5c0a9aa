//! Edges: what stands before a server in production, ends TLS there, and says so in headers.
//!
//! A table of facts, each with its source. Which headers come along decides whether a server knows that the
//! browser came over https, and so whether it sets a Secure cookie at all. Nothing here sends anything: the
//! headers are put on a request in `world::edge`.

/// What stands before a server, and what it adds to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The name people know it by.
    pub name: String,
    /// Whether TLS ends there, so that the server behind is asked over http.
    pub ends_tls: bool,
    /// The headers it sets: lower-case names, and values with placeholders, see [`PLACEHOLDERS`].
    pub headers: Vec<(String, String)>,
}

/// What a header's value can hold, and what stands there when a request is passed on.
pub const PLACEHOLDERS: [(&str, &str); 6] = [
    ("{scheme}", "the scheme that the browser asked with, `https` or `http`"),
    ("{ssl}", "`on` where that scheme is https, else `off`"),
    ("{host}", "the host that the browser asked for, with its port where that is not the scheme's own"),
    ("{port}", "the port that the browser asked at"),
    ("{client}", "the address of whoever asked"),
    ("{forwarded_for}", "the `X-Forwarded-For` that came, with that address at its end"),
];

/// An edge that many applications stand behind, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What scenario files call it.
    pub key: &'static str,
    /// What its people call it.
    pub name: &'static str,
    /// The headers it sets, with placeholders.
    pub headers: &'static [(&'static str, &'static str)],
    /// Where this is documented. Headers with no meaning on one machine (regions, request ids, traces) are left
    /// out.
    pub source: &'static str,
}

const FOR: (&str, &str) = ("x-forwarded-for", "{forwarded_for}");
const PROTO: (&str, &str) = ("x-forwarded-proto", "{scheme}");
const HOST: (&str, &str) = ("x-forwarded-host", "{host}");
const PORT: (&str, &str) = ("x-forwarded-port", "{port}");
const REAL_IP: (&str, &str) = ("x-real-ip", "{client}");

/// What is added where a scenario names no edge: the three that most servers look for.
pub const PLAIN: [(&str, &str); 3] = [FOR, PROTO, HOST];

/// The edges by their keys.
pub const KNOWN: [Known; 11] = [
    Known {
        key: "aws-alb",
        name: "an AWS Application Load Balancer",
        // No X-Forwarded-Host: the Host header stays as it was.
        headers: &[FOR, PROTO, PORT],
        source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html",
    },
    Known {
        key: "caddy",
        name: "Caddy",
        // Since 2.5.0 all three are set by default.
        headers: &[FOR, PROTO, HOST],
        source: "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#defaults",
    },
    Known {
        key: "cloud-run",
        name: "Google Cloud Run",
        headers: &[FOR, PROTO],
        source: "https://cloud.google.com/run/docs/container-contract",
    },
    Known {
        key: "cloudflare",
        name: "Cloudflare",
        headers: &[
            FOR,
            PROTO,
            ("cf-connecting-ip", "{client}"),
            ("cf-visitor", "{\"scheme\":\"{scheme}\"}"),
            ("cdn-loop", "cloudflare; loops=1"),
        ],
        source: "https://developers.cloudflare.com/fundamentals/reference/http-headers/",
    },
    Known {
        key: "fly",
        name: "Fly.io",
        headers: &[
            FOR,
            PROTO,
            PORT,
            ("x-forwarded-ssl", "{ssl}"),
            ("fly-client-ip", "{client}"),
            ("fly-forwarded-port", "{port}"),
            ("fly-forwarded-proto", "{scheme}"),
            ("via", "2 fly.io"),
        ],
        source: "https://fly.io/docs/networking/request-headers/",
    },
    Known {
        key: "heroku",
        name: "Heroku",
        headers: &[FOR, PROTO, PORT, ("via", "1.1 heroku-router")],
        source: "https://devcenter.heroku.com/articles/http-routing#heroku-headers",
    },
    Known {
        key: "netlify",
        name: "Netlify",
        headers: &[FOR, PROTO, ("x-nf-client-connection-ip", "{client}")],
        source: "https://docs.netlify.com/build/functions/api/",
    },
    Known {
        key: "railway",
        name: "Railway",
        headers: &[REAL_IP, PROTO, HOST],
        source: "https://docs.railway.com/networking/public-networking/specs-and-limits",
    },
    Known {
        key: "render",
        name: "Render",
        headers: &[FOR, PROTO],
        source: "https://render.com/docs/web-services",
    },
    Known {
        key: "traefik",
        name: "Traefik",
        headers: &[FOR, PROTO, HOST, PORT, REAL_IP],
        source: "https://doc.traefik.io/traefik/getting-started/faq/",
    },
    Known {
        key: "vercel",
        name: "Vercel",
        headers: &[FOR, PROTO, HOST, REAL_IP, ("x-vercel-forwarded-for", "{client}")],
        source: "https://vercel.com/docs/headers/request-headers",
    },
];

impl Edge {
    /// What is added to a request where a scenario names no edge.
    pub fn plain() -> Self {
        Self { name: "rehearsal".to_owned(), ends_tls: true, headers: owned(&PLAIN) }
    }

    /// No edge at all: TLS ends in the server itself.
    pub fn none() -> Self {
        Self { name: NONE.to_owned(), ends_tls: false, headers: Vec::new() }
    }

    /// The edge that scenario files call so.
    pub fn named(key: &str) -> Option<Self> {
        if key == NONE {
            return Some(Self::none());
        }
        let known = KNOWN.iter().find(|known| known.key == key)?;
        Some(Self { name: known.name.to_owned(), ends_tls: true, headers: owned(known.headers) })
    }

    /// What scenario files can say.
    pub fn keys() -> impl Iterator<Item = &'static str> + Clone {
        KNOWN.iter().map(|known| known.key).chain([NONE])
    }
}

/// What scenario files call no edge.
const NONE: &str = "none";

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_tells_the_scheme_and_has_a_source() {
        for known in KNOWN {
            let tells = known
                .headers
                .iter()
                .any(|(name, value)| *name == "x-forwarded-proto" && *value == "{scheme}");
            assert!(tells, "{}", known.key);
            assert!(known.source.starts_with("https://"), "{}", known.key);
            assert!(
                known.headers.iter().all(|(name, _)| *name == name.to_ascii_lowercase()),
                "{}",
                known.key
            );
        }
    }

    #[test]
    fn the_edges_are_in_the_order_of_the_alphabet() {
        assert!(KNOWN.is_sorted_by_key(|known| known.key));
    }
}
