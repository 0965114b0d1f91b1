//! The Lambda `judge-canary`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("judge-canary", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                rollout::step(event, async |input| judge_canary::handle(&aws, &input).await).await
            })
            .await
    })
}
