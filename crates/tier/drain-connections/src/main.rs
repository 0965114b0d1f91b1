//! The Lambda `drain-connections`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("drain-connections", async |start| {
        let aws = start.aws()?;
        start.run(async |input| drain_connections::handle(&aws, &input).await).await
    })
}
