//! Those who use the system while it is killed, and what they were told.

use super::server::capstan;
use super::{Random, pause};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where the system is, if the clients are to use it, and whether it is over.
#[derive(Default)]
pub(crate) struct Shared(Mutex<(Option<String>, bool)>);

impl Shared {
    pub(crate) fn open(&self, url: &str) {
        self.0.lock().expect("held").0 = Some(url.to_owned());
    }
    pub(crate) fn close(&self) {
        self.0.lock().expect("held").0 = None;
    }
    pub(crate) fn stop(&self) {
        self.0.lock().expect("held").1 = true;
    }

    /// The next address; `None`: it is over.
    fn address(&self) -> Option<String> {
        loop {
            match &*self.0.lock().expect("held") {
                (_, true) => return None,
                (Some(url), _) => return Some(url.clone()),
                (None, _) => {}
            }
            pause(2);
        }
    }
}

/// What the clients of one tenant were told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) changes: BTreeSet<String>,
    pub(crate) cancels: BTreeSet<String>,
    /// What was set, by the version that was answered.
    pub(crate) edits: BTreeMap<u64, u64>,
}

pub(crate) struct Notes {
    pub(crate) tenant: String,
    token: String,
    told: Mutex<Told>,
}

impl Notes {
    pub(crate) fn new(folder: &Path, number: u32) -> Self {
        let tenant = format!("8d3c7a52-5b1e-4f6a-9a2e-{number:012x}");
        let printed = capstan()
            .args(["token", "--role", "super_admin", "--tenant", &tenant, "--data-dir"])
            .arg(folder)
            .output()
            .expect("a token");
        let token = String::from_utf8(printed.stdout).expect("text").trim().to_owned();
        Self { tenant, token, told: Mutex::default() }
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("held")
    }

    pub(crate) fn no_cooldown(&self, url: &str) {
        let client = Client::new(self);
        let (status, answer) =
            client.call(url, "PUT", "/tier/cooldown", Some(&json!({"hours": 0}))).expect("an answer");
        assert_eq!(status, 200, "{answer}");
    }
}

/// One connection of one tenant.
pub(crate) struct Client<'a> {
    notes: &'a Notes,
    agent: ureq::Agent,
}

impl<'a> Client<'a> {
    pub(crate) fn new(notes: &'a Notes) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)));
        Self { notes, agent: config.build().into() }
    }

    /// A whole answer, or `None`: whether it was done is not known.
    pub(crate) fn call(
        &self,
        url: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{url}/api/admin/infrastructure{path}"))
            .header("Authorization", format!("Bearer {}", self.notes.token))
            .header("Content-Type", "application/json");
        let answer = match body {
            Some(body) => self.agent.run(request.body(body.to_string()).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_str(&text).ok()?;
        assert!(status < 500, "{method} {path}: {status} {body}");
        Some((status, body))
    }

    fn post(&self, url: &str, path: &str, body: &Value) -> Option<Value> {
        Some(self.call(url, "POST", path, Some(body))?.1)
    }

    /// Asks for a change, confirms it where that is asked for, and sometimes stops it.
    fn change(&self, url: &str, random: &mut Random) -> Option<()> {
        let target =
            ["DEV", "STAGING", "STAGING", "PRODUCTION"][usize::try_from(random.below(4)).expect("small")];
        let wish = json!({"targetTier": target, "reason": "under load while it is killed"});
        let mut answer = self.post(url, "/tier/change", &wish)?;
        if let Some(token) = answer["confirmationToken"].as_str() {
            answer = self.post(url, "/tier/confirm", &json!({"confirmationToken": token}))?;
            assert_ne!(answer["errors"][0]["code"], "TOKEN_UNKNOWN", "it was given out a moment before");
        }
        if answer["status"] == "INITIATED" {
            let id = answer["transitionId"].as_str().expect("an id").to_owned();
            let new = self.notes.told().changes.insert(id.clone());
            assert!(new, "{id} was given twice");
        }
        if random.below(6) == 0 {
            pause(random.below(60));
            let stop = self.post(url, "/tier/cancel", &json!({"reason": "asked for by mistake"}))?;
            if stop["status"] == "CANCELLING" {
                self.notes.told().cancels.insert(stop["transitionId"].as_str().expect("an id").to_owned());
            }
        }
        pause(random.below(20));
        Some(())
    }

    /// Edits what a tier may spend; what comes back says which version it is now.
    fn edit(&self, url: &str, random: &mut Random) -> Option<()> {
        let limit = 200 + random.below(1_000);
        let (status, answer) =
            self.call(url, "PUT", "/tier/configs/DEV", Some(&json!({"budgetMonthlyCuriosityLimit": limit})))?;
        match status {
            200 => {
                let version = answer["version"].as_u64().expect("a version");
                let before = self.notes.told().edits.insert(version, limit);
                assert_eq!(before, None, "version {version} was acknowledged before, and is lost");
            }
            409 => {}
            _ => panic!("{status} {answer}"),
        }
        pause(random.below(15));
        Some(())
    }
}

/// Two clients of each tenant, until it is over.
pub(crate) fn start(notes: &[Arc<Notes>], shared: &Arc<Shared>, seed: u64) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    for (number, notes) in (1..).zip(notes) {
        for edits in [false, true] {
            let (notes, shared) = (Arc::clone(notes), Arc::clone(shared));
            let mut random = Random::new(seed ^ (number << 8) ^ u64::from(edits));
            threads.push(std::thread::spawn(move || {
                let client = Client::new(&notes);
                while let Some(url) = shared.address() {
                    let done =
                        if edits { client.edit(&url, &mut random) } else { client.change(&url, &mut random) };
                    if done.is_none() {
                        pause(5);
                    }
                }
            }));
        }
    }
    threads
}
