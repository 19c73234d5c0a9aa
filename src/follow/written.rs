//! What scripts of pages wrote into the jar, told by the jar itself: no engine reports it.
//!
//! A cookie that is there, or gone, without any answer of the step having to do with it was written by a script, if
//! the rules let a script of a document that is there write it. Such a line is inferred, never seen: its attributes
//! are those of the cookie it made.

use super::documents::Documents;
use crate::observe::{Cookie, Partition};
use crate::rules::context::Context;
use crate::rules::engine::Profile;
use crate::rules::jar::Jar;
use crate::suffixes::Names;

/// A line that a script wrote, and the circumstances of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) context: Context,
    pub(crate) line: String,
}

/// A jar as the rules hold it, and as reports tell it.
pub(crate) struct Held<'j> {
    pub(crate) profile: &'j Profile,
    /// The time by the rules' clock, and by how much it is ahead of the browser's.
    pub(crate) now: i64,
    pub(crate) ahead: i64,
    pub(crate) jar: &'j Jar,
    pub(crate) told: &'j [Cookie],
}

impl Held<'_> {
    /// The lines that scripts must have written for the jar to be as it was seen. `is_answered` says whether an
    /// answer of the step has a line for a cookie, and of its value where that is asked.
    pub(crate) fn written(
        &self,
        seen: &[Cookie],
        documents: &Documents,
        is_answered: impl Fn(&Cookie, bool) -> bool,
    ) -> Vec<Written> {
        let new = seen.iter().filter(|cookie| {
            // A script may write the value that is there, with other attributes.
            let same = |held: &&Cookie| is_same(held, cookie) && held.looks_like(cookie);
            !cookie.http_only && !self.told.iter().any(|held| same(&held)) && !is_answered(cookie, true)
        });
        let gone = self.told.iter().filter(|held| {
            !held.http_only && !seen.iter().any(|cookie| is_same(held, cookie)) && !is_answered(held, false)
        });
        let new =
            new.map(|cookie| (cookie, line(cookie, cookie.expires.map(|end| end + self.ahead - self.now))));
        let gone = gone.map(|cookie| (cookie, line(cookie, Some(0))));
        new.chain(gone).filter_map(|(cookie, line)| self.by_a_script(cookie, line, documents)).collect()
    }

    /// A line as a script of a document wrote it whom the rules let do so.
    fn by_a_script(&self, cookie: &Cookie, line: String, documents: &Documents) -> Option<Written> {
        let scripts =
            documents.all().filter_map(|known| Context::script(known.chain.clone(), known.url.path()));
        let mut may = scripts.filter(|context| {
            let mut jar = self.jar.clone();
            let decision = jar.store(self.profile, &Names, context, line.as_bytes(), self.now);
            let its_partition = || {
                let key = context.partition_key(self.profile, &Names);
                cookie
                    .partition
                    .as_ref()
                    .is_none_or(|Partition { site, .. }| key.top_level.to_string() == *site)
            };
            // Without a Domain it is the host's own.
            let its_host = !cookie.host_only || context.url.origin.host == cookie.domain;
            its_host && (decision.is_stored() || decision.is_deletion()) && its_partition()
        });
        may.next().map(|context| Written { context, line })
    }
}

/// Whether two are one cookie at different times (RFC 6265bis -22, section 5.7, step 23, and partitions).
fn is_same(one: &Cookie, other: &Cookie) -> bool {
    (&one.name, &one.domain, one.host_only, &one.path, &one.partition)
        == (&other.name, &other.domain, other.host_only, &other.path, &other.partition)
}

/// The line that makes this cookie.
fn line(cookie: &Cookie, lifetime: Option<i64>) -> String {
    let mut line = match cookie.name.as_str() {
        "" => cookie.value.clone(),
        name => format!("{name}={}", cookie.value),
    };
    let mut add = |attribute: String| {
        line.push_str("; ");
        line.push_str(&attribute);
    };
    add(format!("Path={}", cookie.path));
    if !cookie.host_only {
        add(format!("Domain={}", cookie.domain));
    }
    if let Some(seconds) = lifetime {
        add(format!("Max-Age={seconds}"));
    }
    if cookie.secure {
        add("Secure".to_owned());
    }
    match cookie.same_site {
        crate::plan::SameSite::Unset => {}
        same_site => add(format!("SameSite={}", same_site.word())),
    }
    if cookie.partition.is_some() && cookie.secure {
        add("Partitioned".to_owned());
    }
    line
}
