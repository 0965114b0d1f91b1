//! The Lambda `cleanup-neptune`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-neptune", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| cleanup_neptune::handle(&aws, &settings, &input).await).await
    })
}
