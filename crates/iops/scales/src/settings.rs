//! What may be scaled, from the environment.

use capstan_core::iops::Restorable;
use capstan_core::iops::scale::Scaled;
use capstan_core::iops::watch::function_name;
use capstan_core::ports::{CloudResult, Functions};
use std::collections::BTreeMap;
use tier_steps::SettingError;

/// What may be scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    environment: String,
    /// By their crates' names.
    functions: Vec<String>,
    /// Each with its name as the template has it and the function that is asked which one serves.
    tables: [(Restorable, String, String); 2],
    endpoint: Option<String>,
    usage_plan: String,
}

fn text(env: &BTreeMap<String, String>, name: &'static str) -> Result<String, SettingError> {
    let missing = || SettingError { name, problem: "is missing".to_owned() };
    env.get(name).filter(|text| !text.is_empty()).cloned().ok_or_else(missing)
}

impl Settings {
    /// Reads `ENVIRONMENT`, `SCALE_FUNCTIONS` (crates' names, separated by commas), `METRICS_TABLE`, `METRICS_READER`,
    /// `INSIGHTS_TABLE`, `INSIGHTS_READER`, `IOPS_ENDPOINT` (empty: none) and `IOPS_USAGE_PLAN`.
    pub fn read(env: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let functions = text(env, "SCALE_FUNCTIONS")?;
        Ok(Self {
            environment: text(env, "ENVIRONMENT")?,
            functions: functions.split(',').map(|one| one.trim().to_owned()).collect(),
            tables: [
                (Restorable::Metrics, text(env, "METRICS_TABLE")?, text(env, "METRICS_READER")?),
                (Restorable::Insights, text(env, "INSIGHTS_TABLE")?, text(env, "INSIGHTS_READER")?),
            ],
            endpoint: env.get("IOPS_ENDPOINT").filter(|name| !name.is_empty()).cloned(),
            usage_plan: text(env, "IOPS_USAGE_PLAN")?,
        })
    }

    /// The names by which requests know what may be scaled.
    pub(crate) fn names(&self) -> Vec<String> {
        let functions = self.functions.iter().map(|name| format!("function/{name}"));
        let tables = self.tables.iter().map(|(table, ..)| format!("table/{}", table.as_str()));
        let endpoint = self.endpoint.iter().map(|_| "endpoint".to_owned());
        functions.chain(tables).chain(endpoint).chain(["usage-plan".to_owned()]).collect()
    }

    /// What a request means; `None`: nothing that may be scaled. Of a table that was restored, the one that serves now.
    pub(crate) async fn resource(&self, ports: &impl Functions, name: &str) -> CloudResult<Option<Scaled>> {
        Ok(match name.split_once('/') {
            Some(("function", name)) => {
                let known = self.functions.iter().find(|known| *known == name);
                known.map(|known| Scaled::Function(function_name(known, &self.environment)))
            }
            Some(("table", name)) => {
                let known = self.tables.iter().find(|(table, ..)| table.as_str() == name);
                let Some((table, own, reader)) = known else { return Ok(None) };
                let view = ports.function(reader).await?;
                let named = view.and_then(|view| view.environment.get(table.table().variable()?).cloned());
                Some(Scaled::Table(named.unwrap_or_else(|| own.clone())))
            }
            None if name == "endpoint" => self.endpoint.clone().map(Scaled::Endpoint),
            None if name == "usage-plan" => Some(Scaled::UsagePlan(self.usage_plan.clone())),
            _ => None,
        })
    }
}
