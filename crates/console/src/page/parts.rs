//! What pages are put together from.

use crate::call::{Act, Door};
use crate::show;
use capstan_core::ports::ApiClient;
use capstan_core::tier::{MAX_REASON, MIN_REASON};
use maud::{Markup, html};

/// The line of curl that does the same as a button.
pub(crate) fn curl<P: ApiClient>(door: &Door<'_, P>, act: &Act<'_>) -> Markup {
    let url = door.shown(act.path);
    let mut line =
        format!("curl -X {} '{url}' \\\n  -H \"Authorization: Bearer $CAPSTAN_TOKEN\"", act.method);
    if act.method != "GET" && !act.body.is_null() {
        let body = act.body.to_string().replace('\'', r"'\''");
        line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' -d '{body}'"));
    }
    html! {
        details .curl {
            summary { "The same as curl" }
            pre tabindex="0" { code { (line) } }
            button type="button" .copy hidden { "Copy" }
        }
    }
}

/// Objections above a form.
pub(crate) fn objections(lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            div .notice.bad role="alert" {
                p { strong { "Not done." } }
                ul { @for line in lines { li { (line) } } }
            }
        }
    }
}

/// What was done, above the page that it led to.
pub(crate) fn saved(words: &str) -> Markup {
    html! { div .notice.good role="status" { p { (words) } } }
}

/// How far something is, drawn and in words.
pub(crate) fn bar(percent: Option<u64>, label: &str) -> Markup {
    html! {
        div .bar {
            progress max="100" value=[percent] aria-label=(label) {}
            span { @if let Some(percent) = percent { (percent) " %" } @else { "…" } }
        }
    }
}

/// A value with its name.
pub(crate) fn fact(name: &str, value: impl maud::Render) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A closed word.
pub(crate) fn badge(word: &str) -> Markup {
    show::badge(word)
}

/// The field for the reason of an act.
pub(crate) fn reason(id: &str, label: &str, typed: &str) -> Markup {
    html! {
        label for=(id) { (label) " (at least " (MIN_REASON) " characters)" }
        input id=(id) name="reason" required minlength=(MIN_REASON) maxlength=(MAX_REASON) autocomplete="off" value=(typed);
    }
}
