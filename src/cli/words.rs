//! Words of the command line that have a form of their own: report files, shards and limits.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

/// `KIND=FILE`: a report that is written beside the one on stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile<K> {
    /// What kind of report.
    pub kind: K,
    /// Where it is written.
    pub path: PathBuf,
}

/// A kind of report file, by the word before the `=`.
pub trait Kind: Copy + Send + Sync + 'static {
    /// Every kind, with its word.
    const ALL: &'static [(&'static str, Self)];
}

/// What `run` can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunReport {
    /// A page for people.
    Html,
    /// For continuous integration.
    Junit,
    /// The document of `--format json`.
    Json,
}

impl Kind for RunReport {
    const ALL: &'static [(&'static str, Self)] =
        &[("html", Self::Html), ("junit", Self::Junit), ("json", Self::Json)];
}

/// What `audit` can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditReport {
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// The document of `--format json`.
    Json,
}

impl Kind for AuditReport {
    const ALL: &'static [(&'static str, Self)] = &[("sarif", Self::Sarif), ("json", Self::Json)];
}

impl<K: Kind> FromStr for ReportFile<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = K::ALL.iter().map(|(word, _)| *word).collect();
        let example = format!("write it as `{}=report.{0}`", words[0]);
        let (word, path) = text.split_once('=').ok_or_else(|| example.clone())?;
        let kind = K::ALL.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        let kind =
            kind.ok_or_else(|| format!("`{word}` is not one of {}; {example}", crate::text::listed(&words)))?;
        if path.is_empty() {
            return Err(format!("a report needs a file; {example}"));
        }
        Ok(Self { kind, path: path.into() })
    }
}

/// `K/N`: the K-th of N equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, counted from 1.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            text.parse::<NonZeroU32>().ok().and_then(|number| usize::try_from(number.get()).ok())
        };
        let parts = text.split_once('/').and_then(|(index, of)| Some((number(index)?, number(of)?)));
        match parts {
            Some((index, of)) if index <= of => Ok(Self { index, of }),
            Some((index, of)) => Err(format!("there is no part {index} of {of}; the last one is {of}/{of}")),
            None => Err("write it as `1/3`: the first of three parts".to_owned()),
        }
    }
}

/// A limit of time: `500ms`, `45s`, `2m`.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    let example = "write it as `45s`, `2m` or `500ms`";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| example.to_owned())?;
    let limit = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(example.to_owned()),
    };
    // Shorter than that no browser starts, and longer than a day nobody waits.
    match limit.as_millis() {
        100..=86_400_000 => Ok(limit),
        _ => Err("a limit is from 100ms to a day".to_owned()),
    }
}

/// A machine by its address, or a network of machines: `192.0.2.7`, `192.0.2.0/24`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn machines(word: &str) -> Result<IpNet, String> {
    let machine = || word.parse::<IpAddr>().map(IpNet::from);
    let network = || word.parse::<IpNet>().map(|network| network.trunc());
    machine().or_else(|_| network()).map_err(|_| "write an address, or a network as 192.0.2.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_and_limits_are_read_and_nonsense_is_not() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!(limit("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(limit("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "5", "s", "1h", "0s", "99999999999999999999s", "9999999m", "-1s"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_report_has_a_kind_and_a_file() {
        let report: ReportFile<RunReport> = "html=a=b.html".parse().expect("a report");
        assert_eq!((report.kind, report.path), (RunReport::Html, PathBuf::from("a=b.html")));
        for wrong in ["html", "html=", "=x", "pdf=x", "sarif=x"] {
            assert!(wrong.parse::<ReportFile<RunReport>>().is_err(), "{wrong}");
        }
    }
}
