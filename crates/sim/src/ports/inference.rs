//! `SageMaker` endpoints that answer.

use super::{Ports, named};
use crate::cloud::{Answer, Refusal};
use crate::operation::Operation;
use capstan_core::ports::{CloudErrorKind, Inference, Inferred, Variant};
use capstan_core::time::Millis;

impl Inference for Ports {
    /// What the answer takes is told and not waited for: calls of one run are under way at the same time, and a run that
    /// waited for each would take as long as all of them together.
    async fn infer(&self, endpoint: &str, variant: Variant, row: &str, limit: Millis) -> Inferred {
        let mut took = Millis(0);
        let answer: Answer<String> = self
            .call(Operation::InvokeEndpoint, endpoint, |world, _| {
                let (seed, chance) = (world.config.seed, world.now().as_millis());
                let (answer, length) = world.cloud.infer((endpoint, variant), row, limit, seed, chance);
                took = length;
                answer
            })
            .await;
        if matches!(&answer, Err(Refusal { kind: CloudErrorKind::Unknown, .. })) {
            took = limit;
        }
        #[expect(clippy::cast_precision_loss, reason = "some hundred milliseconds")]
        let millis = took.0 as f64;
        Inferred { answer: named(Operation::InvokeEndpoint, endpoint, answer), millis }
    }
}
