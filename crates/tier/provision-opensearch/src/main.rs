//! The Lambda `provision-opensearch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("provision-opensearch", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| provision_opensearch::handle(&aws, &settings, &input).await).await
    })
}
