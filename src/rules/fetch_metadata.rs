//! The `Sec-Fetch-*` headers a request carries: Fetch Metadata Request Headers.
//!
//! They tell a server what the browser knows of a request's circumstances. Nothing is decided here.

use super::context::Context;
use super::domain::PublicSuffixes;
use super::site::Relation;

/// The values of the `Sec-Fetch-*` headers, without `Sec-Fetch-User`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchMetadata {
    /// `Sec-Fetch-Site`: `none`, `same-origin`, `same-site` or `cross-site`.
    pub site: &'static str,
    /// `Sec-Fetch-Mode`.
    pub mode: &'static str,
    /// `Sec-Fetch-Dest`.
    pub dest: &'static str,
}

/// The headers of this request, or `None` where it has none: they go to trustworthy addresses only.
///
/// Fetch Metadata, section 3: what a redirect made worse stays so.
pub fn fetch_metadata(suffixes: &dyn PublicSuffixes, context: &Context) -> Option<FetchMetadata> {
    if !context.url.origin.is_potentially_trustworthy() {
        return None;
    }
    let site = match &context.initiator {
        None => "none",
        Some(initiator) => context
            .redirects
            .iter()
            .chain(std::iter::once(&context.url.origin))
            .map(|origin| initiator.relation(origin, suffixes, true))
            .max()
            .unwrap_or(Relation::SameOrigin)
            .as_str(),
    };
    let mode = context.mode.word();
    Some(FetchMetadata { site, mode, dest: context.destination.word() })
}
