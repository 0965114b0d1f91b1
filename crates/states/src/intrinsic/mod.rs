//! Intrinsic functions: the small expression language inside payload templates.
//!
//! Expressions are parsed with the definition, so a wrong name, a wrong number of arguments or an open escape is a
//! problem of the definition and never of an execution. What is left to fail at run time is data of the wrong kind:
//! `States.IntrinsicFailure`.

mod array;
mod function;
mod text;

use std::borrow::Cow;

use serde_json::Value;

use crate::context::Scope;
use crate::failure::{Failure, INTRINSIC_FAILURE};
use crate::path::{Cursor, Path};
use function::Function;

/// Step Functions takes at most so many functions in one field.
const MAX_CALLS: usize = 10;

#[derive(Clone, Debug)]
pub(crate) struct Intrinsic {
    text: String,
    call: Call,
}

#[derive(Clone, Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    /// A quoted string as written, escapes and all: only `States.Format` may tell `{}` from `\{\}`.
    Text {
        raw: String,
        plain: Value,
    },
    Path(Path),
    Call(Call),
}

impl Intrinsic {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let call = Call::parse(&mut cursor, &mut 0)?;
        cursor.end()?;
        Ok(Self { text: text.to_owned(), call })
    }

    /// Tells `each` of every path among the arguments.
    pub(crate) fn each_path(&self, each: &mut impl FnMut(&Path)) {
        let mut open = vec![&self.call];
        while let Some(call) = open.pop() {
            for argument in &call.arguments {
                match argument {
                    Argument::Path(path) => each(path),
                    Argument::Call(inner) => open.push(inner),
                    Argument::Literal(_) | Argument::Text { .. } => {}
                }
            }
        }
    }

    pub(crate) fn evaluate(&self, scope: &mut Scope<'_>) -> Result<Value, Failure> {
        self.call.evaluate(scope).map_err(|wrong| {
            Failure::new(
                INTRINSIC_FAILURE,
                format!("The function '{}' had the following error: {wrong}", self.text),
            )
        })
    }
}

impl Call {
    fn parse(cursor: &mut Cursor<'_>, calls: &mut usize) -> Result<Self, String> {
        *calls += 1;
        if *calls > MAX_CALLS {
            return Err(cursor.wrong(&format!("more than {MAX_CALLS} intrinsic functions in one field")));
        }
        let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
        let function =
            Function::named(name).ok_or_else(|| format!("'{name}' is not an intrinsic function"))?;
        cursor.expect("(")?;
        let mut arguments = Vec::new();
        cursor.spaces();
        if !cursor.eat(")") {
            loop {
                cursor.spaces();
                arguments.push(Argument::parse(cursor, calls)?);
                cursor.spaces();
                if cursor.eat(")") {
                    break;
                }
                cursor.expect(",")?;
            }
        }
        if function.takes(arguments.len()) {
            Ok(Self { function, arguments })
        } else {
            Err(format!("{name} does not take {} arguments", arguments.len()))
        }
    }

    fn evaluate(&self, scope: &mut Scope<'_>) -> Result<Value, String> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(argument.evaluate(scope)?);
        }
        if matches!(self.function, Function::Format)
            && let (Some(Argument::Text { raw, .. }), Some(first)) =
                (self.arguments.first(), values.first_mut())
        {
            *first = Cow::Owned(Value::String(raw.clone()));
        }
        self.function.call(&values, scope.entropy)
    }
}

impl Argument {
    fn parse(cursor: &mut Cursor<'_>, calls: &mut usize) -> Result<Self, String> {
        match cursor.peek() {
            Some('\'') => Self::quoted(cursor),
            Some('$') => cursor.path().map(Self::Path),
            Some('-' | '0'..='9') => {
                let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                let number: serde_json::Number =
                    serde_json::from_str(word).map_err(|_| format!("'{word}' is not a number"))?;
                Ok(Self::Literal(Value::Number(number)))
            }
            _ => {
                for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
                    if cursor.eat(word) {
                        return Ok(Self::Literal(value));
                    }
                }
                Call::parse(cursor, calls).map(Self::Call)
            }
        }
    }

    fn quoted(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        cursor.bump();
        let (mut raw, mut plain) = (String::new(), String::new());
        loop {
            match cursor.bump() {
                None => return Err(cursor.wrong("the string is not closed")),
                Some('\'') => return Ok(Self::Text { raw, plain: Value::String(plain) }),
                Some('\\') => match cursor.bump() {
                    Some(escaped @ ('\'' | '{' | '}' | '\\')) => {
                        raw.push('\\');
                        raw.push(escaped);
                        plain.push(escaped);
                    }
                    _ => return Err(cursor.wrong("open escape before this,")),
                },
                Some(c) => {
                    raw.push(c);
                    plain.push(c);
                }
            }
        }
    }

    fn evaluate<'b, 'a: 'b>(&'b self, scope: &mut Scope<'a>) -> Result<Cow<'b, Value>, String> {
        match self {
            Self::Literal(value) | Self::Text { plain: value, .. } => Ok(Cow::Borrowed(value)),
            Self::Path(path) => scope.find(path).map_err(|_| {
                format!("The JsonPath argument for the field '{}' could not be found in the input", path.text)
            }),
            Self::Call(call) => call.evaluate(scope).map(Cow::Owned),
        }
    }
}
