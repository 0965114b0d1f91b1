//! The Lambda `start-canary`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("start-canary", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                rollout::step(event, async |input| start_canary::handle(&aws, &input).await).await
            })
            .await
    })
}
