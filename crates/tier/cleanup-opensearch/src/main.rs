//! The Lambda `cleanup-opensearch`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("cleanup-opensearch", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| cleanup_opensearch::handle(&aws, &settings, &input).await).await
    })
}
