//! The Lambda `transition-complete`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("transition-complete", async |start| {
        let aws = start.aws()?;
        start.run(async |input| transition_complete::handle(&aws, &input).await).await
    })
}
