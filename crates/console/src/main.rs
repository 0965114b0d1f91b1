//! The Lambda `console`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("console", async |start| {
        let (aws, config) = (start.aws()?, console::Config::read(start.environment())?);
        start.run_pages(console::late, async |event| console::handle(&aws, &config, event).await).await
    })
}
