//! The text of state machines, and the substitutions in it.

use super::place::{Place, TemplateError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The state machines compiled in, by the path the template calls them.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "statemachine/tier-transition.asl.json",
        include_str!("../../../../statemachine/tier-transition.asl.json"),
    ),
    (
        "statemachine/canary-rollout.asl.json",
        include_str!("../../../../statemachine/canary-rollout.asl.json"),
    ),
    ("statemachine/model-release.asl.json", include_str!("../../../../statemachine/model-release.asl.json")),
    ("statemachine/table-restore.asl.json", include_str!("../../../../statemachine/table-restore.asl.json")),
];

/// Where definitions are looked for.
#[derive(Debug, Clone)]
pub(super) struct Definitions {
    folder: Option<PathBuf>,
}

impl Definitions {
    pub(super) const fn built_in() -> Self {
        Self { folder: None }
    }
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    pub(super) fn text(&self, uri: &str) -> Result<String, String> {
        let file = self.folder.as_ref().map(|folder| folder.join(uri));
        if let Some(file) = file.as_ref().filter(|file| file.exists()) {
            return fs::read_to_string(file)
                .map_err(|error| format!("{} can't be read ({error})", file.display()));
        }
        let built_in = BUILT_IN.iter().find(|(path, _)| *path == uri).map(|(_, text)| (*text).to_owned());
        built_in.ok_or_else(|| {
            let place = file.map_or_else(|| uri.to_owned(), |file| file.display().to_string());
            format!("there is no file {place}")
        })
    }
}

/// The definition with its substitutions made.
pub(super) fn made(
    text: &str,
    file: &str,
    substitutions: &BTreeMap<String, String>,
    place: &Place<'_>,
) -> Result<Value, TemplateError> {
    let text =
        substitute(text, substitutions).map_err(|message| place.error(format!("{file}: {message}")))?;
    serde_json::from_str(&text).map_err(|error| place.error(format!("{file} is not JSON: {error}")))
}

/// Puts values in the place of `${Name}`. A name without a value is an error, and a value without a name too.
fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut unused: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("a `${` has no `}`")?;
        let value = values.get(name).ok_or_else(|| {
            format!("`${{{name}}}` has no value; add {name} to the DefinitionSubstitutions in the template")
        })?;
        unused.remove(name);
        let quoted = Value::String(value.clone()).to_string();
        result.push_str(before);
        result.push_str(&quoted[1..quoted.len() - 1]);
        rest = after;
    }
    result.push_str(rest);
    match unused.first() {
        None => Ok(result),
        Some(name) => {
            Err(format!("nothing in it uses the substitution {name}; use it, or take it out of the template"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
        substitute(text, &values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn substitutions_fill_every_name_and_are_all_used() {
        assert_eq!(filled(r#"{"a":"${A}-${A}"}"#, &[("A", "x\"y")]).unwrap(), r#"{"a":"x\"y-x\"y"}"#);
        assert!(filled("${A}", &[]).unwrap_err().contains("`${A}` has no value"));
        assert!(filled("{}", &[("B", "x")]).unwrap_err().contains("substitution B"));
        assert!(filled("${A", &[]).unwrap_err().contains("no `}`"));
    }
}
