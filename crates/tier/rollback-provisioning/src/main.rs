//! The Lambda `rollback-provisioning`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("rollback-provisioning", async |start| {
        let (aws, settings) = (start.aws()?, start.settings()?);
        start.run(async |input| rollback_provisioning::handle(&aws, &settings, &input).await).await
    })
}
