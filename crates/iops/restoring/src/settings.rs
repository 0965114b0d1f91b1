//! Which tables serve, and which functions work on them, from the environment.

use capstan_core::iops::Restorable;
use std::collections::BTreeMap;
use tier_steps::SettingError;

/// A table that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its name as the template has it.
    pub table: String,
    /// The functions that work on it, in the order in which they are exchanged: those that read before those that write.
    pub functions: Vec<String>,
    /// The function that is fed from its stream.
    pub fed: Option<String>,
}

/// The tables that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    metrics: Served,
    insights: Served,
}

fn names(env: &BTreeMap<String, String>, name: &'static str) -> Result<Vec<String>, SettingError> {
    let text = env.get(name).map(String::as_str).unwrap_or_default();
    let names: Vec<String> =
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        let problem = "is missing: give names, separated by commas".to_owned();
        return Err(SettingError { name, problem });
    }
    Ok(names)
}

fn name(env: &BTreeMap<String, String>, name: &'static str) -> Result<String, SettingError> {
    Ok(names(env, name)?.swap_remove(0))
}

impl Settings {
    /// Reads `METRICS_TABLE`, `METRICS_FUNCTIONS`, `METRICS_FED`, `INSIGHTS_TABLE` and `INSIGHTS_FUNCTIONS`.
    pub fn read(env: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        Ok(Self {
            metrics: Served {
                table: name(env, "METRICS_TABLE")?,
                functions: names(env, "METRICS_FUNCTIONS")?,
                fed: Some(name(env, "METRICS_FED")?),
            },
            insights: Served {
                table: name(env, "INSIGHTS_TABLE")?,
                functions: names(env, "INSIGHTS_FUNCTIONS")?,
                fed: None,
            },
        })
    }

    /// What is known of a table.
    pub const fn of(&self, table: Restorable) -> &Served {
        match table {
            Restorable::Metrics => &self.metrics,
            Restorable::Insights => &self.insights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let mut env: BTreeMap<String, String> =
            ["METRICS_TABLE", "METRICS_FED", "INSIGHTS_TABLE", "INSIGHTS_FUNCTIONS"]
                .map(|name| (name.to_owned(), "one".to_owned()))
                .into();
        let error = Settings::read(&env).unwrap_err();
        assert_eq!(error.name, "METRICS_FUNCTIONS");
        env.insert("METRICS_FUNCTIONS".to_owned(), "a, b,".to_owned());
        assert_eq!(Settings::read(&env).unwrap().of(Restorable::Metrics).functions, ["a", "b"]);
    }
}
