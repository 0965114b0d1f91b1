//! Stages as they are typed.

use serde_json::{Value, json};
use std::path::Path;

use crate::cli::Failure;

/// How a canary is to go, where a command begins one.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Course {
    /// Its stages, percent:seconds each, such as 10:20,50:20,100:30 for a laptop [default: 10:120,50:180,100:300]
    #[arg(long, value_name = "PERCENT:SECONDS,…", value_parser = stages)]
    stages: Option<Value>,
    /// Settings of its judge, JSON
    #[arg(long, value_name = "FILE")]
    settings: Option<std::path::PathBuf>,
}

impl Course {
    /// The settings as the API takes them; none, where the defaults are meant.
    pub(in crate::cli) fn settings(&self) -> Result<Option<Value>, Failure> {
        let mut settings = self.settings.as_deref().map(read).transpose()?;
        if let Some(stages) = &self.stages {
            let all = settings.get_or_insert_with(|| json!({}));
            if !all.is_object() {
                return Err(Failure::failed("the settings are not a JSON object".to_owned()));
            }
            all["stages"] = stages.clone();
        }
        Ok(settings)
    }
}

fn read(path: &Path) -> Result<Value, Failure> {
    let bad = |error: String| Failure::failed(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

/// Whether the stages make sense is the API's to say.
fn stages(text: &str) -> Result<Value, String> {
    let stage = |text: &str| {
        let (percent, seconds) = text.split_once(':')?;
        let (percent, seconds): (u8, u32) = (percent.trim().parse().ok()?, seconds.trim().parse().ok()?);
        Some(json!({ "percent": percent, "seconds": seconds }))
    };
    let wrong = |text| format!("`{text}` is not percent:seconds, such as 10:20");
    text.split(',').map(|text| stage(text).ok_or_else(|| wrong(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_go_before_those_of_the_settings() {
        let course = |given: &str| Course { stages: Some(stages(given).unwrap()), settings: None };
        assert_eq!(
            course("10:20, 100:30").settings().ok().flatten(),
            Some(json!({"stages": [{"percent": 10, "seconds": 20}, {"percent": 100, "seconds": 30}]}))
        );
        assert!(Course { stages: None, settings: None }.settings().is_ok_and(|none| none.is_none()));
        for bad in ["", "10", "10:x", "300:1", "10:20,,100:1"] {
            assert!(stages(bad).is_err(), "{bad}");
        }
    }
}
