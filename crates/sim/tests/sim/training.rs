//! Training jobs: they really train, on what is in the bucket, or fail for a reason.

use crate::setting::*;
use capstan_core::ports::*;
use capstan_core::time::Millis;
use model::{Features, Model as Trained, Row, write_rows};
use sim::{SharedWorld, World, WorldConfig};

fn rows(from: u64, count: u64, score: impl Fn(u64) -> f64) -> Vec<u8> {
    let row = |n: u64| {
        let busy = f64::from(u32::from(n.is_multiple_of(5)));
        let mut features = [0.5; model::FEATURES];
        features[4] = busy * 20.0;
        let features = Features::from_numbers(&features).unwrap();
        Row { at: 1_767_225_600 + n * 60, host: format!("db-{}", n % 3), features, score: score(n) }
    };
    write_rows(&(from..from + count).map(row).collect::<Vec<_>>()).into_bytes()
}

fn spec(name: &str) -> TrainingSpec {
    TrainingSpec {
        name: name.to_owned(),
        image: "image".to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/iops-model".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        train: "releases/r/train.csv".to_owned(),
        held_out: "releases/r/held-out.csv".to_owned(),
        output: "releases/r".to_owned(),
        longest_seconds: 3_600,
    }
}

fn with_rows() -> SharedWorld {
    let w = world();
    let p = ports(&w);
    let bad = |n: u64| if n.is_multiple_of(5) { 3.0 } else { 0.0 };
    ok(p.put_object("releases/r/train.csv", rows(0, 400, bad)));
    ok(p.put_object("releases/r/held-out.csv", rows(400, 100, bad)));
    w
}

#[test]
fn a_job_learns_what_the_rows_say_and_leaves_the_model_in_the_bucket() {
    let w = with_rows();
    let p = ports(&w);
    ok(p.create_training_job(&spec("j"), &tags()));
    let job = ok(p.training_job("j")).unwrap();
    assert_eq!((job.status, job.artifact), (TrainingStatus::InProgress, None));
    let from = w.now();
    rest(&w);
    let took = w.now().since(from);
    assert!((Millis::minutes(4)..=Millis::minutes(8)).contains(&took), "{took:?}");
    let job = ok(p.training_job("j")).unwrap();
    assert_eq!(job.status, TrainingStatus::Completed);
    assert!(job.metrics["validation:accuracy"] > 0.99, "{:?}", job.metrics);
    assert!((job.metrics["validation:majority"] - 0.8).abs() < 0.01, "{:?}", job.metrics);
    let key = "releases/r/j/output/model.json";
    assert_eq!(job.artifact, Some(p.object_uri(key)));
    let body = ok(p.object(key)).unwrap();
    let trained = Trained::from_json(std::str::from_utf8(&body).unwrap()).unwrap();
    let mut features = [0.5; model::FEATURES];
    features[4] = 20.0;
    assert!(trained.score(&Features::from_numbers(&features).unwrap()) > 2.0);
    // An endpoint serves it.
    let model = Model {
        name: "iops-model-1".to_owned(),
        image: "image".to_owned(),
        artifact: p.object_uri(key),
        role_arn: "arn:aws:iam::000000000000:role/iops-model".to_owned(),
    };
    ok(p.create_model(&model, &tags()));
    let config = EndpointConfig { model: model.name, ..config("c", "ml.m5.large", 1) };
    ok(p.create_endpoint_config(&config, &tags()));
    ok(p.create_endpoint("e", "c", &tags()));
    rest(&w);
    let row = Features::from_numbers(&features).unwrap().to_csv();
    let answer = ask(p.infer("e", Variant::First, &row, Millis::seconds(10))).answer.unwrap();
    assert!(capstan_core::iops::answer::score(&answer).unwrap() > 2.0, "{answer}");
}

#[test]
fn a_job_without_rows_or_with_rows_that_teach_nothing_fails_and_says_why() {
    for (train, word) in [
        (None, "no S3 objects"),
        (Some(rows(0, 300, |_| 0.0)), "same score"),
        (Some(b"x".to_vec()), "line 1"),
    ] {
        let w = world();
        let p = ports(&w);
        if let Some(body) = train {
            ok(p.put_object("releases/r/train.csv", body));
            ok(p.put_object("releases/r/held-out.csv", rows(400, 100, |_| 0.0)));
        }
        ok(p.create_training_job(&spec("j"), &tags()));
        rest(&w);
        let job = ok(p.training_job("j")).unwrap();
        assert_eq!((job.status, job.artifact), (TrainingStatus::Failed, None));
        assert!(job.failure_reason.as_deref().unwrap().contains(word), "{:?}", job.failure_reason);
    }
}

/// A world that was stored while a job was under way comes to the same artifact, byte by byte.
#[test]
fn a_job_under_way_survives_a_restart() {
    let w = with_rows();
    ok(ports(&w).create_training_job(&spec("j"), &tags()));
    let (config, stored): (WorldConfig, _) = w.with(|world| (world.config().clone(), world.dump()));
    let again = SharedWorld::new(World::load(config, stored).unwrap());
    for world in [&w, &again] {
        rest(world);
    }
    let body = |world: &SharedWorld| ok(ports(world).object("releases/r/j/output/model.json")).unwrap();
    assert_eq!(body(&w), body(&again));
}
