//! The Lambda `provision-kinesis`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("provision-kinesis", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| provision_kinesis::handle(&aws, &settings, &input).await).await
    })
}
