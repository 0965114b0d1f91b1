//! The Lambda `provision-neptune`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("provision-neptune", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| provision_neptune::handle(&aws, &settings, &input).await).await
    })
}
