//! The Lambda `scales`.

use scales::Settings;
use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("scales", async |start| {
        let (aws, settings) = (start.aws()?, Settings::read(start.environment())?);
        start.run_http(&aws, async |request| scales::handle(&aws, &settings, request).await).await
    })
}
