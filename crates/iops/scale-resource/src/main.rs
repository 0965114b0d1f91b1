//! The Lambda `scale-resource`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("scale-resource", async |start| {
        let aws = start.aws()?;
        start.run_scheduled(async || Ok(scale_resource::handle(&aws).await?.to_json())).await
    })
}
