//! The binary itself, from outside: the runbook's calls over HTTP, `kill -9` in the middle of a transition, and every way
//! in which a start goes wrong.
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";

fn capstan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    for variable in ["CAPSTAN_URL", "CAPSTAN_TOKEN", "CAPSTAN_DATA_DIR"] {
        command.env_remove(variable);
    }
    command
}

/// A folder of its own for each test, new every time.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

struct Server {
    child: Child,
    url: String,
    folder: PathBuf,
}

impl Server {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = capstan()
            .args(["up", "--port", "0", "--data-dir"])
            .arg(folder)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("capstan starts");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let ready = lines.find(|line| line.starts_with("ready ")).expect("it gets ready");
        let url = ready.trim_start_matches("ready ").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, folder: folder.to_owned() }
    }

    fn token(&self, role: &str) -> String {
        self.token_of("developer", role)
    }

    fn token_of(&self, subject: &str, role: &str) -> String {
        let printed = capstan()
            .args(["token", "--subject", subject, "--role", role, "--tenant", TENANT, "--data-dir"])
            .arg(&self.folder)
            .output()
            .expect("a token");
        String::from_utf8(printed.stdout).expect("text").trim().to_owned()
    }

    /// One call, as the runbook's curl lines make it.
    fn call(&self, token: &str, method: &str, path: &str, body: Option<&str>) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("{}/api/admin/infrastructure{path}", self.url);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json");
        let answer = match body {
            Some(body) => agent.run(request.body(body.to_owned()).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.expect("an answer");
        let text = answer.body_mut().read_to_string().expect("a body");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A request with two `Authorization` headers; its status.
    fn two_callers(&self, one: &str, other: &str) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = agent.get(format!("{}/api/admin/infrastructure/tier", self.url));
        for token in [one, other] {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        request.call().expect("an answer").status().as_u16()
    }

    /// Waits until no change is under way; the last change.
    fn settle(&self, token: &str) -> Value {
        for _ in 0..600 {
            let status = self.call(token, "GET", "/tier/transition-status", None).1;
            if status["transitionId"].is_null() {
                return status["lastChange"].clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the change came to no end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn the_runbook_s_calls_take_a_tenant_to_production_and_back() {
    let server = Server::start(&folder("runbook"), &["--speed", "3600"]);
    let (admin, super_admin) = (server.token("admin"), server.token("super_admin"));
    let change = r#"{
    "targetTier": "STAGING",
    "reason": "Load testing for Q1 release"
}"#;
    let (status, begun) = server.call(&admin, "POST", "/tier/change", Some(change));
    assert_eq!((status, &begun["status"]), (200, &json!("INITIATED")), "{begun}");
    assert_eq!(server.settle(&admin)["status"], "COMPLETED");

    let spike = r#"{"targetTier": "PRODUCTION", "reason": "[EMERGENCY] Traffic spike from viral event"}"#;
    assert_eq!(server.call(&admin, "POST", "/tier/bypass-cooldown", Some(spike)).0, 403);
    let (_, asked) = server.call(&super_admin, "POST", "/tier/bypass-cooldown", Some(spike));
    assert_eq!(asked["status"], "REQUIRES_CONFIRMATION");
    let confirm = json!({"confirmationToken": asked["confirmationToken"]}).to_string();
    assert_eq!(
        server.call(&admin, "POST", "/tier/confirm", Some(&confirm)).0,
        403,
        "a bypass stays a super admin's"
    );
    assert_eq!(server.call(&super_admin, "POST", "/tier/confirm", Some(&confirm)).1["status"], "INITIATED");
    assert_eq!(server.settle(&admin)["status"], "COMPLETED");
    let tier = server.call(&admin, "GET", "/tier", None).1;
    assert_eq!(
        (&tier["currentTier"], &tier["estimatedMonthlyCost"]),
        (&json!("PRODUCTION"), &json!(750_000))
    );

    let edit = r#"{
    "sagemakerShadowSelfMinInstances": 1,
    "sagemakerShadowSelfMaxInstances": 2,
    "budgetMonthlyCuriosityLimit": 200
}"#;
    assert_eq!(server.call(&admin, "PUT", "/tier/configs/DEV", Some(edit)).0, 200);
    let runaway = r#"{"targetTier": "DEV", "reason": "[EMERGENCY] Cost runaway"}"#;
    let (_, asked) = server.call(&super_admin, "POST", "/tier/bypass-cooldown", Some(runaway));
    let confirm = json!({"confirmationToken": asked["confirmationToken"]}).to_string();
    assert_eq!(server.call(&super_admin, "POST", "/tier/confirm", Some(&confirm)).1["status"], "INITIATED");
    assert_eq!(server.settle(&admin)["status"], "COMPLETED");
    let history = server.call(&admin, "GET", "/tier/change-history?limit=50", None).1;
    assert_eq!(history["changes"].as_array().map(Vec::len), Some(3));
    assert_eq!(server.call(&admin, "GET", "/tier/orphans", None).1["orphans"], json!([]));
}

#[test]
fn a_transition_goes_on_after_kill_9() {
    let folder = folder("kill");
    let mut server = Server::start(&folder, &["--speed", "600"]);
    let token = server.token("super_admin");
    let wish = r#"{"targetTier": "STAGING", "reason": "Load testing for Q1 release"}"#;
    let (_, begun) = server.call(&token, "POST", "/tier/change", Some(wish));
    assert_eq!(begun["status"], "INITIATED", "{begun}");
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(250));
        drop(server);
        server = Server::start(&folder, &["--speed", "600"]);
        let status = server.call(&token, "GET", "/tier/transition-status", None).1;
        assert!(
            status["transitionId"] == begun["transitionId"] || status["lastChange"]["status"] == "COMPLETED",
            "{status}"
        );
    }
    let last = server.settle(&token);
    assert_eq!(
        (&last["status"], &last["transitionId"]),
        (&json!("COMPLETED"), &begun["transitionId"]),
        "{last}"
    );
    assert_eq!(server.call(&token, "GET", "/tier/orphans", None).1["orphans"], json!([]));
}

#[test]
fn a_fault_undoes_the_change_and_says_why() {
    let server =
        Server::start(&folder("fault"), &["--speed", "3600", "--fault", "opensearch:CreateDomain:*:quota"]);
    let token = server.token("admin");
    let wish = r#"{"targetTier": "STAGING", "reason": "Load testing for Q1 release"}"#;
    server.call(&token, "POST", "/tier/change", Some(wish));
    let last = server.settle(&token);
    assert_eq!(
        (&last["status"], &last["errors"][0]["name"]),
        (&json!("ROLLED_BACK"), &json!("CapacityRefused"))
    );
    assert_eq!(server.call(&token, "GET", "/tier", None).1["transitionStatus"], "FAILED");
    assert_eq!(server.call(&token, "GET", "/tier/resources", None).1["resources"], json!([]));
}

#[test]
fn the_door_is_locked() {
    let server = Server::start(&folder("door"), &[]);
    let viewer = server.token("viewer");
    let wish = r#"{"targetTier": "STAGING", "reason": "Load testing for Q1 release"}"#;
    assert_eq!(server.call("nonsense", "GET", "/tier", None).0, 401);
    // The header's value ends where the next header begins: two callers at once.
    assert_eq!(server.two_callers(&viewer, &server.token("super_admin")), 401);
    assert_eq!(server.call(&viewer, "GET", "/tier", None).0, 200);
    assert_eq!(server.call(&viewer, "POST", "/tier/change", Some(wish)).0, 403);
    assert_eq!(server.call(&viewer, "GET", "/nothing", None).0, 404);
    assert_eq!(server.call(&viewer, "DELETE", "/tier", None).0, 405);
    let huge = format!(r#"{{"targetTier": "STAGING", "reason": "{}"}}"#, "a".repeat(70_000));
    let (status, problem) = server.call(&viewer, "POST", "/tier/change", Some(&huge));
    assert_eq!((status, problem["status"].as_u64()), (413, Some(413)), "{problem}");
}

/// What a start that fails says, and that it does fail.
fn refused(port: &str, arguments: &[&str], folder: &Path) -> String {
    let output = capstan()
        .args(["up", "--port", port, "--data-dir"])
        .arg(folder)
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_start_that_goes_wrong_says_what_to_do() {
    let place = folder("wrong");
    let server = Server::start(&place, &[]);
    let port = server.url.rsplit(':').next().expect("a port").to_owned();
    let message = refused(&port, &[], &folder("wrong-port"));
    assert!(message.contains(&port) && message.contains("--port"), "{message}");
    assert!(refused("0", &[], &place).contains("use"), "the store is another process's");
    drop(server);

    let damaged = folder("wrong-store");
    drop(Server::start(&damaged, &[]));
    for entry in std::fs::read_dir(&damaged).expect("a folder").flatten() {
        if entry.metadata().is_ok_and(|data| data.len() > 1_000) {
            std::fs::write(entry.path(), b"this is no store").expect("written");
        }
    }
    let message = refused("0", &[], &damaged);
    assert!(message.contains("Move it away"), "{message}");
    assert!(
        std::fs::read_dir(&damaged)
            .expect("a folder")
            .flatten()
            .any(|entry| { std::fs::read(entry.path()).is_ok_and(|content| content == b"this is no store") }),
        "nothing is deleted"
    );

    let emptied = folder("wrong-empty");
    std::fs::write(emptied.join("store.redb"), b"").expect("written");
    let message = refused("0", &[], &emptied);
    assert!(message.contains("it is empty") && message.contains("Move it away"), "{message}");

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("template.yaml")).expect("the template");
    let strange = folder("wrong-template");
    std::fs::create_dir_all(strange.join("statemachine")).expect("a folder");
    let definition = "statemachine/tier-transition.asl.json";
    std::fs::copy(root.join(definition), strange.join(definition)).expect("copied");
    std::fs::write(
        strange.join("template.yaml"),
        text.replace("Binary: find-orphans", "Binary: find-treasure"),
    )
    .expect("written");
    let file = strange.join("template.yaml");
    let message = refused("0", &["--template", file.to_str().expect("a path")], &strange);
    assert!(message.contains("find-treasure"), "{message}");
    let message = refused("0", &["--fault", "opensearch:MakeDomain:1:quota"], &strange);
    assert!(message.contains("MakeDomain") && message.contains("CreateDomain"), "{message}");
}

/// Time in which nothing happened has passed all the same.
#[test]
fn a_cooldown_that_is_over_is_over_after_a_restart() {
    let folder = folder("idle");
    let mut server = Server::start(&folder, &["--speed", "3600"]);
    let token = server.token("super_admin");
    assert_eq!(server.call(&token, "PUT", "/tier/cooldown", Some(r#"{"hours": 1}"#)).0, 200);
    let wish = r#"{"targetTier": "STAGING", "reason": "Load testing for Q1 release"}"#;
    server.call(&token, "POST", "/tier/change", Some(wish));
    assert_eq!(server.settle(&token)["status"], "COMPLETED");
    let cooling = |server: &Server| server.call(&token, "GET", "/tier", None).1["cooldownActive"].clone();
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(50));
        if cooling(&server) == json!(false) {
            break;
        }
    }
    assert_eq!(cooling(&server), json!(false));
    let told = Command::new("kill").arg(server.child.id().to_string()).status().expect("kill runs");
    assert!(told.success() && server.child.wait().expect("it ends").success());
    let server = Server::start(&folder, &["--speed", "1"]);
    assert_eq!(cooling(&server), json!(false));
}

#[test]
fn it_stops_when_it_is_told_to() {
    let mut server = Server::start(&folder("stop"), &[]);
    let told = Command::new("kill").arg(server.child.id().to_string()).status().expect("kill runs");
    assert!(told.success());
    assert!(server.child.wait().expect("it ends").success(), "SIGTERM is no failure");
}

#[test]
fn the_exit_code_says_what_went_wrong() {
    let server = Server::start(&folder("codes"), &["--speed", "3600"]);
    let token = server.token("super_admin");
    let code = |arguments: &[&str], url: &str| {
        let run =
            capstan().args(arguments).args(["--url", url, "--token", &token]).output().expect("it runs");
        (
            run.status.code(),
            String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr),
        )
    };
    assert_eq!(code(&["tier", "status"], &server.url).0, Some(0));
    let (refused, said) = code(&["tier", "change", "STAGING", "--reason", "short"], &server.url);
    assert_eq!(refused, Some(1), "{said}");
    assert!(said.contains("at least 10"), "{said}");
    assert_eq!(
        code(&["tier", "change", "NOWHERE", "--reason", "Load testing for Q1"], &server.url).0,
        Some(2)
    );
    assert_eq!(code(&["tier", "status"], "http://127.0.0.1:9").0, Some(3));
    let (asked, said) =
        code(&["tier", "change", "PRODUCTION", "--reason", "Load testing for Q1"], &server.url);
    assert_eq!(asked, Some(4), "not started before it is confirmed: {said}");
    let (begun, said) =
        code(&["tier", "change", "PRODUCTION", "--reason", "Load testing for Q1", "--yes"], &server.url);
    assert_eq!(begun, Some(0), "{said}");
    let (watched, said) = code(&["tier", "watch"], &server.url);
    assert!(watched == Some(0) && said.contains("COMPLETED"), "{said}");
    let (_, resources) = code(&["tier", "resources"], &server.url);
    assert!(
        resources.contains("cache-group") && resources.contains('Z'),
        "kinds, and times with their zone: {resources}"
    );
    let (_, again) = code(&["tier", "watch"], &server.url);
    assert!(again.contains("nothing is under way"), "{again}");
    let (_, history) = code(&["tier", "history", "--json"], &server.url);
    let history: Value = serde_json::from_str(&history).expect("JSON");
    assert_eq!(history["changes"][0]["status"], "COMPLETED");
}

#[test]
fn a_drill_says_what_became_of_each_transition() {
    let drill = |more: &[&str]| {
        let run =
            capstan().args(["drill", "tier", "--json", "--seed", "5"]).args(more).output().expect("it runs");
        let legs: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        (run.status.code(), legs)
    };
    let (code, legs) = drill(&["--path", "DEV,STAGING,PRODUCTION,STAGING,DEV"]);
    let legs = legs.as_array().expect("an array").clone();
    assert_eq!((code, legs.len()), (Some(0), 4));
    for leg in &legs {
        assert_eq!((&leg["status"], &leg["orphans"]), (&json!("COMPLETED"), &json!([])), "{leg}");
        let seconds = |field: &str| leg[field].as_f64().expect("seconds");
        assert!(seconds("virtualSeconds") <= seconds("slowestResourceSeconds") + 20.0, "{leg}");
    }
    assert_eq!((&legs[0]["costBefore"], &legs[0]["costAfter"]), (&json!(350), &json!(35_000)));
    let (code, legs) = drill(&["--path", "DEV,STAGING", "--fault", "neptune:CreateDBInstance:1:denied"]);
    assert_eq!((code, &legs[0]["status"]), (Some(1), &json!("ROLLED_BACK")));
    assert_eq!(legs[0]["orphans"], json!([]));
}

/// The command as a person would run it, against a server: exit code, standard output, standard error.
fn run(server: &Server, token: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let run =
        capstan().args(arguments).args(["--url", &server.url, "--token", token]).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

/// The function has started the change and dies before it answers; the command sends it again and says so.
#[test]
fn an_answer_lost_on_its_way_is_asked_for_again_and_the_change_started_once() {
    let fault = "dynamodb:TransactWriteItems:2:crash-after";
    let server = Server::start(&folder("lost"), &["--requests-per-minute", "0", "--fault", fault]);
    let token = server.token("admin");
    let wish = ["tier", "change", "STAGING", "--reason", "Load testing for Q1 release"];
    let (code, said, beside) = run(&server, &token, &wish);
    assert_eq!(code, Some(0), "{said}{beside}");
    assert!(said.contains("INITIATED"), "{said}");
    assert!(beside.contains("HTTP 502") && beside.contains("same key"), "{beside}");
    let history = server.call(&token, "GET", "/tier/change-history", None).1;
    assert_eq!(history["changes"].as_array().map(Vec::len), Some(1), "{history}");
}

#[test]
fn the_second_person_confirms_from_another_terminal() {
    let server = Server::start(&folder("two"), &["--two-person-rule"]);
    let (one, other) = (server.token("admin"), server.token_of("bob", "admin"));
    let wish = ["tier", "change", "PRODUCTION", "--reason", "Load testing for Q1 release", "--yes"];
    let (code, said, beside) = run(&server, &one, &wish);
    assert_eq!(code, Some(4), "nobody is two persons in haste: {said}{beside}");
    assert!(said.contains("somebody else"), "{said}");
    let line =
        said.lines().find(|line| line.contains("capstan tier confirm")).expect("the line to be handed on");
    let confirmation = line.split_whitespace().last().expect("a token");
    let (code, _, refused) = run(&server, &one, &["tier", "confirm", confirmation]);
    assert!(code == Some(1) && refused.contains("SECOND_PERSON_NEEDED"), "{refused}");
    let (code, said, beside) = run(&server, &other, &["tier", "confirm", confirmation]);
    assert!(code == Some(0) && said.contains("INITIATED"), "{said}{beside}");
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let server = Server::start(&folder("rate"), &["--requests-per-minute", "4"]);
    let token = server.token("viewer");
    assert_eq!(server.call(&token, "GET", "/tier", None).0, 200);
    let (status, problem) = server.call(&token, "GET", "/tier", None);
    assert_eq!((status, &problem["code"]), (429, &json!("TOO_MANY_REQUESTS")), "{problem}");
}

#[test]
fn a_head_that_is_too_large_has_a_problem_document_too() {
    use std::io::{Read, Write};
    let server = Server::start(&folder("head"), &[]);
    let ask = |target: &str, headers: usize| {
        let address = server.url.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        let many = (0..headers).map(|number| format!("x-{number}: 1\r\n")).collect::<Vec<_>>().concat();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\n{many}\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    for (target, headers, status, code) in [
        ("/".to_owned(), 100, "431", "HEADERS_TOO_LARGE"),
        (format!("/{}", "x".repeat(9_000)), 1, "414", "URI_TOO_LONG"),
    ] {
        let answer = ask(&target, headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(code), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

#[test]
fn simulate_reports_what_was_promised_as_json() {
    let output = capstan()
        .args(["simulate", "--runs", "12", "--seed", "5", "--json"])
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let fields: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["details", "failures", "faults", "runs", "runsPerSecond", "seed"]);
    assert_eq!((&report["runs"], &report["seed"], &report["failures"]), (&json!(12), &json!(5), &json!(0)));
    assert!(report["faults"].as_object().is_some_and(|faults| !faults.is_empty()), "{report}");
}

#[test]
fn a_history_that_cannot_be_read_is_refused_with_what_is_allowed() {
    let output = capstan().args(["simulate", "--replay", "DEV/1/rows/quick; +0 A dance"]).output();
    let output = output.expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("bypass TIER"), "{said}");
}

/// A verification asks page after page: where the limit holds it up, it says so and goes on.
#[test]
fn a_verification_waits_where_the_limit_says_so() {
    let server = Server::start(&folder("patient"), &["--requests-per-minute", "60"]);
    let token = server.token("viewer");
    while server.call(&token, "GET", "/tier/audit", None).0 == 200 {}
    let verified = capstan()
        .args(["audit", "verify", "--url", &server.url, "--token", &token])
        .output()
        .expect("it is verified");
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{said}");
    assert!(said.contains("HTTP 429") && said.contains("asked again in"), "{said}");
}

/// More clients than there is room for send half a request each: the next one is served, and the audit can be read.
#[test]
fn a_thousand_half_sent_requests_keep_nobody_out() {
    use std::io::Write as _;
    let server = Server::start(&folder("half-sent"), &[]);
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    for _ in 0..1_100 {
        let Ok(mut stream) = std::net::TcpStream::connect(&address) else { break };
        let _gone = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX");
        held.push(stream);
    }
    assert!(held.len() > 900, "only {} connections: raise the limit of open files", held.len());
    if held.len() < 1_100 {
        // This process has no more open files than that, and needs some for what follows.
        held.truncate(held.len() - 50);
    }
    let token = server.token("viewer");
    for _ in 0..10 {
        assert_eq!(server.call(&token, "GET", "/tier/audit", None).0, 200);
    }
}

/// Runs a command of `capstan` against a server; its exit code and all that it says.
fn said(server: &Server, words: &[&str]) -> (Option<i32>, String) {
    let output = capstan()
        .args(words)
        .args(["--url", &server.url, "--token", &server.token("viewer")])
        .output()
        .expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("text"))
}

#[test]
fn a_seal_that_is_missing_or_late_fails_the_verification() {
    let server = Server::start(&folder("late-seals"), &["--speed", "600", "--fault", "kms:Sign:*:error"]);
    let admin = server.token("super_admin");
    let (status, answer) = server.call(&admin, "PUT", "/tier/cooldown", Some(r#"{"hours": 2}"#));
    assert_eq!(status, 200, "{answer}");
    let mut seen = said(&server, &["audit", "verify"]);
    for _ in 0..100 {
        if seen.0 != Some(0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        seen = said(&server, &["audit", "verify"]);
    }
    assert!(seen.0 == Some(1) && seen.1.contains("entry 1: it and all after it have no seal"), "{seen:?}");
    let excused = said(&server, &["audit", "verify", "--excuse", "1"]);
    assert!(excused.0 == Some(0) && excused.1.starts_with("good: "), "{excused:?}");
}

#[test]
fn no_token_is_made_for_a_subject_that_would_be_refused() {
    let folder = folder("subjects");
    let token = |subject: &str| {
        let output = capstan()
            .args(["token", "--role", "admin", "--tenant", TENANT, "--subject", subject, "--data-dir"])
            .arg(&folder)
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let long = "a".repeat(300);
    for (subject, why) in [
        ("sue ", "begins or ends with a space"),
        ("sue\nmallory", "control character"),
        ("", "empty"),
        ("capstan", "the system itself"),
        (&long, "longer than 256 bytes"),
    ] {
        let (code, said) = token(subject);
        assert!(code == Some(2) && said.contains(why), "{subject:?}: {code:?} {said}");
    }
    assert_eq!(token("sue smith").0, Some(0));
}
