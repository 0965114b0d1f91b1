//! The Lambda `transition-failed`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("transition-failed", async |start| {
        let aws = start.aws()?;
        start.run(async |input| transition_failed::handle(&aws, &input).await).await
    })
}
