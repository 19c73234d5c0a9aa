//! `run --watch`: runs again whenever a scenario's file is saved, in browsers that stay open.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::run::Rehearsal;
use super::servers;
use crate::cli::{RunArgs, ServerArgs};
use crate::plan::Plan;
use crate::run::{self, Browsers};
use crate::text::counted;

/// How often the files are looked at. A person does not notice it, and some hundred files cost nothing.
const LOOK: Duration = Duration::from_millis(50);

/// When a file was saved and how long it is; nothing while it is not there, as editors have it for an instant.
type Stamp = Option<(SystemTime, u64)>;

/// Runs all scenarios, and then each again whenever it, or what it includes, is saved. Ends with Ctrl-C.
pub(super) async fn watch(plans: &[Arc<Plan>], options: &run::Options, arguments: &RunArgs) -> ExitCode {
    let cancelled = super::cancelled_by_signals();
    let mut browsers = Browsers::kept();
    let mut plans = plans.to_vec();
    let mut due = plans.clone();
    let mut stamps = stamps(&files(&plans));
    while !cancelled.is_cancelled() {
        if !due.is_empty() {
            let rehearsal = Rehearsal { plans: &due, options, arguments, mistakes: &[] };
            rehearsal.run(&mut browsers, &cancelled).await;
        }
        super::remark(&format!("watching {}; Ctrl-C ends it", counted(stamps.len(), "file")));
        let Some(saved) = next_save(&mut stamps, &cancelled).await else { break };
        (plans, due) = again(plans, &saved, &arguments.servers);
        for file in files(&plans) {
            let stamp = stamp(&file);
            stamps.entry(file).or_insert(stamp);
        }
    }
    browsers.close().await;
    super::interrupted()
}

/// The files that were saved since the last look; nothing where it was cancelled before.
async fn next_save(
    stamps: &mut BTreeMap<PathBuf, Stamp>,
    cancelled: &tokio_util::sync::CancellationToken,
) -> Option<Vec<PathBuf>> {
    loop {
        tokio::select! {
            biased;
            () = cancelled.cancelled() => return None,
            () = tokio::time::sleep(LOOK) => {}
        }
        let mut saved = Vec::new();
        for (file, known) in stamps.iter_mut() {
            let now = stamp(file);
            if now.is_some() && now != *known {
                *known = now;
                saved.push(file.clone());
            }
        }
        if !saved.is_empty() {
            return Some(saved);
        }
    }
}

/// All scenarios, those of saved files read anew, and of these the ones that can be run. What is wrong with a
/// file is said, and it is watched on.
fn again(plans: Vec<Arc<Plan>>, saved: &[PathBuf], allowed: &ServerArgs) -> (Vec<Arc<Plan>>, Vec<Arc<Plan>>) {
    let (mut all, mut due) = (Vec::new(), Vec::new());
    for plan in plans {
        if !files_of(&plan).iter().any(|file| saved.contains(file)) {
            all.push(plan);
            continue;
        }
        let read = servers::load(&[PathBuf::from(&plan.source.path)], allowed);
        match read.ok().as_ref().and_then(|read| read.plans.first()) {
            Some(new) => {
                due.push(Arc::clone(new));
                all.push(Arc::clone(new));
            }
            None => all.push(plan),
        }
    }
    (all, due)
}

fn files(plans: &[Arc<Plan>]) -> Vec<PathBuf> {
    plans.iter().flat_map(|plan| files_of(plan)).collect()
}

fn files_of(plan: &Plan) -> Vec<PathBuf> {
    plan.source.parts().map(|part| PathBuf::from(part.path)).collect()
}

fn stamps(files: &[PathBuf]) -> BTreeMap<PathBuf, Stamp> {
    files.iter().map(|file| (file.clone(), stamp(file))).collect()
}

fn stamp(file: &PathBuf) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
