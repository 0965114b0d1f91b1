//! The Lambda `cleanup-kinesis`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-kinesis", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| cleanup_kinesis::handle(&aws, &settings, &input).await).await
    })
}
