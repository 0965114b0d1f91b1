//! The Lambda `verify-provisioning`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("verify-provisioning", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| verify_provisioning::handle(&aws, &settings, &input).await).await
    })
}
