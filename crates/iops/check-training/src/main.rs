//! The Lambda `check-training`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("check-training", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                check_training::handle(&aws, event).await.map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
