//! The Lambda `restore-table`.

use iops_restoring::{Input, Settings};
use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("restore-table", async |start| {
        let (aws, settings) = (start.aws()?, Settings::read(start.environment())?);
        start
            .run_event(async |event| {
                let input = Input::read(event)?;
                Ok(serde_json::json!(restore_table::handle(&aws, &settings, &input).await?))
            })
            .await
    })
}
