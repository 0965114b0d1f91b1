//! Where in a template something stands, so that every error can say so.

/// Something in a template that is wrong, or that the local system can't do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {place}{sep}{message}", sep = if place.is_empty() { "" } else { ": " })]
pub struct TemplateError {
    /// The template's file.
    pub file: String,
    /// The path into it, such as `Resources.Api.Properties.Name`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// How deep values may lie in each other, references followed.
const DEEPEST: u8 = 48;

/// A path into a template.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    file: &'a str,
    path: String,
    depth: u8,
}

impl<'a> Place<'a> {
    pub(super) const fn root(file: &'a str) -> Self {
        Self { file, path: String::new(), depth: 0 }
    }

    pub(super) fn child(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { file: self.file, path, depth: self.depth.saturating_add(1) }
    }

    /// Another place that is looked up from here; it counts as deeper, so a circle of references ends.
    pub(super) fn elsewhere(&self, path: &str) -> Self {
        Self { file: self.file, path: path.to_owned(), depth: self.depth.saturating_add(1) }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> TemplateError {
        TemplateError { file: self.file.to_owned(), place: self.path.clone(), message: message.into() }
    }

    pub(super) fn check_depth(&self) -> Result<(), TemplateError> {
        if self.depth > DEEPEST {
            return Err(self.error("it refers to itself, or lies too deep"));
        }
        Ok(())
    }
}
