//! The Lambda `cleanup-elasticache`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-elasticache", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| cleanup_elasticache::handle(&aws, &settings, &input).await).await
    })
}
