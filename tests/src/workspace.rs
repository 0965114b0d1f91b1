//! The files of the workspace.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// The text of a file, by its path from the workspace's folder.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} can't be read: {error}"))
}

/// A file as JSON.
pub fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path} is not JSON: {error}"))
}

/// The folders of the workspace's members.
pub fn members() -> Vec<String> {
    let manifest = text("Cargo.toml");
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    let members = members.expect("Cargo.toml has `members = [`");
    members
        .split(',')
        .map(|member| member.trim().trim_matches('"').to_owned())
        .filter(|m| !m.is_empty())
        .collect()
}

/// The folders in which functions lie, each with what their names in the cloud begin with.
pub const FAMILIES: [(&str, &str); 2] = [("crates/tier", "cato-"), ("crates/iops", "iops-")];
/// The function that is of no family, since it is a page for all of them: its folder, and what its name begins with.
const CONSOLE: (&str, &str, &str) = ("console", "crates/console", "cato-");

/// The crates that are functions: what lies in those folders, but for the libraries that they share.
pub fn functions() -> BTreeSet<String> {
    let names = FAMILIES.iter().flat_map(|(folder, _)| folders(&root().join(folder)));
    names
        .filter(|name| name != "records" && name != "steps" && name != "restoring" && name != "scaling")
        .chain([CONSOLE.0.to_owned()])
        .collect()
}

/// A function's folder, and what its name in the cloud begins with.
pub fn family_of(function: &str) -> (String, &'static str) {
    let (console, folder, begins) = CONSOLE;
    if function == console {
        return (folder.to_owned(), begins);
    }
    let found = FAMILIES.iter().find(|(folder, _)| root().join(folder).join(function).is_dir());
    let (folder, begins) = found.unwrap_or_else(|| panic!("there is no function {function}"));
    (format!("{folder}/{function}"), begins)
}

/// The names of the folders in a folder.
pub fn folders(within: &Path) -> BTreeSet<String> {
    entries(within).into_iter().filter(|path| path.is_dir()).map(|path| file_name(&path)).collect()
}

/// The files of `events/` without their ending: `tier-change/change-to-staging`.
pub fn events() -> BTreeSet<String> {
    let folder = root().join("events");
    let mut events = BTreeSet::new();
    for function in folders(&folder) {
        for file in entries(&folder.join(&function)) {
            let name = file_name(&file);
            let case = name.strip_suffix(".json").unwrap_or_else(|| {
                panic!("events/{function}/{name} is not an event: take it away, or end its name with .json")
            });
            events.insert(format!("{function}/{case}"));
        }
    }
    events
}

/// What lies in a folder, in order.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let read =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{} can't be read: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
