//! What the environment tells the steps, read once.

use capstan_core::tier::request::TwoPersonRule;
use capstan_core::time::Millis;
use std::collections::BTreeMap;

/// The environment of a function, as the template gives it.
pub type Environment = BTreeMap<String, String>;

/// What the steps are told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The model that endpoints serve (`SHADOW_SELF_MODEL`).
    pub model: String,
    /// How long a replaced store is kept (`GRACE_DAYS`, 1 to 90).
    pub grace: Millis,
    /// When a second person confirms (`TWO_PERSON_RULE`).
    pub two_person_rule: TwoPersonRule,
}

/// A variable that is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name}: {problem}")]
pub struct SettingError {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, with the bad value, and what would be right.
    pub problem: String,
}

impl Settings {
    /// Reads the settings; a variable that is absent has the template's default.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let model = environment.get("SHADOW_SELF_MODEL").map_or("cato-shadow-self", String::as_str);
        let name_ok = |name: &str| {
            (1..=63).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !name_ok(model) {
            return Err(SettingError {
                name: "SHADOW_SELF_MODEL",
                problem: format!(
                    "`{model}` is not the name of a SageMaker model (1 to 63 letters, digits, hyphens)"
                ),
            });
        }
        let days = match environment.get("GRACE_DAYS") {
            None => 7,
            Some(text) => {
                text.parse().ok().filter(|days| (1..=90).contains(days)).ok_or_else(|| SettingError {
                    name: "GRACE_DAYS",
                    problem: format!("`{text}` is not a whole number of days from 1 to 90"),
                })?
            }
        };
        let two_person_rule = match environment.get("TWO_PERSON_RULE") {
            None => TwoPersonRule::Off,
            Some(text) => TwoPersonRule::parse(text).ok_or_else(|| SettingError {
                name: "TWO_PERSON_RULE",
                problem: format!("`{text}` is none of {}", TwoPersonRule::NAMES.join(", ")),
            })?,
        };
        Ok(Self { model: model.to_owned(), grace: Millis::days(days), two_person_rule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        let bad = |name: &str, value: &str| {
            Settings::read(&Environment::from([(name.to_owned(), value.to_owned())])).unwrap_err().to_string()
        };
        assert!(bad("GRACE_DAYS", "soon").contains("GRACE_DAYS: `soon`"));
        assert!(bad("GRACE_DAYS", "-1").contains("`-1`"));
        assert!(bad("GRACE_DAYS", "0").contains("1 to 90"));
        assert!(bad("TWO_PERSON_RULE", "yes").contains("`yes` is none of false, true, unless-emergency"));
        assert!(bad("SHADOW_SELF_MODEL", "").contains("SHADOW_SELF_MODEL"));
        assert_eq!(Settings::read(&Environment::new()).unwrap().grace, Millis::days(7));
    }
}
