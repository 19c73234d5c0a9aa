//! Edits in a framework's own settings, and the lines of its configuration that they change.
//!
//! A developer of a framework writes no header. Here a change is made where the framework has it, and told in its own
//! spelling: `cookie` is what it sends of a cookie, `cors` whom it lets in, and this file what it believes of a proxy.

pub(crate) mod cookie;
pub(crate) mod cors;

use crate::plan::framework::{Framework, TrustProxy};

/// A setting before and after a change, each as a line of configuration.
pub(crate) type Changed = (String, String);

/// A change of what a back end believes, or asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerChange {
    /// It believes the proxy in front that a request came over https.
    TrustProxy,
    /// Django: pages of this origin may send forms, beside those of the host itself.
    TrustOrigin(String),
}

impl Framework {
    /// Makes a change, and tells what changed. Nothing is told where the framework has no such setting, or it is so
    /// already.
    pub(crate) fn change(&mut self, change: &ServerChange) -> Vec<Changed> {
        match (self, change) {
            (Self::Express(settings), ServerChange::TrustProxy) => {
                if settings.trust_proxy != TrustProxy::Nobody {
                    return Vec::new();
                }
                settings.trust_proxy = TrustProxy::Nearest;
                let line = |value: &str| format!("app.set(\"trust proxy\", {value})");
                vec![(line("false"), line("1"))]
            }
            (Self::Django(settings), ServerChange::TrustProxy) => {
                let line = |header: &Option<(String, String)>| match header {
                    None => "SECURE_PROXY_SSL_HEADER = None".to_owned(),
                    Some((header, value)) => {
                        let name = format!("HTTP_{}", header.to_ascii_uppercase().replace('-', "_"));
                        format!("SECURE_PROXY_SSL_HEADER = (\"{name}\", \"{value}\")")
                    }
                };
                let wanted = Some(("x-forwarded-proto".to_owned(), "https".to_owned()));
                if settings.secure_proxy_ssl_header == wanted {
                    return Vec::new();
                }
                let before = line(&settings.secure_proxy_ssl_header);
                settings.secure_proxy_ssl_header = wanted;
                vec![(before, line(&settings.secure_proxy_ssl_header))]
            }
            (Self::Django(settings), ServerChange::TrustOrigin(origin)) => {
                let name = "CSRF_TRUSTED_ORIGINS";
                let wanted = std::slice::from_ref(origin);
                cors::extended(name, &mut settings.csrf.trusted_origins, wanted, str::eq)
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
