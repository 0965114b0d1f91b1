//! `register-model`: the gate. The model that serves is asked about the rows that were held out, the very rows on which the
//! job has measured the new one; a worse one is refused, and nothing is deployed. What passes is recorded as a candidate.

use capstan_core::iops::answer;
use capstan_core::iops::models::{Measured, ReleaseStatus, refusal};
use capstan_core::ports::{Clock, EndpointStatus, Endpoints, Inference, Objects, Store, Variant};
use capstan_core::time::Millis;
use capstan_core::together;
use iops_records::Transaction;
use iops_records::models::{self, Release, VersionRow};
use model::{Evaluation, Row, read_rows};
use release::{Answer, Input, ReleaseError, Settings, Turn};
use serde_json::{Value, json};

/// How long one answer is waited for.
const PATIENCE: Millis = Millis(2_000);
/// How many rows are asked about at once.
const AT_ONCE: usize = 16;
/// A model that leaves more than one row of so many unanswered can't be measured.
const UNANSWERED: usize = 20;

/// Holds the new model against the one that serves. `Done`: it is a candidate.
pub async fn handle<P>(ports: &P, settings: &Settings, event: Value) -> Result<Value, ReleaseError>
where
    P: Store + Clock + Objects + Endpoints + Inference,
{
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    release::guard(&release, ports)?;
    Turn::Register.check(&release)?;
    if models::version(ports, &release.model_version).await?.is_some() {
        return Ok(json!(Answer::Done));
    }
    let (Some(new), Some(artifact)) = (release.measured, release.artifact.clone()) else {
        return Err(ReleaseError::TrainingFailed("nothing was measured of the new model".to_owned()));
    };
    release.serving_measured = serving(ports, &release).await?;
    release::go(&mut release, ReleaseStatus::Registering)?;
    if let Some(why) = refusal(&new, release.serving_measured.as_ref()) {
        release::save(ports, &mut release).await?;
        return Err(ReleaseError::ModelRefused(why));
    }
    let (image, _) = settings.container()?;
    let mut version = VersionRow::candidate(&release, artifact, image.to_owned(), ports.wall());
    let mut transaction = Transaction::new();
    transaction.put(&mut version);
    transaction.put(&mut release);
    transaction.commit(ports).await?;
    Ok(json!(Answer::Done))
}

/// What is measured of the model that serves; `None`: none does, or it can't be measured since it does not answer.
async fn serving<P>(ports: &P, release: &Release) -> Result<Option<Measured>, ReleaseError>
where
    P: Store + Objects + Endpoints + Inference,
{
    let routed = iops_records::routing(ports).await?.share.percent > 0;
    if !routed && models::serving(ports).await?.serving.is_none() {
        return Ok(None);
    }
    let endpoint = ports.endpoint(&release.endpoint).await?;
    if endpoint.is_none_or(|endpoint| endpoint.status != EndpointStatus::InService) {
        return Ok(None);
    }
    let rows = held_out(ports, release).await?;
    let mut said = Vec::with_capacity(rows.len());
    for some in rows.chunks(AT_ONCE) {
        let asked = some.iter().map(|row| async {
            let answered =
                ports.infer(&release.endpoint, Variant::First, &row.features.to_csv(), PATIENCE).await.answer;
            answered.ok().and_then(|text| answer::score(&text).ok())
        });
        said.extend(together(asked).await);
        if said.iter().filter(|score| score.is_none()).count() * UNANSWERED > rows.len() {
            return Ok(None);
        }
    }
    let (answered, said): (Vec<Row>, Vec<f64>) =
        rows.into_iter().zip(said).filter_map(|(row, score)| Some((row, score?))).unzip();
    Ok(Some(measured(&Evaluation::of_scores(&answered, &said))))
}

async fn held_out(ports: &impl Objects, release: &Release) -> Result<Vec<Row>, ReleaseError> {
    let key = release.data.as_ref().map(|data| data.held_out.clone()).unwrap_or_default();
    let body = ports.object(&key).await?;
    let text = body.and_then(|body| String::from_utf8(body).ok());
    let rows = text.and_then(|text| read_rows(&text).ok());
    rows.ok_or_else(|| {
        ReleaseError::TrainingFailed(format!("the rows held out ({key}) can't be read any more"))
    })
}

fn measured(evaluation: &Evaluation) -> Measured {
    Measured {
        accuracy: evaluation.accuracy,
        majority: evaluation.by_always_saying_the_same,
        mean_error: evaluation.mean_error,
        caught: evaluation.caught(2),
    }
}
