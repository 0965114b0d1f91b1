//! The Lambda `set-traffic`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("set-traffic", async |start| {
        let aws = start.aws()?;
        start
            .run_task(async |event| {
                rollout::step(event, async |input| set_traffic::handle(&aws, &input).await).await
            })
            .await
    })
}
