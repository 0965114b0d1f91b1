//! What [`Inference`] promises.

use crate::case::{Case, Checked, cases, equal, holds};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Inference, Variant};
use capstan_core::time::Millis;

pub(super) fn cases<P: Inference>() -> Vec<Case<P>> {
    cases! { "Inference":
        an_endpoint_that_is_not_there_answers_nothing [infer],
    }
}

/// What a model answers is the model's; what is promised of all is that a failure is one, with its time.
async fn an_endpoint_that_is_not_there_answers_nothing<P: Inference>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let asked = ports.infer(&stage.name("absent"), Variant::First, "1,2,3", Millis(5_000)).await;
    equal("what it is", &asked.answer.map_err(|error| error.kind), &Err(CloudErrorKind::NotFound))?;
    holds("its time is one", asked.millis.is_finite() && asked.millis >= 0.0)
}
