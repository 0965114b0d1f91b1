//! How an entry is spelled where it is kept, and where it is shown.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads an entry or a seal as the API shows it; what is wrong with it, where it is none.
pub fn read_shown<T: DeserializeOwned>(shown: &Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(as_kept(shown))).map_err(|error| error.to_string())
}

/// A row as it is hashed: `transitionId` becomes `transition_id`. Values are as they are.
fn as_kept(shown: &Map<String, Value>) -> Map<String, Value> {
    let kept = |name: &str| {
        let mut kept = String::with_capacity(name.len() + 2);
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                kept.push('_');
            }
            kept.push(letter.to_ascii_lowercase());
        }
        kept
    };
    shown.iter().map(|(name, value)| (kept(name), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_spelled_as_they_are_hashed_and_values_are_not_touched() {
        let shown = json!({"seq": 1, "transitionId": {"innerName": "aB"}, "publicKeyId": null});
        let kept = as_kept(shown.as_object().unwrap());
        assert_eq!(
            Value::Object(kept),
            json!({"seq": 1, "transition_id": {"innerName": "aB"}, "public_key_id": null})
        );
    }
}
