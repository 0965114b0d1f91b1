//! The piece of a page that changes by itself.
//!
//! It is fetched again and again from the page's own address, which then answers with it alone. What stands around it (forms,
//! above all) depends on a state, one word; with each question the browser says of which state its page is, and where that is
//! another by now, the answer has it load all of the page.

use super::View;
use crate::answer::Answer;
use capstan_core::web::encode;
use maud::{Markup, Render, html};

/// A piece.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    pub(crate) view: &'a View<'a>,
    /// Its id in the page, and its name in the question for it.
    pub(crate) part: &'a str,
    /// The page's path, with what of its query decides what is in the piece.
    pub(crate) path: &'a str,
    /// How often it is fetched, such as `2s`; never, where nothing will change.
    pub(crate) every: Option<&'a str>,
    /// What decides what stands around it; nothing, where that is always the same.
    pub(crate) state: &'a str,
    pub(crate) content: Markup,
}

impl Live<'_> {
    /// The answer, where this piece alone was asked for.
    pub(crate) fn alone(&self) -> Option<Answer> {
        let request = self.view.request;
        if request.asked("live") != Some(self.part) {
            return None;
        }
        let answer = Answer::piece(self.render());
        if request.asked("was").unwrap_or_default() == self.state {
            return Some(answer);
        }
        // By its address, since it may be the answer to a form: loaded anew as it came, that would be sent once more.
        let page = self.path.split('?').next().unwrap_or_default();
        Some(answer.with_header("HX-Redirect", self.view.at(page)))
    }
}

impl Render for Live<'_> {
    fn render(&self) -> Markup {
        let Some(every) = self.every else { return html! { div id=(self.part) { (self.content) } } };
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let mut ask = format!("{}{joint}live={}", self.view.at(self.path), self.part);
        if !self.state.is_empty() {
            ask.push_str(&format!("&was={}", encode(self.state)));
        }
        html! {
            div id=(self.part) hx-get=(ask) hx-trigger={ "every " (every) } hx-swap="outerHTML" { (self.content) }
        }
    }
}
