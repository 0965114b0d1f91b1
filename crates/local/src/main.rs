//! The command `capstan`: all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::cli::main()
}
