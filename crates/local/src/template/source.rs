//! Where a template comes from: a file that is named, the one in the working folder, or the one compiled in.
//!
//! The copy in the binary makes `capstan` whole: it runs from any folder. A file comes first, so that who edits the
//! template sees what it does.

use super::definition::Definitions;
use super::{Description, Parameters, TemplateError, read};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const BUILT_IN: &str = include_str!("../../../../template.yaml");
const BUILT_IN_NAME: &str = "template.yaml (compiled in)";

/// Where a template comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The copy in the binary.
    BuiltIn,
}

impl Source {
    /// The file named, else `template.yaml` in the working folder, else the copy compiled in.
    pub fn choose(named: Option<PathBuf>) -> Self {
        let here = PathBuf::from("template.yaml");
        match named {
            Some(file) => Self::File(file),
            None if here.is_file() => Self::File(here),
            None => Self::BuiltIn,
        }
    }

    /// Reads it.
    pub fn read(&self, parameters: &Parameters) -> Result<Description, TemplateError> {
        match self {
            Self::BuiltIn => read::describe(BUILT_IN_NAME, BUILT_IN, parameters, &Definitions::built_in()),
            Self::File(file) => {
                let name = file.display().to_string();
                let text = fs::read_to_string(file).map_err(|error| TemplateError {
                    file: name.clone(),
                    place: String::new(),
                    message: unreadable(&error),
                })?;
                let folder = file.parent().unwrap_or_else(|| Path::new("."));
                read::describe(&name, &text, parameters, &Definitions::in_folder(folder))
            }
        }
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; name another by --template".to_owned(),
        _ => format!("it can't be read ({error})"),
    }
}
