//! The Lambda `export-training-data`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("export-training-data", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                export_training_data::handle(&aws, event).await.map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
