//! The Lambda `check-endpoint`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("check-endpoint", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                check_endpoint::handle(&aws, event).await.map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
