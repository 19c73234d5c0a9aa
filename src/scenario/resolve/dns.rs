//! `dns`: names of the zone beside those of the origins.

use std::net::IpAddr;

use url::{Host, Url};

use super::super::mistakes::Mistakes;
use super::super::written;
use super::address::{Names, check_host};
use crate::diagnostic::Diagnostic;
use crate::plan::{Record, RecordData};

/// The records, those that are right.
pub(super) fn records(written: &[written::Record], names: &Names, mistakes: &Mistakes) -> Vec<Record> {
    let mut records: Vec<(Record, &written::Record)> = Vec::new();
    for record in written {
        let Some(name) = name(record, names, mistakes) else {
            continue;
        };
        if let Some((_, first)) = records.iter().find(|(other, _)| other.name == name) {
            mistakes.add(
                Diagnostic::error(format!("`{name}` is declared twice"))
                    .label(record.name.span.clone(), "again")
                    .label(first.name.span.clone(), "first here")
                    .note("case does not count in DNS")
                    .help("leave one of them out"),
            );
            continue;
        }
        if let Some(data) = data(record, names, mistakes) {
            records.push((Record { name, data }, record));
        }
    }
    loops(&records, mistakes);
    records.into_iter().map(|(record, _)| record).collect()
}

fn name(record: &written::Record, names: &Names, mistakes: &Mistakes) -> Option<String> {
    let name = record.name.value.to_ascii_lowercase();
    let bare = name.strip_prefix("*.").unwrap_or(&name);
    let wrong = match check_host(bare) {
        Err(why) => Some(why),
        Ok(()) if bare.parse::<IpAddr>().is_ok() => Some("it is an address".to_owned()),
        Ok(()) => None,
    };
    if let Some(why) = wrong {
        mistakes.add(
            Diagnostic::error(format!("`{}` is not a name for DNS: {why}", record.name.value))
                .label(record.name.span.clone(), "")
                .help("write a whole name, such as `alias.example.com` or `*.example.com`"),
        );
        return None;
    }
    let origin = names
        .origins()
        .iter()
        .find(|origin| host_of(origin.url.as_ref().map(|url| &url.value)) == Some(&name));
    if let Some(origin) = origin {
        let first = origin.url.as_ref().map_or(origin.name.span.clone(), |url| url.span.clone());
        mistakes.add(
            Diagnostic::error(format!("`{name}` is the host of origin `{}`", origin.name.value))
                .label(record.name.span.clone(), "declared again")
                .label(first, "declared by this origin")
                .note("the name of an origin always leads to that origin")
                .help("leave this record out"),
        );
        return None;
    }
    Some(name)
}

fn host_of(url: Option<&Url>) -> Option<&str> {
    match url?.host() {
        Some(Host::Domain(host)) => Some(host),
        _ => None,
    }
}

fn data(record: &written::Record, names: &Names, mistakes: &Mistakes) -> Option<RecordData> {
    match (&record.cname, &record.address) {
        (Some(cname), None) => {
            let target = cname.value.to_ascii_lowercase();
            let is_origin = names
                .origins()
                .iter()
                .any(|origin| host_of(origin.url.as_ref().map(|url| &url.value)) == Some(&target));
            let broken = names.origins().iter().any(|origin| origin.url.is_none());
            if !is_origin && !names.is_declared(&target) && !broken {
                let hosts = names
                    .origins()
                    .iter()
                    .filter_map(|origin| host_of(origin.url.as_ref().map(|url| &url.value)));
                mistakes.add(
                    Diagnostic::error(format!("`{target}` is not a name of this world"))
                        .label(cname.span.clone(), "")
                        .suggest(&target, hosts)
                        .help("an alias leads to the host of an origin, or to another name under `dns`"),
                );
                return None;
            }
            Some(RecordData::Cname(target))
        }
        (None, Some(address)) => match address.value.parse::<IpAddr>() {
            Ok(parsed) if parsed.is_loopback() => Some(RecordData::Address(parsed)),
            Ok(_) => {
                mistakes.add(
                    Diagnostic::error(format!("`{}` is not a loopback address", address.value))
                        .label(address.span.clone(), "")
                        .note("nothing in a world leaves the machine")
                        .help("write an address from 127.0.0.0/8, or `::1`"),
                );
                None
            }
            Err(_) => {
                mistakes.add(
                    Diagnostic::error(format!("`{}` is not an address", address.value))
                        .label(address.span.clone(), "")
                        .help("write an address such as `127.0.0.1`; a name goes into `cname`"),
                );
                None
            }
        },
        (both, _) => {
            let what =
                if both.is_some() { "both `cname` and `address`" } else { "neither `cname` nor `address`" };
            mistakes.add(
                Diagnostic::error(format!("the record of `{}` has {what}", record.name.value))
                    .label(record.name.span.clone(), "")
                    .help("give it one: `{ cname = \"api.example.com\" }` or `{ address = \"127.0.0.1\" }`"),
            );
            None
        }
    }
}

/// Reports every alias that leads back to itself.
fn loops(records: &[(Record, &written::Record)], mistakes: &Mistakes) {
    let mut told: Vec<&str> = Vec::new();
    for (record, written) in records {
        if told.contains(&record.name.as_str()) {
            continue;
        }
        let mut path = vec![record.name.as_str()];
        let mut at = record;
        while let RecordData::Cname(target) = &at.data {
            path.push(target);
            if answers(&record.name, target) {
                mistakes.add(
                    Diagnostic::error("an alias leads back to itself")
                        .label(written.name.span.clone(), "")
                        .note(path.join(" -> "))
                        .help("let one of the names lead to the host of an origin"),
                );
                told.append(&mut path);
                break;
            }
            // A loop further on that does not come back here is reported where it does.
            match records.iter().find(|(next, _)| answers(&next.name, target)) {
                Some((next, _)) if path.len() <= records.len() => at = next,
                _ => break,
            }
        }
    }
}

/// Whether the record of this name answers for a name.
fn answers(record: &str, name: &str) -> bool {
    match record.strip_prefix('*') {
        Some(rest) => name.strip_suffix(rest).is_some_and(|label| !label.is_empty()),
        None => record == name,
    }
}
