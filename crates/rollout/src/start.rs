//! The first step: is the endpoint in service, is there something to compare with?

use crate::begin::{Objection, in_service};
use crate::{Error, Input, Verdict, of};
use capstan_core::ports::{Clock, EndpointConfigs, Endpoints, Store};
use capstan_core::time::Millis;
use iops_records::{CanaryStatus, Transaction};

/// How long a request of the baseline is waited for. Hosts report once a minute, mostly.
const PATIENCE: Millis = Millis::minutes(3);

/// `Wait` until a request of the baseline is measured, then `Next`: the first stage is due. `End`: it has ended.
pub async fn start<P>(ports: &P, input: &Input) -> Result<Verdict, Error>
where
    P: Store + Clock + Endpoints + EndpointConfigs,
{
    let mut canary = of(ports, input).await?;
    if canary.ended() || canary.outcome.is_some() {
        return Ok(Verdict::End);
    }
    if canary.status == CanaryStatus::Running {
        return Ok(Verdict::Next);
    }
    let (_, version) = in_service(ports, &canary.endpoint).await.map_err(|objection| match objection {
        Objection::Error(error) => error,
        other => Error::EndpointNotReady(other.to_string()),
    })?;
    if version != canary.model_version {
        return Err(Error::EndpointNotReady(format!(
            "the endpoint {} runs {version} by now and not {}: start a new canary",
            canary.endpoint, canary.model_version
        )));
    }
    let measured = iops_records::measurements(ports, canary.id()).await?;
    if measured.iter().all(|interval| interval.baseline.requests() == 0) {
        if ports.wall().since(canary.asked_at) < PATIENCE {
            return Ok(Verdict::Wait);
        }
        return Err(Error::NoBaseline(format!(
            "no request was analysed within {} minutes, so there is nothing to compare with: do hosts report?",
            PATIENCE.0 / Millis::minutes(1).0
        )));
    }
    canary.status = CanaryStatus::Running;
    canary.next = Some(0);
    let mut transaction = Transaction::new();
    transaction.put(&mut canary);
    transaction.commit(ports).await?;
    Ok(Verdict::Next)
}
