//! `capstan up`: the whole system, until it is told to stop.
//!
//! The order of the start is the order in which a person can do something about what goes wrong: the template, the
//! port, the store; and only then does anything run.

use super::{Failure, print, token::DATA_DIR};
use crate::clock::{self, ScaledClock};
use crate::engine::{Engine, Options, real::Driver};
use crate::functions::registry;
use crate::gateway::{self, Gateway};
use crate::issuer::{self, ISSUER, Issuer};
use crate::template::{Description, Parameters, Source};
use crate::{System, audit_key, key_file, seedling, wake};
use capstan_core::tier::prices;
use capstan_core::time::Millis;
use sim::{Fault, SharedWorld, WorldConfig, disk};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port to listen at; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Where data are kept
    #[arg(long, value_name = "FOLDER", env = "CAPSTAN_DATA_DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
    /// Keep nothing: everything but the keys is gone when it stops
    #[arg(long)]
    in_memory: bool,
    /// How much faster than real time the simulated cloud lives
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    speed: u32,
    /// Take all chance from this number, so that a run can be repeated
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Make the cloud misbehave, such as opensearch:CreateDomain:1:throttled (several times for several faults)
    #[arg(long, value_name = "SERVICE:OPERATION:NTH:KIND")]
    fault: Vec<Fault>,
    /// Requests a minute that each tenant may make, a quarter of it at once; 0 for no limit
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    requests_per_minute: Option<u32>,
    /// Whether moves into and out of PRODUCTION are confirmed by somebody else than asked for them
    #[arg(long, value_name = "WHEN", num_args = 0..=1, default_missing_value = "true", value_parser = ["true", "unless-emergency", "false"])]
    two_person_rule: Option<String>,
    /// The template of the system [default: ./template.yaml, else the one compiled in]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    panics_say_where_alone();
    let issuer = Issuer::open(&args.data_dir)?;
    let description = Source::choose(args.template.clone()).read(&parameters(args))?;
    let listener = listen(args.port)?;
    let address = listener.local_addr()?;
    let signing_key = audit_key::open(&args.data_dir)?;
    let world = world(args, &description, signing_key)?;
    world.with(|world| world.set_issuer_keys(ISSUER, issuer.document()));
    let system = System::new(description, registry(), world.clone())?;
    wake(&system, clock::wall());
    world.with(|world| args.fault.iter().for_each(|fault| world.add_fault(fault.clone())));
    system.expire_rows();
    let endpoints = system.description().functions.iter().filter_map(|spec| spec.env.get("IOPS_ENDPOINT"));
    seedling::plant_beside(&world, endpoints.cloned().collect())?;
    let clock = ScaledClock::new(world.now(), args.speed);
    let (tell, told) = oneshot::channel();
    let engine = Engine::new(
        Arc::clone(&system),
        Options { seed: seed(args)?, speed: args.speed, ..Options::default() },
    );
    // Nobody listens any more when the system stops anyway.
    let driver = Driver::start(engine, clock, |reason| drop(tell.send(reason)))?;
    let url = format!("http://{address}");
    let link = gateway::sign_in_link(&issuer, &url, clock::wall());
    let gateway = Gateway::new(system).on_real_time(clock, driver.waker()).at(&url).signing_in(issuer);
    let broken = serve(listener, gateway.hung_in(), told, || print(&greeting(args, address, &link)))?;
    driver.stop();
    match broken {
        None => Ok(()),
        Some(reason) => Err(Failure::failed(reason)),
    }
}

/// As in the cloud (`lambda::start`): what a panic says may hold what must not be printed. The request is answered by 502.
fn panics_say_where_alone() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // Nobody to tell if this fails.
        let _ = writeln!(io::stderr(), "capstan: a function has a defect, at {place}");
    }));
}

/// What the template's parameters are on one machine.
fn parameters(args: &Args) -> Parameters {
    let mut parameters = issuer::parameters();
    // Nobody but this machine reaches the loopback address, which is the only one that is listened at.
    parameters.insert("OpenIngest".to_owned(), "true".to_owned());
    let rate = args.requests_per_minute.map(|number| number.to_string());
    parameters.extend(rate.map(|rate| ("TenantRequestsPerMinute".to_owned(), rate)));
    parameters.extend(args.two_person_rule.clone().map(|when| ("TwoPersonRule".to_owned(), when)));
    parameters
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::failed(format!(
            "port {port} is in use. Stop what runs there, or choose another: --port {}, or --port 0 for a free one",
            if port == 3000 { 3001 } else { 3000 }
        )),
        io::ErrorKind::PermissionDenied => {
            Failure::failed(format!("port {port} is not for ordinary users. Choose one above 1023, such as --port 3000"))
        }
        _ => Failure::failed(format!("port {port} can't be listened at: {error}")),
    })
}

fn seed(args: &Args) -> Result<u64, Failure> {
    Ok(match args.seed {
        Some(seed) => seed,
        None => u64::from_be_bytes(key_file::random()?),
    })
}

/// The world from the disk, at the time at which it stopped, or a new one.
fn world(
    args: &Args,
    description: &Description,
    signing_key: Arc<dyn sim::SigningKey>,
) -> Result<SharedWorld, Failure> {
    let mut config = WorldConfig {
        seed: seed(args)?,
        start: clock::wall(),
        hourly: Some(prices::hourly),
        wall: Some(clock::wall),
        entropy: if args.seed.is_some() { None } else { Some(unpredictable) },
        signing_key: Some(signing_key),
        record: false,
        // Five minutes in the cloud, whose time passes faster here.
        recovery_lag: Millis(Millis::minutes(5).0 / u64::from(args.speed)),
        ..WorldConfig::default()
    };
    if let Some(machine) = description.state_machines.first() {
        config.state_machine.clone_from(&machine.name);
    }
    if args.in_memory {
        return Ok(SharedWorld::in_memory(config));
    }
    Ok(disk::open(&store_file(&args.data_dir), config)?)
}

fn store_file(data_dir: &Path) -> PathBuf {
    data_dir.join("store.redb")
}

fn unpredictable() -> [u8; 16] {
    // It gave random bytes at the start. A system that can't make tokens that can't be guessed must not go on.
    key_file::random().unwrap_or_else(|_| std::process::abort())
}

/// Serves until a signal comes, or the store breaks; then why.
fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    broken: oneshot::Receiver<String>,
    ready: impl FnOnce(),
) -> Result<Option<String>, Failure> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4)))
        .enable_io()
        .enable_time()
        .build()?;
    let reason = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut reason = None;
        let stop = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                Ok(broken) = broken => reason = Some(broken),
            }
        };
        ready();
        gateway::serve(listener, gateway, stop).await;
        Ok::<_, io::Error>(reason)
    })?;
    runtime.shutdown_background();
    Ok(reason)
}

fn greeting(args: &Args, address: SocketAddr, link: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "capstan".to_owned());
    let url = format!("http://{address}");
    let folder = if args.data_dir == Path::new(DATA_DIR) {
        String::new()
    } else {
        format!(" --data-dir {}", quoted(&args.data_dir.display().to_string()))
    };
    let to = if address.port() == 3000 { String::new() } else { format!("export CAPSTAN_URL={url}\n  ") };
    format!(
        "ready {url}\n\n\
         open the console in a browser (the link is yours alone, for twelve hours; `capstan console` prints another):\n  {link}\n\n\
         or try this in another terminal:\n  \
         export CAPSTAN_TOKEN=$({program} token --role super_admin --tenant 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b{folder})\n  \
         {to}curl -H \"Authorization: Bearer $CAPSTAN_TOKEN\" {url}/api/admin/infrastructure/tier\n  \
         {program} tier change STAGING --reason \"a first transition\"\n  \
         {program} tier watch\n\n\
         hosts may report without a token, since only this machine reaches this address (OpenIngest):\n  \
         curl -X POST {url}/metrics -H 'Content-Type: application/json' -d '{{\"timestamp\":\"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'\",\
         \"hostname\":\"ops-test-1\",\"cpuUsage\":75.5,\"memoryUsage\":82.3,\"diskIO\":200.5,\"networkIO\":150.2}}'\n"
    )
}

fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+,:=".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
