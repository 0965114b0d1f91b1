//! Hosts at a glance, the worst first.

use super::super::{View, badge, fact};
use super::{feed, host_link, when};
use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::show::{list, number, sentence, text};
use capstan_core::iops::Severity;
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::Value;

/// How many are shown, unless all are asked for that the API gives at once.
const SHOWN: &str = "50";
const MOST: &str = "200";

pub(super) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let more = view.request.asked("more").is_some();
    let limit = if more { MOST } else { SHOWN };
    let glance = door.get(&with_query("/hosts", &[("limit", limit)])).await?;
    let hosts = list(&glance, "hosts");
    let content = html! {
        @if hosts.is_empty() { (nobody(view)) } @else { (summary(&glance)) (table(view, hosts)) (rest(view, &glance, more)) }
    };
    let live = view.live(if more { "/hosts?more=yes" } else { "/hosts" }, Some("5s"), "", content);
    Ok(live.alone().unwrap_or_else(|| view.page("Hosts", html! { (live) })))
}

fn nobody(view: &View<'_>) -> Markup {
    html! {
        p { "No host has reported in the last 24 hours. Have made-up ones report, one of them with a full disk:" }
        (feed(view, "--hosts 200 --rate 200 --incident disk-full --seconds 0"))
        p { "What their agents send is in the API's description: " code { "POST /metrics" } "." }
    }
}

fn summary(glance: &Value) -> Markup {
    let hosts = list(glance, "hosts");
    let with = |severity: Severity| {
        hosts.iter().filter(|host| text(&host["worst"], "severity") == severity.as_str()).count()
    };
    let silent = hosts.iter().filter(|host| host["silent"] == true).count();
    html! {
        dl .facts {
            (fact("Hosts of the last 24 hours", html! { strong { (number(&glance["total"])) } }))
            @for severity in Severity::ALL.iter().rev() {
                (fact(&format!("Worst is {}", severity.as_str()), with(*severity)))
            }
            (fact("Silent", silent))
        }
        @if glance["complete"] == false {
            p .notice.warn { "There is more than could be looked at: a host may be missing here. Filter the insights by host to be sure." }
        }
    }
}

fn table(view: &View<'_>, hosts: &[Value]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Hosts" { table {
            thead { tr { th scope="col" { "Host" } th scope="col" { "State" } th scope="col" { "Worst of what is open" }
                th scope="col" .number { "Risk" } th scope="col" { "Open" } th scope="col" { "Last report" } } }
            tbody { @for host in hosts { @let worst = &host["worst"]; tr {
                th scope="row" { (host_link(view, text(host, "hostname"))) }
                td { (state(host)) }
                td { @if worst.is_null() { "–" } @else {
                    a href=(view.at(&format!("/insights/{}", encode(text(worst, "insightId"))))) { (text(worst, "message")) } } }
                td .number { (number(&worst["riskScore"])) }
                td { (open(&host["open"])) }
                td { (when(&host["lastReportAt"], view)) }
            } } }
        } }
    }
}

fn state(host: &Value) -> Markup {
    let severity = text(&host["worst"], "severity");
    html! {
        @if severity.is_empty() && host["silent"] != true { (badge("healthy")) }
        @if !severity.is_empty() { (badge(severity)) }
        @if host["silent"] == true { " " span .badge.warn { "Silent" } }
    }
}

/// How many of each severity, the worst first.
fn open(counts: &Value) -> String {
    let count = |severity: &Severity| {
        let count = counts[severity.as_str()].as_u64().filter(|count| *count > 0)?;
        Some(format!("{count} {}", sentence(severity.as_str()).to_lowercase()))
    };
    let parts: Vec<String> = Severity::ALL.iter().rev().filter_map(count).collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn rest(view: &View<'_>, glance: &Value, more: bool) -> Markup {
    let (shown, total) = (list(glance, "hosts").len() as u64, glance["total"].as_u64().unwrap_or_default());
    html! {
        @if total > shown {
            p { "These are the worst " (shown) " of " (number(&glance["total"])) "; the counts above are of these. "
                @if !more { a href=(view.at("/hosts?more=yes")) { "Show more" } } }
        }
    }
}
