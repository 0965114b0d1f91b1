//! Payload templates: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign`.
//!
//! A template is compiled with the definition. Parts in which nothing is replaced are kept as one constant, so a
//! large literal costs one clone.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::context::Scope;
use crate::failure::{Failure, PARAMETER_PATH_FAILURE};
use crate::intrinsic::Intrinsic;
use crate::path::Path;

#[derive(Clone, Debug)]
pub(crate) enum Template {
    Constant(Value),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
    Path { field: String, path: Path },
    Intrinsic(Box<Intrinsic>),
}

/// An expression in a field: a path, or an intrinsic function.
pub(crate) fn expression(field: &str, text: &str) -> Result<Template, String> {
    if text.starts_with('$') {
        Ok(Template::Path { field: field.to_owned(), path: Path::parse(text)? })
    } else {
        Intrinsic::parse(text).map(|intrinsic| Template::Intrinsic(Box::new(intrinsic)))
    }
}

impl Template {
    /// `report` is told each problem: the place below `at`, and what is wrong.
    pub(crate) fn parse(value: &Value, at: &str, report: &mut impl FnMut(String, String)) -> Self {
        match value {
            Value::Object(fields) => Self::parse_object(fields, at, report),
            Value::Array(items) => {
                let parsed: Vec<Self> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| Self::parse(item, &format!("{at}[{index}]"), report))
                    .collect();
                if parsed.iter().all(Self::is_constant) {
                    Self::Constant(value.clone())
                } else {
                    Self::Array(parsed)
                }
            }
            plain => Self::Constant(plain.clone()),
        }
    }

    fn parse_object(fields: &Map<String, Value>, at: &str, report: &mut impl FnMut(String, String)) -> Self {
        let mut parsed = Vec::with_capacity(fields.len());
        let mut constant = true;
        for (name, value) in fields {
            let place = format!("{at}.{name}");
            let Some(stripped) = name.strip_suffix(".$") else {
                let template = Self::parse(value, &place, report);
                constant &= template.is_constant();
                parsed.push((name.clone(), template));
                continue;
            };
            constant = false;
            if fields.contains_key(stripped) {
                report(place.clone(), format!("'{stripped}' is there twice once '.$' is stripped"));
            }
            let compiled = match value.as_str() {
                Some(text) => expression(name, text),
                None => Err("the value must be a path or an intrinsic function".to_owned()),
            };
            match compiled {
                Ok(template) => parsed.push((stripped.to_owned(), template)),
                Err(wrong) => report(place, wrong),
            }
        }
        if constant { Self::Constant(Value::Object(fields.clone())) } else { Self::Object(parsed) }
    }

    /// Tells `each` of every path in it, arguments of functions included, and of the place below `at`.
    pub(crate) fn each_path(&self, at: &str, each: &mut impl FnMut(String, &Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Object(fields) => {
                for (name, field) in fields {
                    let replaced = matches!(field, Self::Path { .. } | Self::Intrinsic(_));
                    field.each_path(&format!("{at}.{name}{}", if replaced { ".$" } else { "" }), each);
                }
            }
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.each_path(&format!("{at}[{index}]"), each);
                }
            }
            Self::Path { path, .. } => each(at.to_owned(), path),
            Self::Intrinsic(intrinsic) => intrinsic.each_path(&mut |path| each(at.to_owned(), path)),
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    pub(crate) fn evaluate(&self, scope: &mut Scope<'_>) -> Result<Value, Failure> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Object(fields) => {
                let mut object = Map::new();
                for (name, field) in fields {
                    object.insert(name.clone(), field.evaluate(scope)?);
                }
                Ok(Value::Object(object))
            }
            Self::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for item in items {
                    array.push(item.evaluate(scope)?);
                }
                Ok(Value::Array(array))
            }
            Self::Path { field, path } => scope.find(path).map(Cow::into_owned).map_err(|_| {
                Failure::new(
                    PARAMETER_PATH_FAILURE,
                    format!(
                        "The JSONPath '{}' specified for the field '{field}' could not be found in the input",
                        path.text
                    ),
                )
            }),
            Self::Intrinsic(intrinsic) => intrinsic.evaluate(scope),
        }
    }
}
