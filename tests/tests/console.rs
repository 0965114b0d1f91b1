//! The console on the whole system, without a browser and without JavaScript: what a person does by links and forms.
//!
//! What takes a browser (themes, scripts, widths, accessibility) is in tests/browser.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{OTHER_TENANT, TENANT, issuer};
use local::engine::Options;
use local::functions::registry;
use local::gateway::{Gateway, Reply, Request};
use local::issuer::{ISSUER, Issuer};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the door is, as a browser sees it.
const HOST: &str = "127.0.0.1:3000";

/// A browser, as far as it matters: cookies, redirects, forms.
struct Browser {
    gateway: Arc<Gateway>,
    cookies: BTreeMap<String, String>,
    /// Where it is, after redirects.
    at: String,
}

/// A page as it came.
struct Page {
    status: u16,
    text: String,
    location: Option<String>,
}

impl Page {
    fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    fn must(self, status: u16, words: &str) -> Self {
        assert!(
            self.status == status && self.has(words),
            "{}, not {status} with `{words}`: {}",
            self.status,
            self.text
        );
        self
    }

    /// The hidden fields of the form that leads to this path.
    fn form(&self, action: &str) -> BTreeMap<String, String> {
        let start = format!("action=\"{action}");
        let (_, form) =
            self.text.split_once(&start).unwrap_or_else(|| panic!("no form to {action}: {}", self.text));
        let form = form.split("</form>").next().unwrap();
        let value = |input: &str, name: &str| {
            let (_, rest) = input.split_once(&format!("{name}=\""))?;
            Some(rest.split('"').next()?.to_owned())
        };
        let hidden = form.split("<input").filter(|input| input.contains("type=\"hidden\""));
        hidden.filter_map(|input| Some((value(input, "name")?, value(input, "value")?))).collect()
    }
}

impl Browser {
    fn new(gateway: &Arc<Gateway>) -> Self {
        Self { gateway: Arc::clone(gateway), cookies: BTreeMap::new(), at: String::new() }
    }

    fn once(&mut self, method: &str, target: &str, body: &str) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::new(method, target, body).with_header("host", HOST);
        if !cookies.is_empty() {
            request = request.with_header("cookie", &cookies.join("; "));
        }
        let reply = self.gateway.handle(&request);
        self.keep(&reply);
        target.clone_into(&mut self.at);
        Page {
            status: reply.status,
            location: reply.header("location").map(str::to_owned),
            text: String::from_utf8(reply.body).unwrap(),
        }
    }

    fn keep(&mut self, reply: &Reply) {
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Follows redirects, as a browser does.
    fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..8 {
            let Some(to) = page.location.take() else { return page };
            page = self.once("GET", to.strip_prefix(&format!("http://{HOST}")).unwrap_or(&to), "");
        }
        panic!("it leads round in circles at {}", self.at)
    }

    fn get(&mut self, target: &str) -> Page {
        let page = self.once("GET", target, "");
        self.follow(page)
    }

    fn send(&mut self, action: &str, fields: &BTreeMap<String, String>) -> Page {
        let page = self.once("POST", action, &coded(fields));
        self.follow(page)
    }

    /// Fills in the form of a page that leads to this path, and sends it.
    fn fill(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let mut fields = page.form(action);
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.send(action, &fields)
    }

    fn sign_in(&mut self, role: &str, tenant: &str) -> Page {
        self.sign_in_as("ada", role, tenant)
    }

    fn sign_in_as(&mut self, subject: &str, role: &str, tenant: &str) -> Page {
        let link =
            local::gateway::sign_in_link(&issuer(), &format!("http://{HOST}"), local_now(&self.gateway));
        let form = self.get(link.strip_prefix(&format!("http://{HOST}")).unwrap());
        assert!(form.has("Sign in to this machine"), "{}", form.text);
        let action = self.at.clone();
        let typed = [("subject", subject), ("role", role), ("tenant", tenant)];
        let fields = typed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.send(&action, &fields)
    }
}

fn local_now(gateway: &Gateway) -> capstan_core::time::Timestamp {
    gateway.wall()
}

fn coded(fields: &BTreeMap<String, String>) -> String {
    let code = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", code(name), code(value))).collect::<Vec<_>>().join("&")
}

fn door(lab: &Lab) -> Arc<Gateway> {
    lab.gateway().signing_in(issuer()).hung_in()
}

fn signed_in(lab: &Lab, role: &str) -> Browser {
    let mut browser = Browser::new(&door(lab));
    browser.sign_in(role, TENANT).must(200, "Infrastructure Tier");
    browser
}

const REASON: &str = "Load testing for the Q1 release";

#[test]
fn a_tenant_is_moved_to_staging_and_back_from_the_page_alone() {
    let mut lab = Lab::new(61);
    let mut browser = signed_in(&lab, "super_admin");
    let plan = browser.get("/console/tier/plan?target=STAGING").must(200, "$350 → <strong>$35,000</strong>");
    assert!(plan.has("$34,650 more") && plan.has("r6g.large.search × 3, 100 GB"));
    let progress = browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]);
    assert_eq!(browser.at, "/console/tier/progress");
    let progress = progress.must(200, "DEV → STAGING");
    assert!(progress.has("Stop and undo") && progress.has("http-equiv=\"refresh\""), "{}", progress.text);
    assert!(lab.settle());
    browser.get("/console/tier/progress").must(200, "Completed");
    let tier = browser.get("/console/tier").must(200, "STAGING");
    // A day from when it ended, less what has passed since, if anything.
    let left = tier.has("in 23 h") || tier.has("in 1 d");
    assert!(tier.has("Cooldown: the next change is allowed") && left, "{}", tier.text);
    // Back, in spite of the cooldown: an emergency of a super admin's.
    let plan = browser.get("/console/tier/plan?target=DEV").must(200, "Bypass the cooldown");
    let refused = browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]).must(400, "Not done");
    assert!(refused.has(REASON), "what was typed stays: {}", refused.text);
    browser
        .fill(&refused, "/console/tier/change", &[("reason", "[EMERGENCY] the tests are over")])
        .must(200, "STAGING → DEV");
    assert!(lab.settle());
    assert_eq!(lab.get("/tier")["currentTier"], "DEV");
}

#[test]
fn production_is_confirmed_by_its_cost_typed_out() {
    let mut lab = Lab::new(62);
    let mut browser = signed_in(&lab, "admin");
    let plan = browser.get("/console/tier/plan?target=PRODUCTION");
    let asked = browser
        .fill(&plan, "/console/tier/change", &[("reason", REASON)])
        .must(200, "This costs $750,000 a month");
    browser.fill(&asked, "/console/tier/confirm", &[("typed", "yes")]).must(400, "Nothing was done");
    assert_eq!(lab.get("/tier")["transitionId"], json!(null));
    browser
        .fill(&asked, "/console/tier/confirm", &[("typed", "Move to PRODUCTION")])
        .must(200, "DEV → PRODUCTION");
    assert!(lab.settle());
    assert_eq!(lab.get("/tier")["currentTier"], "PRODUCTION");
}

#[test]
fn two_persons_confirm_by_the_page_and_not_one_alone() {
    let world = Lab::new(73).world().clone();
    let mut lab = Lab::with(world, &registry(), Options::default(), &[("TwoPersonRule", "true")]);
    let mut ada = signed_in(&lab, "admin");
    let plan = ada.get("/console/tier/plan?target=PRODUCTION");
    let told = ada
        .fill(&plan, "/console/tier/change", &[("reason", REASON)])
        .must(200, "http://127.0.0.1:3000/console/tier/confirm");
    let token = told
        .text
        .split("<code>")
        .find_map(|part| part.split_once("</code>").filter(|(text, _)| text.len() == 64));
    let token = token.unwrap().0;
    let look = |who: &mut Browser| {
        let page = who.get("/console/tier/confirm").must(200, "Token");
        let seen = who.fill(&page, "/console/tier/confirm", &[("token", token)]).must(200, "$750,000");
        assert!(seen.has("Asked for by") && seen.has(REASON), "{}", seen.text);
        seen
    };
    let own = look(&mut ada).must(200, "You asked for it yourself");
    assert!(!own.has("name=\"typed\""));
    // Nor does it help to send what the page does not offer.
    let seen = ada.get("/console/tier/confirm");
    let alone = [("token", token), ("to", "PRODUCTION"), ("typed", "move to PRODUCTION")];
    ada.fill(&seen, "/console/tier/confirm", &alone).must(403, "It takes a second person");
    assert_eq!(lab.get("/tier")["transitionId"], json!(null));
    let mut bob = Browser::new(&door(&lab));
    bob.sign_in_as("bob", "admin", TENANT).must(200, "Infrastructure Tier");
    let seen = look(&mut bob);
    bob.fill(&seen, "/console/tier/confirm", &[("typed", "move to PRODUCTION")])
        .must(200, "DEV → PRODUCTION");
    assert!(lab.settle());
    assert_eq!(lab.get("/tier")["currentTier"], "PRODUCTION");
    let change = &lab.get("/tier/change-history")["changes"][0];
    assert_eq!((&change["changedBy"], &change["confirmedBy"]), (&json!("ada"), &json!("bob")));
}

#[test]
fn a_change_is_stopped_and_undone() {
    let mut lab = Lab::new(63);
    let mut browser = signed_in(&lab, "super_admin");
    let plan = browser.get("/console/tier/plan?target=STAGING");
    browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]);
    let until = lab.engine().now() + Millis::minutes(3);
    lab.engine().run_until(until, |_| false);
    let progress = browser.get("/console/tier/progress").must(200, "about ");
    let refused = browser.fill(&progress, "/console/tier/cancel", &[("reason", "no")]);
    assert!(refused.status == 409 && refused.has("Not done"), "{} {}", refused.status, refused.text);
    browser
        .fill(&progress, "/console/tier/cancel", &[("reason", "asked for by mistake")])
        .must(200, "asked for by mistake");
    assert!(lab.settle());
    browser.get("/console/tier/progress").must(200, "What it had done was undone");
    assert_eq!(lab.get("/tier")["currentTier"], "DEV");
}

#[test]
fn a_failure_is_shown_with_its_cause_and_what_was_undone() {
    let mut lab = Lab::new(64);
    lab.fault("opensearch:CreateDomain:*:error");
    let mut browser = signed_in(&lab, "admin");
    let plan = browser.get("/console/tier/plan?target=STAGING");
    browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]);
    assert!(lab.settle());
    let ended = browser.get("/console/tier/progress").must(200, "Rolled back");
    assert!(ended.has("opensearch") || ended.has("OpenSearch"), "the cause: {}", ended.text);
}

/// A reload, a double click, a page that was left open: the form is sent again.
#[test]
fn a_form_that_is_sent_twice_does_it_once() {
    let mut lab = Lab::new(65);
    let mut browser = signed_in(&lab, "admin");
    let plan = browser.get("/console/tier/plan?target=STAGING");
    for _ in 0..2 {
        browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]).must(200, "DEV → STAGING");
    }
    assert!(lab.settle());
    assert_eq!(lab.get("/tier/change-history")["changes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn nothing_is_done_for_another_site_or_after_the_session() {
    let lab = Lab::new(66);
    let mut browser = signed_in(&lab, "super_admin");
    let plan = browser.get("/console/tier/plan?target=STAGING");
    let mut forged = plan.form("/console/tier/change");
    forged.insert("reason".to_owned(), REASON.to_owned());
    let good = forged.clone();
    forged.remove("formToken");
    browser.send("/console/tier/change", &forged).must(403, "Nothing was done");
    // A token of another form is none of this one.
    let other = browser.get("/console/tier").form("/console/sign-out").remove("formToken").unwrap();
    forged.insert("formToken".to_owned(), other);
    browser.send("/console/tier/change", &forged).must(403, "Nothing was done");
    // Of somebody else's session neither.
    let mut bob = Browser::new(&browser.gateway);
    bob.sign_in("viewer", OTHER_TENANT).must(200, "Infrastructure Tier");
    bob.send("/console/tier/change", &good).must(403, "Nothing was done");
    let kept = browser.cookies.clone();
    browser.cookies.retain(|name, _| name.contains("machine"));
    browser.send("/console/tier/change", &good).must(401, "you are not signed in any more");
    let mut lab = lab;
    assert_eq!(lab.get("/tier")["transitionId"], json!(null));
    // The form is still good for whoever it was shown to.
    browser.cookies = kept;
    browser.send("/console/tier/change", &good).must(200, "DEV → STAGING");
}

#[test]
fn a_role_sees_what_it_may_and_the_api_decides() {
    let lab = Lab::new(67);
    let mut viewer = signed_in(&lab, "viewer");
    let plan = viewer.get("/console/tier/plan?target=STAGING").must(200, "It takes the role admin");
    assert!(!plan.has("Move to STAGING</button>"));
    // Who makes the form by hand is refused by the API, in its words.
    let mut admin = signed_in(&lab, "admin");
    let token = admin.get("/console/tier/plan?target=STAGING").form("/console/tier/change");
    let cookies = std::mem::take(&mut admin.cookies);
    assert!(!token.is_empty() && !cookies.is_empty());
    viewer.get("/console/tier/plan?target=MOON").must(422, "targetTier");
}

#[test]
fn who_has_no_ticket_does_not_sign_in() {
    let lab = Lab::new(68);
    let mut browser = Browser::new(&door(&lab));
    browser.get("/").must(403, "capstan console");
    let at = browser.at.clone();
    assert!(at.starts_with("/oauth2/authorize?") && at.contains("code_challenge_method=S256"), "{at}");
    browser.send(&at, &BTreeMap::new()).must(403, "capstan console");
    browser.get("/oauth2/start?ticket=a.b.c").must(403, "not good any more");
    // A token of the API is no ticket, and a ticket no token.
    let now = browser.gateway.wall();
    let tenant = capstan_core::ids::TenantId::parse(TENANT).unwrap();
    let bearer =
        local::issuer::Bearer { subject: "ada", role: capstan_core::tier::Role::Admin, tenant: &tenant };
    let token = issuer().token(bearer, now, Millis::hours(1));
    browser.get(&format!("/oauth2/start?ticket={token}")).must(403, "not good any more");
    let link = local::gateway::sign_in_link(&issuer(), "", now);
    let ticket = link.split_once('=').unwrap().1;
    let asked = Request::new("GET", &capstan_tests::resource("/tier"), "").with_token(ticket);
    assert_eq!(browser.gateway.handle(&asked).status, 401);
    // Under another name the door has no sign-in: a page of another site may have made that name lead here.
    let request = Request::new("GET", &link, "").with_header("host", "evil.example:3000");
    assert_eq!(browser.gateway.handle(&request).status, 404);
}

#[test]
fn a_code_is_good_once_and_for_who_asked() {
    let lab = Lab::new(69);
    let mut browser = signed_in(&lab, "viewer");
    browser.cookies.retain(|name, _| name.contains("machine"));
    let form = browser.get("/console/tier");
    assert!(form.has("Sign in to this machine"));
    let action = browser.at.clone();
    let typed = [("subject", "ada"), ("role", "viewer"), ("tenant", TENANT)];
    let fields = typed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let back = browser.once("POST", &action, &coded(&fields)).location.unwrap();
    let back = back.strip_prefix(&format!("http://{HOST}")).unwrap().to_owned();
    // In another browser, or with another state, it is nothing.
    Browser::new(&browser.gateway).get(&back).must(400, "Not signed in");
    browser.get(&back.replace("state=", "state=x")).must(400, "Not signed in");
    let pending = browser.cookies.clone();
    browser.get(&back).must(200, "Infrastructure Tier");
    // The same once more.
    browser.cookies = pending;
    browser.get(&back).must(400, "invalid_grant");
    // Codes lead to this machine's console and nowhere else.
    let elsewhere = action.replace("127.0.0.1%3A3000%2Fconsole", "evil.example%2Fconsole");
    assert_ne!(elsewhere, action);
    browser.get(&elsewhere).must(400, "redirect_uri is not the console");
}

#[test]
fn outside_text_is_text() {
    let mut lab = Lab::new(70);
    let mut browser = signed_in(&lab, "admin");
    let hostile = "\"><img src=x onerror=alert(1)><script>alert(1)</script>";
    let plan = browser.get("/console/tier/plan?target=STAGING");
    browser
        .fill(&plan, "/console/tier/change", &[("reason", &format!("a reason {hostile}"))])
        .must(200, "DEV → STAGING");
    assert!(lab.settle());
    let odd = format!("/console/tier/plan?target={}", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    for target in ["/console/tier", "/console/tier/progress", odd.as_str(), "/console/%3Cscript%3E"] {
        let page = browser.get(target);
        assert!(!page.has("<script>alert") && !page.has("<img src=x"), "{target}: {}", page.text);
    }
    assert_eq!(lab.get("/tier")["currentTier"], json!(Tier::Staging));
}

/// The issuer sends whom it knows back at once, so whom the API does not know would go round for ever.
#[test]
fn a_token_that_the_api_does_not_take_leads_to_no_circle() {
    let lab = Lab::new(67);
    let other = Issuer::from_seed(b"somebody else's key for one test").unwrap();
    lab.world().with(|world| world.set_issuer_keys(ISSUER, other.document()));
    let mut browser = Browser::new(&door(&lab));
    browser.sign_in("admin", TENANT).must(400, "The API does not take the token");
    assert!(!browser.cookies.keys().any(|name| name.ends_with("-0")), "no session began");
}

/// An old tab, the Back button, somebody else's next change.
#[test]
fn a_form_that_stops_a_change_stops_no_other() {
    let mut lab = Lab::new(71);
    let mut browser = signed_in(&lab, "super_admin");
    let plan = browser.get("/console/tier/plan?target=STAGING");
    browser.fill(&plan, "/console/tier/change", &[("reason", REASON)]);
    let old = browser.get("/console/tier/progress");
    assert!(lab.settle());
    let plan = browser.get("/console/tier/plan?target=DEV");
    browser
        .fill(&plan, "/console/tier/change", &[("reason", "[EMERGENCY] back at once")])
        .must(200, "STAGING → DEV");
    let stop = [("reason", "asked for by mistake")];
    browser.fill(&old, "/console/tier/cancel", &stop).must(409, "nothing was done about");
    assert_eq!(lab.get("/tier/transition-status")["cancellation"], json!(null));
    assert!(lab.settle());
    assert_eq!(lab.get("/tier")["currentTier"], "DEV");
}

/// A form may lead to other hosts only by a way of its own (`form-action`).
#[test]
fn who_fills_in_a_form_after_the_session_comes_to_the_issuer() {
    let lab = Lab::new(72);
    let mut browser = signed_in(&lab, "admin");
    browser.cookies.retain(|name, _| name.contains("machine"));
    let page =
        browser.get("/console/tier/plan?target=STAGING").must(200, "http-equiv=\"refresh\" content=\"0;url=");
    let (_, place) = page.text.split_once("0;url=").unwrap();
    let place = place.split('"').next().unwrap().replace("&amp;", "&");
    let place = place.strip_prefix(&format!("http://{HOST}")).unwrap().to_owned();
    browser.get(&place).must(200, "Sign in to this machine");
    let action = browser.at.clone();
    let typed = [("subject", "ada"), ("role", "admin"), ("tenant", TENANT)];
    let fields = typed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    browser.send(&action, &fields).must(200, "Move from DEV to STAGING");
}

#[test]
fn an_edit_that_is_sent_twice_is_saved_and_said_to_be() {
    let lab = Lab::new(73);
    let mut browser = signed_in(&lab, "admin");
    let form = browser.get("/console/tier/configs/STAGING");
    let typed = [("opensearchInstanceCount", "4")];
    let mut fields = form.form("/console/tier/configs/STAGING/review");
    fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let review = browser.send("/console/tier/configs/STAGING/review", &fields).must(200, "Review the edit");
    for _ in 0..2 {
        browser.fill(&review, "/console/tier/configs/STAGING", &[]).must(200, "Saved.");
    }
}
