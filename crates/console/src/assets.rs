//! What pages load besides themselves: three files, each at an address that changes with it.

use crate::answer::Answer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// htmx 2.0.11 (0BSD), as its package has it: dist/htmx.min.js.
const HTMX: &str = include_str!("../assets/htmx.min.js");
const SCRIPT: &str = include_str!("../assets/console.js");
const STYLE: &str = include_str!("../assets/console.css");
const ICON: &str = include_str!("../assets/icon.svg");

/// A file, by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asset {
    Htmx,
    Script,
    Style,
    Icon,
}

impl Asset {
    const ALL: [Self; 4] = [Self::Htmx, Self::Script, Self::Style, Self::Icon];

    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Htmx => ("htmx", "js", HTMX),
            Self::Script => ("console", "js", SCRIPT),
            Self::Style => ("console", "css", STYLE),
            Self::Icon => ("icon", "svg", ICON),
        }
    }

    /// Its path in the console: who has it, has it for good.
    pub(crate) fn path(self) -> &'static str {
        static PATHS: LazyLock<[String; 4]> = LazyLock::new(|| Asset::ALL.map(Asset::named));
        let at = Self::ALL.iter().position(|asset| *asset == self).unwrap_or_default();
        &PATHS[at]
    }

    fn named(self) -> String {
        let (name, kind, text) = self.parts();
        let digest = Sha256::digest(text.as_bytes());
        format!("/assets/{name}-{}.{kind}", URL_SAFE_NO_PAD.encode(digest.get(..6).unwrap_or_default()))
    }
}

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<Answer> {
    if !path.starts_with("/assets/") {
        return None;
    }
    let asset = Asset::ALL.into_iter().find(|asset| asset.path() == path)?;
    let (_, kind, text) = asset.parts();
    let content_type = match kind {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        _ => "image/svg+xml",
    };
    Some(Answer::asset(content_type, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_at_its_own_address() {
        for asset in Asset::ALL {
            assert_eq!(find(asset.path()).unwrap().status, 200, "{}", asset.path());
        }
        assert!(find("/assets/htmx.js").is_none());
    }

    /// The published file, so that nobody has to read it again.
    #[test]
    fn htmx_is_as_it_was_published() {
        let digest = Sha256::digest(HTMX.as_bytes());
        assert_eq!(
            capstan_core::ids::hex(&digest),
            "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
        );
    }
}
