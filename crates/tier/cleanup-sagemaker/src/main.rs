//! The Lambda `cleanup-sagemaker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-sagemaker", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| cleanup_sagemaker::handle(&aws, &settings, &input).await).await
    })
}
