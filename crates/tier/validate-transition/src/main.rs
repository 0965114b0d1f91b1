//! The Lambda `validate-transition`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::start("validate-transition", async |start| {
        let aws = start.aws()?;
        start.run(async |input| validate_transition::handle(&aws, &input).await).await
    })
}
