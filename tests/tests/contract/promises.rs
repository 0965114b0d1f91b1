//! What docs/security.md and docs/reliability.md promise, each promise with the test that keeps it: that test is there.

use capstan_tests::workspace;
use std::fs;
use std::path::Path;

const PAGES: [&str; 2] = ["docs/security.md", "docs/reliability.md"];

#[test]
fn the_test_of_every_promise_is_there() {
    let mut sources = Vec::new();
    for folder in ["crates", "tests"] {
        collect(&workspace::root().join(folder), &mut sources);
    }
    let mut missing = Vec::new();
    let mut found = 0;
    for page in PAGES {
        let text = workspace::text(page);
        for row in text.lines().filter(|line| line.starts_with("| ")) {
            let Some(kept_by) = row.split('|').nth(2) else { continue };
            for name in kept_by.split('`').skip(1).step_by(2).filter_map(test_named) {
                let there = |source: &String| {
                    source.contains(&format!("fn {name}")) || source.contains(&format!("fuzz!({name},"))
                };
                if sources.iter().any(there) {
                    found += 1;
                } else {
                    missing.push(format!("{page}: {name}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert!(found > 60, "only {found} tests are named");
}

/// The name of a test, or its beginning where it is cut short: at least three words with lines between, after its module.
fn test_named(word: &str) -> Option<&str> {
    let name = word.rsplit("::").next()?.trim_end_matches('…');
    let plain =
        name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter.is_ascii_digit());
    (plain && name.matches('_').count() >= 2).then_some(name)
}

fn collect(folder: &Path, sources: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.extend(fs::read_to_string(&path));
        }
    }
}
