//! Makes a scenario smaller while something about it stays as it is.
//!
//! Candidates come from large to small: whole steps and origins first, then routes, lines, attributes
//! and settings. Each is the scenario with one thing less.

use super::case::{Body, Case, Step};

/// Every scenario that is this one with one thing less, the largest things first.
pub fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |smaller: Case| {
        if smaller != *case && !smaller.steps.is_empty() {
            all.push(smaller);
        }
    };
    // Half of the steps at once, while there are many.
    if case.steps.len() > 3 {
        let half = case.steps.len() / 2;
        add(with(case, |case| case.steps.truncate(half)));
        add(with(case, |case| _ = case.steps.drain(1..half)));
    }
    for index in (0..case.steps.len()).rev() {
        add(with(case, |case| _ = case.steps.remove(index)));
    }
    for index in (0..case.origins.len()).rev() {
        add(with(case, |case| remove_origin(case, index)));
    }
    add(with(case, remove_unused_routes));
    for (origin, routes) in case.origins.iter().map(|origin| origin.routes.len()).enumerate() {
        for route in 0..routes {
            add(with(case, |case| _ = case.origins[origin].routes.remove(route)));
        }
    }
    for (origin, declared) in case.origins.iter().enumerate() {
        if let Some(cors) = &declared.cors {
            add(with(case, |case| case.origins[origin].cors = None));
            for index in 0..cors.allow_origins.len() {
                let smaller = with(case, |case| {
                    if let Some(cors) = &mut case.origins[origin].cors {
                        cors.allow_origins.remove(index);
                    }
                });
                add(smaller);
            }
            let smaller = with(case, |case| {
                if let Some(cors) = &mut case.origins[origin].cors {
                    (cors.allow_headers, cors.allow_methods, cors.max_age) = (Vec::new(), None, None);
                }
            });
            add(smaller);
        }
        for (route, declared) in declared.routes.iter().enumerate() {
            let of = |case: &mut Case, change: &dyn Fn(&mut super::case::Route)| {
                change(&mut case.origins[origin].routes[route]);
            };
            add(with(case, |case| of(case, &|route| (route.headers, route.body) = (Vec::new(), Body::Text))));
            add(with(case, |case| of(case, &|route| route.requires = None)));
            for piece in 0..declared.page.len() {
                add(with(case, |case| of(case, &|route| _ = route.page.remove(piece))));
            }
            if declared.redirect.is_some() {
                add(with(case, |case| of(case, &|route| (route.redirect, route.status) = (None, None))));
            } else {
                add(with(case, |case| of(case, &|route| route.status = None)));
            }
            for (line, declared) in declared.set_cookie.iter().enumerate() {
                add(with(case, |case| of(case, &|route| _ = route.set_cookie.remove(line))));
                for attribute in 0..declared.attributes.len() {
                    let remove = |route: &mut super::case::Route| {
                        route.set_cookie[line].attributes.remove(attribute);
                    };
                    add(with(case, |case| of(case, &remove)));
                }
                let plain = |route: &mut super::case::Route| route.set_cookie[line].pair = "a=1".to_owned();
                add(with(case, |case| of(case, &plain)));
            }
        }
    }
    for index in 0..case.steps.len() {
        add(with(case, |case| simplify(&mut case.steps[index])));
        if let Step::Inside(_, step) = &case.steps[index] {
            let step = Step::clone(step);
            add(with(case, |case| case.steps[index] = step));
        }
        if let Step::Write(line) = &case.steps[index] {
            for attribute in 0..line.attributes.len() {
                let smaller = with(case, |case| {
                    if let Step::Write(line) = &mut case.steps[index] {
                        line.attributes.remove(attribute);
                    }
                });
                add(smaller);
            }
        }
    }
    all
}

fn with(case: &Case, change: impl FnOnce(&mut Case)) -> Case {
    let mut smaller = case.clone();
    change(&mut smaller);
    smaller
}

/// Removes an origin, and every step and redirect that names it.
fn remove_origin(case: &mut Case, index: usize) {
    let gone = case.origins.remove(index);
    let names = |url: &str| url.strip_prefix(&gone.name).is_some_and(|rest| rest.starts_with(':'));
    case.steps.retain(|step| !step.url().is_some_and(names));
    case.steps.retain(|step| !matches!(step, Step::Inside(frame, _) if names(frame)));
    for origin in &mut case.origins {
        origin.routes.retain(|route| !route.redirect.as_deref().is_some_and(names));
        if let Some(cors) = &mut origin.cors {
            cors.allow_origins.retain(|allowed| *allowed != gone.url);
        }
    }
}

/// Removes every route that neither a step nor a redirect leads to.
fn remove_unused_routes(case: &mut Case) {
    let steps = case.steps.iter().filter_map(|step| step.url().map(str::to_owned));
    let redirects = case.origins.iter().flat_map(|origin| &origin.routes);
    let pieces = case.origins.iter().flat_map(|origin| &origin.routes).flat_map(|route| &route.page);
    let pieces = pieces.filter_map(|piece| piece.url().map(str::to_owned));
    let used = steps.chain(redirects.filter_map(|route| route.redirect.clone())).chain(pieces);
    let used: Vec<String> = used.collect();
    for origin in &mut case.origins {
        let name = origin.name.clone();
        origin.routes.retain(|route| {
            let path = route.at.split_once(' ').map_or("", |(_, path)| path);
            let url = format!("{name}:{path}");
            used.iter().any(|used| used.split(['?', '#']).next() == Some(&url))
        });
    }
}

/// Removes what a request has beside its method and URL.
fn simplify(step: &mut Step) {
    if let Step::Fetch { call, .. } | Step::Xhr { call, .. } = step {
        call.headers.clear();
        call.body = false;
        call.options = "";
    }
}

#[test]
fn an_origin_goes_with_all_that_names_it() {
    let case = super::generate::case(1, 1);
    for smaller in candidates(&case) {
        let plan = smaller.plan("smaller.toml".as_ref());
        // A step may have come to be first that cannot be; nothing else may be wrong.
        if let Err(mistakes) = plan {
            let known = [
                "first step",
                "no step before this one loads",
                "this step needs a page",
                "built-in page is no WebSocket",
            ];
            assert!(known.iter().any(|known| mistakes.contains(known)), "{mistakes}");
        }
    }
}
