#![doc = include_str!("../README.md")]

use capstan_core::ports::{Effect, Endpoints, Item, Key, Store, Table, Write};
use serde_json::json;
use tier_records::RecordError;
use tier_steps::{Answer, StepError, StepInput};

/// The partition that the item goes to.
const PARTITION: &str = "BENCH";

/// The endpoint that is described: its name begins as an endpoint's does and ends with the tenant's first eight digits.
pub fn endpoint_name(input: &StepInput) -> String {
    format!("cato-shadow-self-{}", input.tenant_id.as_str().get(..8).unwrap_or_default())
}

/// Describes the tenant's endpoint and writes one item about it, whatever was there before.
pub async fn handle<P: Endpoints + Store>(ports: &P, input: &StepInput) -> Result<Answer, StepError> {
    let seen = ports.endpoint(&endpoint_name(input)).await.map_err(StepError::of_cloud)?;
    let key = Key {
        table: Table::TierIndex,
        partition: PARTITION.to_owned(),
        sort: input.transition_id.as_str().to_owned(),
    };
    let item = Item::from_iter([
        ("index_name".to_owned(), json!(key.partition)),
        ("entry".to_owned(), json!(key.sort)),
        ("status".to_owned(), json!(seen.map(|seen| seen.status))),
    ]);
    let write = Write { key, effect: Effect::Put(item), condition: None };
    ports.transact(vec![write]).await.map_err(RecordError::Store)?;
    Ok(Answer::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{Invocation, Outcome, Ports, SharedWorld, WorldConfig};

    #[test]
    fn one_item_is_written() {
        let (world, invocation) = (SharedWorld::in_memory(WorldConfig::default()), Invocation::unlimited());
        let ports = Ports::for_invocation(&world, invocation.clone());
        let payload = json!({
            "tenantId": "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b",
            "transitionId": "019b76da-a800-73cb-a1e4-59320dd7044c",
        });
        let input = StepInput::read(payload).unwrap();
        assert_eq!(endpoint_name(&input), "cato-shadow-self-8d3c7a52");
        let done = sim::run(handle(&ports, &input), &invocation);
        assert!(matches!(done, Outcome::Done(Ok(Answer::Done), _)));
        assert_eq!(world.with(|world| world.items(Table::TierIndex).count()), 1);
    }
}
