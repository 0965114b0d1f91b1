//! The Lambda `end-canary`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("end-canary", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                end_canary::handle(&aws, event).await.map_err(|error| (error.name(), error.chain()))
            })
            .await
    })
}
