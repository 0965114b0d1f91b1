//! `export-training-data`: writes rows to learn from, and rows to measure on, to the bucket.
//!
//! Rows come from hosts on which something was found: incidents, and the hours around them, in which all was well. A host on
//! which nothing ever was found would add rows of score 0 alone, of which there are more than enough; so nothing has to be
//! scanned, and what is read grows with what was found and not with the fleet. Where there is more than a release takes, hosts
//! are an even sample by a hash of their names, and rows are thinned evenly.
//! Undone by nothing: the rows of a release that was undone are the evidence of why.

mod gather;

use capstan_core::ports::{Clock, Objects, Store};
use capstan_core::time::Timestamp;
use iops_records::models::{Purpose, Release, TrainingData};
use model::{Row, Rows, write_rows};
use release::{Answer, Input, ReleaseError};
use serde_json::{Value, json};

/// The most rows of a release, those held out included.
pub const MOST_ROWS: usize = 20_000;
/// The most rows that are held out: the model that serves is asked about each.
pub const MOST_HELD_OUT: usize = 1_000;

/// Exports the rows of a release. `Done`: they are there. `Deploy`: it trains nothing.
pub async fn handle<P>(ports: &P, event: Value) -> Result<Value, ReleaseError>
where
    P: Store + Clock + Objects,
{
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    release::guard(&release, ports)?;
    let Purpose::Train { days } = release.purpose else { return Ok(json!(Answer::Deploy)) };
    if release.data.is_none() {
        let until = release.asked.at.as_millis() / 1_000;
        let found = gather::gather(ports, until, u64::from(days)).await?;
        let data = write(ports, &release, found).await?;
        release.data = Some(data);
        release::save(ports, &mut release).await?;
    }
    Ok(json!(Answer::Done))
}

async fn write(
    ports: &impl Objects,
    release: &Release,
    found: gather::Gathered,
) -> Result<TrainingData, ReleaseError> {
    let many = found.rows.len() > MOST_ROWS;
    let rows = Rows::new(thinned(found.rows, MOST_ROWS)).map_err(|error| {
        ReleaseError::TooLittleData(format!(
            "{error}. Rows come from hosts on which something was found within the {} days that were asked for: take more days, \
             or wait for more to be found (GET /insights/summary says how much there is)",
            found.days
        ))
    })?;
    let held_out = thinned(rows.held_out().to_vec(), MOST_HELD_OUT);
    one_kind(rows.to_learn())?;
    let id = &release.release_id;
    let (train, held_key) = (format!("releases/{id}/train.csv"), format!("releases/{id}/held-out.csv"));
    ports.put_object(&train, write_rows(rows.to_learn()).into_bytes()).await?;
    ports.put_object(&held_key, write_rows(&held_out).into_bytes()).await?;
    let time = |row: Option<&Row>| Timestamp::from_millis(row.map_or(0, |row| row.at) * 1_000);
    Ok(TrainingData {
        train,
        held_out: held_key,
        learn_rows: rows.to_learn().len() as u64,
        held_out_rows: held_out.len() as u64,
        hosts: found.hosts,
        since: time(rows.all().first()),
        until: time(rows.all().last()),
        sampled: many || found.sampled,
    })
}

/// Refuses rows that are all alike: there is nothing to tell apart.
fn one_kind(rows: &[Row]) -> Result<(), ReleaseError> {
    let class = |row: &Row| model::class(row.score);
    let first = rows.first().map(class);
    if rows.iter().any(|row| Some(class(row)) != first) {
        return Ok(());
    }
    Err(ReleaseError::TooLittleData(format!(
        "all {} rows to learn from are of one class: there is nothing to tell apart. Take more days, so that there are incidents \
         in them",
        rows.len()
    )))
}

/// At most so many, evenly spread over those there are.
fn thinned(rows: Vec<Row>, most: usize) -> Vec<Row> {
    let step = rows.len().div_ceil(most).max(1);
    rows.into_iter().step_by(step).collect()
}
