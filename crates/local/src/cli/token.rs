//! `capstan token`.

use super::{Failure, print};
use crate::clock;
use crate::issuer::{Bearer, Issuer};
use capstan_core::ids::TenantId;
use capstan_core::subject::subject_objection;
use capstan_core::tier::Role;
use capstan_core::time::Millis;
use std::path::PathBuf;

/// Where data lie unless said otherwise.
pub(super) const DATA_DIR: &str = ".capstan";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the bearer may do: viewer, operator, admin or `super_admin`
    #[arg(long, value_parser = parse_role)]
    role: Role,
    /// Whose tenant: any UUID
    #[arg(long, value_name = "UUID", value_parser = TenantId::parse)]
    tenant: TenantId,
    /// Who the bearer is, for the record
    #[arg(long, value_name = "NAME", default_value = "developer")]
    subject: String,
    /// How long it is good; none may be good for longer than a day
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=24))]
    hours: u64,
    /// The folder of the system's data, which also holds the key
    #[arg(long, value_name = "FOLDER", env = "CAPSTAN_DATA_DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "there are viewer, operator, admin and super_admin".to_owned())
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(why) = subject_objection(&args.subject) {
        return Err(Failure::usage(format!("--subject can't be {:?}: {why}", args.subject)));
    }
    let issuer = Issuer::open(&args.data_dir)?;
    let bearer = Bearer { subject: &args.subject, role: args.role, tenant: &args.tenant };
    print(&issuer.token(bearer, clock::wall(), Millis::hours(args.hours)));
    Ok(())
}
