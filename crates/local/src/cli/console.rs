//! `capstan console`: the link by which one signs in to the console of the system on this machine.

use super::{Failure, print, token::DATA_DIR};
use crate::clock;
use crate::gateway::sign_in_link;
use crate::issuer::Issuer;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the system is
    #[arg(long, env = "CAPSTAN_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// The folder of the system's data, which also holds the key
    #[arg(long, value_name = "FOLDER", env = "CAPSTAN_DATA_DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let url = args.url.trim_end_matches('/');
    if !["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start)) {
        return Err(Failure::usage(format!(
            "`{url}` is not on this machine: elsewhere the console is at /console of the API, and one signs in with the issuer"
        )));
    }
    print(&sign_in_link(&Issuer::open(&args.data_dir)?, url, clock::wall()));
    Ok(())
}
