//! The Lambda `provision-elasticache`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("provision-elasticache", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| provision_elasticache::handle(&aws, &settings, &input).await).await
    })
}
