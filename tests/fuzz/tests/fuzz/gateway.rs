//! Requests as they come off the wire, through routes, authorizer and functions.

use capstan_core::tier::prices;
use capstan_fuzz::Edits;
use capstan_tests::scenario::issuer;
use capstan_tests::workspace;
use local::System;
use local::functions::registry;
use local::gateway::{Gateway, json_of};
use local::issuer::{ISSUER, parameters};
use local::template::Source;
use serde_json::Value;
use sim::{SharedWorld, WorldConfig};
use std::cell::RefCell;
use std::sync::Arc;

const HEADERS: [&str; 10] = [
    "cookie",
    "hx-request",
    "authorization",
    "content-type",
    "idempotency-key",
    "content-length",
    "x-forwarded-for",
    "host",
    "user-agent",
    "accept",
];

struct Door {
    gateway: Arc<Gateway>,
    routes: Vec<(String, String)>,
    token: String,
    uses: u32,
}

thread_local! {
    static DOOR: RefCell<Option<Door>> = const { RefCell::new(None) };
}

fn door() -> Door {
    let mut parameters = parameters();
    parameters.insert("TenantRequestsPerMinute".to_owned(), "0".to_owned());
    let source = Source::File(workspace::root().join("template.yaml"));
    let description = source.read(&parameters).expect("the template");
    let routes = description.routes.iter().map(|route| (route.method.clone(), route.path.clone())).collect();
    let config = WorldConfig { hourly: Some(prices::hourly), ..WorldConfig::default() };
    let world = SharedWorld::in_memory(config);
    world.with(|world| world.set_issuer_keys(ISSUER, issuer().document()));
    let system = System::new(description, registry(), world).expect("a system");
    let event = workspace::json("events/authorizer/super-admin.json");
    let token = event["headers"]["Authorization"].as_str().expect("a token").to_owned();
    Door { gateway: Gateway::new(system).signing_in(issuer()).hung_in(), routes, token, uses: 0 }
}

/// Anything may be sent. Only what is answered by 5xx, or not as the API says it answers, is wrong.
pub(crate) fn spoiled(mut edits: Edits<'_>) {
    DOOR.with_borrow_mut(|kept| {
        let door = kept.get_or_insert_with(door);
        door.uses += 1;
        let (method, path) = door.routes[edits.below(door.routes.len())].clone();
        let path = path.replace("{tier}", "DEV");
        let way = edits.byte();
        let method = if way & 7 == 7 { edits.text(&method) } else { method };
        let mut target = if way & 1 == 0 { path.clone() } else { edits.text(&path) };
        if way & 2 != 0 {
            target =
                format!("{target}?{}", edits.text("limit=5&cursor=01a1fd22-3580-7169-92ee-72f3454f377d"));
        }
        let mut body: Value =
            serde_json::json!({"targetTier": "STAGING", "reason": "[EMERGENCY] load test", "hours": 3});
        let mut bytes = match way & 0x18 {
            0 => Vec::new(),
            0x08 => {
                edits.document(&mut body);
                body.to_string().into_bytes()
            }
            _ => edits.text(&body.to_string()).into_bytes(),
        };
        if way & 0x20 != 0 {
            bytes.push(0xff);
        }
        let mut request = super::request(&method, &target, bytes);
        if way & 0x40 == 0 {
            request = request.with_header("Authorization", &door.token);
        }
        while edits.more() {
            let name = HEADERS[edits.below(HEADERS.len())];
            let value = if name == "authorization" {
                edits.text(&door.token)
            } else {
                edits.text("application/json")
            };
            request = request.with_header(name, &value);
        }
        let reply = super::in_time(&path, || door.gateway.handle(&request));
        assert!((200..500).contains(&reply.status), "{request:?}: {} {}", reply.status, json_of(&reply));
        // People get a page.
        let page = request.path.starts_with("/console")
            && reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if reply.status >= 400 && !page {
            assert!(
                json_of(&reply)["code"].is_string(),
                "{request:?}: an error has a stable code: {}",
                json_of(&reply)
            );
        }
        assert!(
            reply.status != 405 || reply.header("allow").is_some(),
            "{request:?}: 405 says what is allowed"
        );
        if door.uses > 2_000 {
            *kept = None;
        }
    });
}
