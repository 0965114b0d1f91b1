//! The Lambda `provision-sagemaker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("provision-sagemaker", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| provision_sagemaker::handle(&aws, &settings, &input).await).await
    })
}
