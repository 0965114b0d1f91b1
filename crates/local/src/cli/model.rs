//! `capstan model`: trains the model that an endpoint serves, on exported rows, and asks one.

use super::table::Table;
use super::{Failure, print};
use super::{ab, release};
use model::{Evaluation, Model, Rows, Trained, gate};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Train a model on rows, and keep it if it is no worse than the one that serves
    Train(Train),
    /// Say the score of every row by a model
    Score(Score),
    /// Train a new version on what is stored, and deploy it behind a canary
    Release(release::Release),
    /// Releases, newest first
    Releases(release::Releases),
    /// How a release goes, a line for each change, until its end; one that was undone is a failure
    Watch(release::Watch),
    /// Stop a release and have it undone
    Cancel(release::Cancel),
    /// Which version serves, and those there are
    List(release::To),
    /// Deploy a version again that is there already
    Back(release::Back),
    /// Have two versions answer, each for its share of the hosts, and see which is worse
    #[command(subcommand)]
    Ab(ab::Ab),
}

#[derive(Debug, clap::Args)]
pub(super) struct Train {
    /// Rows in CSV: at, host, the 25 features, score
    rows: PathBuf,
    /// Where the model goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model that serves: a worse one is refused
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// What chance comes from; the same rows and number give the same model
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Score {
    /// A model that `capstan model train` has written
    model: PathBuf,
    /// Rows in CSV: at, host, the 25 features, score
    rows: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Train(args) => train(args),
        Command::Score(args) => score(args),
        Command::Release(args) => release::release(args),
        Command::Releases(args) => release::releases(args),
        Command::Watch(args) => release::watch(args),
        Command::Cancel(args) => release::cancel(args),
        Command::List(args) => release::list(args),
        Command::Back(args) => release::back(args),
        Command::Ab(args) => ab::run(args),
    }
}

fn train(args: &Train) -> Result<(), Failure> {
    let rows = rows(&args.rows)?;
    let serving = args.against.as_deref().map(read).transpose()?;
    let trained = Trained::on(&rows, args.seed).map_err(|error| Failure::failed(error.to_string()))?;
    let measured = gate(&trained.model, serving.as_ref(), rows.held_out()).map_err(|refused| {
        Failure::failed(format!(
            "the new model is refused, and {} is not written: {refused}",
            args.out.display()
        ))
    })?;
    let stored = trained.model.to_json().map_err(|error| Failure::failed(error.to_string()))?;
    write(&args.out, &stored)?;
    let serving = serving.map(|serving| Evaluation::of(&serving, rows.held_out()));
    print(&if args.json {
        serde_json::to_string_pretty(&json!({
            "learntFrom": trained.learnt_from, "heldOut": measured, "serving": serving, "bytes": stored.len(),
        }))?
    } else {
        shown(&trained, &measured, serving.as_ref(), &args.out)
    });
    Ok(())
}

fn score(args: &Score) -> Result<(), Failure> {
    let (model, rows) = (read(&args.model)?, rows(&args.rows)?);
    let said = model.scores(rows.all().iter().map(|row| &row.features));
    let each = rows.all().iter().zip(said);
    if args.json {
        let each: Vec<_> =
            each.map(|(row, said)| json!({ "at": row.at, "host": row.host, "score": said })).collect();
        print(&serde_json::to_string_pretty(&each)?);
        return Ok(());
    }
    let mut table = Table::new(&[">AT", "HOST", ">SCORE", ">IN THE ROW"]);
    for (row, said) in each {
        table.row([row.at.to_string(), row.host.clone(), format!("{said:.2}"), format!("{:.2}", row.score)]);
    }
    print(&table.text());
    Ok(())
}

fn shown(trained: &Trained, measured: &Evaluation, serving: Option<&Evaluation>, out: &Path) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let caught = |of: &Evaluation| of.caught(2).map_or("none there".to_owned(), percent);
    let line = |name: &str, of: &Evaluation| {
        [name.to_owned(), percent(of.accuracy), format!("{:.3}", of.mean_error), caught(of)]
    };
    let mut table = Table::new(&["", ">RIGHT CLASS", ">OFF BY", ">HIGH AND CRITICAL FOUND"]);
    table.row(line("the new model", measured));
    if let Some(serving) = serving {
        table.row(line("the one that serves", serving));
    }
    format!(
        "learnt from {} rows, measured on the {} that come after them (the most frequent class always: {})\n{}{} is written\n",
        trained.learnt_from,
        measured.rows,
        percent(measured.by_always_saying_the_same),
        table.text(),
        out.display()
    )
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("{} can't be read: {error}", path.display())))
}

fn rows(path: &Path) -> Result<Rows, Failure> {
    Rows::parse(&text(path)?).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<Model, Failure> {
    Model::from_json(&text(path)?).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

/// Wholly or not at all: the model that is there stays until the new one is.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut part = path.to_owned().into_os_string();
    part.push(".part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| Failure::failed(format!("{} can't be written: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Features, Row};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("capstan-model-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Rows whose score follows from the load; told the other way round they teach the opposite.
    fn csv(turned: bool) -> String {
        let row = |n: u32| {
            let busy = n.is_multiple_of(3);
            let mut numbers = [f64::from(n % 17); 25];
            numbers[2] = if busy { 90_000.0 } else { 100.0 };
            let features = Features::from_numbers(&numbers).unwrap();
            let score = if busy == turned { 0.0 } else { 2.0 };
            Row { at: u64::from(n) * 60, host: format!("host-{}", n % 5), features, score }
        };
        Rows::new((0..400).map(row).collect()).unwrap().to_csv()
    }

    fn trained(folder: &Path, rows: &str, out: &str, against: Option<&str>) -> Result<(), Failure> {
        fs::write(folder.join("rows.csv"), rows).unwrap();
        let against = against.map(|name| folder.join(name));
        train(&Train { rows: folder.join("rows.csv"), out: folder.join(out), against, seed: 1, json: true })
    }

    #[test]
    fn a_model_is_written_and_a_worse_one_leaves_what_is_there() {
        let folder = folder("gate");
        trained(&folder, &csv(false), "good.json", None).unwrap();
        trained(&folder, &csv(true), "turned.json", None).unwrap();
        let good = fs::read_to_string(folder.join("good.json")).unwrap();
        // Half of what it learns from is told the other way round.
        let mixed: String = csv(false).lines().zip(csv(true).lines()).enumerate().fold(
            String::new(),
            |text, (index, (straight, turned))| {
                text + if index > 0 && index < 320 && index % 2 == 0 { turned } else { straight } + "\n"
            },
        );
        let refused = trained(&folder, &mixed, "good.json", Some("good.json")).unwrap_err();
        assert!(
            refused.message.contains("is refused") && refused.message.contains("is not written"),
            "{}",
            refused.message
        );
        assert_eq!(fs::read_to_string(folder.join("good.json")).unwrap(), good);
        trained(&folder, &csv(false), "turned.json", Some("turned.json")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("turned.json")).unwrap(), good);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_can_t_be_read_is_named() {
        let folder = folder("errors");
        let absent = rows(&folder.join("absent.csv")).unwrap_err();
        assert!(absent.message.contains("absent.csv can't be read"), "{}", absent.message);
        fs::write(folder.join("x.json"), "{}").unwrap();
        let other = read(&folder.join("x.json")).unwrap_err();
        assert!(other.message.contains("x.json: this is not a stored model"), "{}", other.message);
        fs::remove_dir_all(folder).unwrap();
    }
}
