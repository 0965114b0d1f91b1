//! The Lambda `check-cost`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("check-cost", async |start| {
        let aws = start.aws()?;
        let memory = check_cost::Memory::new();
        start.run_http(&aws, async |request| check_cost::handle(&aws, &memory, request).await).await
    })
}
