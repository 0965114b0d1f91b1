//! Reading paths from text.
//!
//! One cursor serves whole fields, filters and the arguments of intrinsic functions: a path simply ends where no
//! further step begins, and the caller says what may follow.

use super::filter::Filter;
use super::{Path, Root, Step};
use crate::variables;

/// Filters may nest in filters; deeper than this nobody writes.
const MAX_NESTING: usize = 8;

#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    pub(super) nesting: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, nesting: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes `token` if it comes next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(self.wrong(&format!("'{token}' expected"))) }
    }

    pub(crate) fn spaces(&mut self) {
        while self.eat(" ") || self.eat("\t") || self.eat("\n") || self.eat("\r") {}
    }

    pub(crate) fn end(&self) -> Result<(), String> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.wrong("not understood")) }
    }

    pub(crate) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    pub(crate) fn wrong(&self, what: &str) -> String {
        match self.rest() {
            "" => format!("in '{}': {what} at the end", self.text),
            rest => format!("in '{}': {what} at '{rest}'", self.text),
        }
    }

    /// Goes one nesting deeper, or refuses.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.nesting == MAX_NESTING {
            return Err(self.wrong("nested too deep"));
        }
        self.nesting += 1;
        let done = read(self);
        self.nesting -= 1;
        done
    }

    /// `$…`, `$$…` or `$name…`.
    pub(crate) fn path(&mut self) -> Result<Path, String> {
        let start = self.at;
        self.expect("$")?;
        let mut root = if self.eat("$") { Root::Context } else { Root::Input };
        let mut steps = Vec::new();
        if root == Root::Input && self.peek().is_some_and(variables::begins_name) {
            root = Root::Variable;
            steps.push(Step::Name(self.take_while(variables::continues_name).to_owned()));
        }
        steps.append(&mut self.steps()?);
        Ok(Path { text: self.text[start..self.at].to_owned(), root, steps })
    }

    pub(super) fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                steps.push(Step::Descend);
                if self.peek() != Some('[') {
                    steps.push(self.dotted()?);
                }
            } else if self.eat(".") {
                steps.push(self.dotted()?);
            } else if self.eat("[") {
                steps.push(self.bracketed()?);
            } else {
                return Ok(steps);
            }
        }
    }

    fn dotted(&mut self) -> Result<Step, String> {
        if self.eat("*") {
            return Ok(Step::Wildcard);
        }
        let mut name = String::new();
        loop {
            let in_filter = self.nesting > 0;
            name.push_str(self.take_while(|c| is_plain(c) && !(in_filter && "=<>!&|".contains(c))));
            if self.peek() != Some('\\') {
                break;
            }
            self.bump();
            name.push(self.bump().ok_or_else(|| self.wrong("open escape"))?);
        }
        if name.is_empty() {
            return Err(self.wrong("a name expected"));
        }
        if self.peek() == Some('(') {
            return Err(self.wrong("functions are not part of this dialect,"));
        }
        Ok(Step::Name(name))
    }

    fn bracketed(&mut self) -> Result<Step, String> {
        self.spaces();
        let step = match self.peek() {
            Some('*') => {
                self.bump();
                Step::Wildcard
            }
            Some('\'' | '"') => Step::Name(self.quoted()?),
            Some('?') => {
                self.bump();
                self.expect("(")?;
                let filter = self.deeper(Filter::parse)?;
                self.spaces();
                self.expect(")")?;
                Step::Filter(filter)
            }
            _ => self.positions()?,
        };
        self.spaces();
        if self.peek() == Some(',') {
            return Err(self.wrong("unions of names are not part of this dialect,"));
        }
        self.expect("]")?;
        Ok(step)
    }

    /// `1`, `-1`, `0,2`, `1:`, `:2`, `1:2`.
    fn positions(&mut self) -> Result<Step, String> {
        let first = self.integer()?;
        self.spaces();
        if self.eat(":") {
            self.spaces();
            let to = self.integer()?;
            self.spaces();
            if self.peek() == Some(':') {
                return Err(self.wrong("slices with a step are not part of this dialect,"));
            }
            return Ok(Step::Slice(first, to));
        }
        let mut indexes = vec![first.ok_or_else(|| self.wrong("an index expected"))?];
        while self.eat(",") {
            self.spaces();
            indexes.push(self.integer()?.ok_or_else(|| self.wrong("an index expected"))?);
            self.spaces();
        }
        match indexes[..] {
            [index] => Ok(Step::Index(index)),
            _ => Ok(Step::Indexes(indexes)),
        }
    }

    fn integer(&mut self) -> Result<Option<i64>, String> {
        let negative = self.eat("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return if negative { Err(self.wrong("a number expected")) } else { Ok(None) };
        }
        let number: i64 = digits.parse().map_err(|_| self.wrong("the number is too large"))?;
        Ok(Some(if negative { -number } else { number }))
    }

    /// A string in single or double quotes, with backslash escapes.
    pub(super) fn quoted(&mut self) -> Result<String, String> {
        let quote = self.bump();
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.wrong("the string is not closed")),
                Some('\\') => text.push(self.bump().ok_or_else(|| self.wrong("open escape"))?),
                next if next == quote => return Ok(text),
                Some(next) => text.push(next),
            }
        }
    }
}

/// What a name after a dot may hold without an escape; within a filter, operators end it too.
fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"\\.[](){},'\"*?".contains(c)
}

#[cfg(test)]
mod tests {
    use super::super::Path;

    #[test]
    fn what_is_refused() {
        for (text, says) in [
            ("", "'$' expected"),
            ("foo", "'$' expected"),
            ("$.", "a name expected"),
            ("$..", "a name expected"),
            ("$.a b", "not understood"),
            ("$.a[", "an index expected"),
            ("$.a[1", "']' expected"),
            ("$.a['x", "not closed"),
            ("$.a['x','y']", "unions of names"),
            ("$.a[0:4:2]", "slices with a step"),
            ("$.a.length()", "functions"),
            ("$_x", "not understood"),
            ("$1", "not understood"),
            ("$x-y", "not understood at '-y'"),
            ("$x y", "not understood"),
            ("$x.", "a name expected"),
            ("$$x", "not understood"),
            ("$.a[?(@.x == $y)]", "')' expected"),
            ("$.a[?(@.x == )]", "expected"),
            ("$.a[99999999999999999999]", "too large"),
            ("$.a\\", "open escape"),
        ] {
            let problem = Path::parse(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    #[test]
    fn variables_have_a_name_and_a_path() {
        for (text, steps) in [("$x", 1), ("$order.product", 2), ("$Ж中[0]['a b']", 3), ("$a_1..b", 3)] {
            let path = Path::parse(text).unwrap();
            assert_eq!((path.root, path.steps.len()), (super::Root::Variable, steps), "{text}");
            assert!(!path.is_whole());
        }
    }

    #[test]
    fn reference_paths_name_one_node() {
        for text in [
            "$x",
            "$x.y[0]",
            "$",
            "$.a.b",
            "$['a'][0]",
            "$.a-b",
            "$$.Execution.Id",
            "$.store\\.book",
            "$.&Ж中",
        ] {
            assert!(Path::parse_reference(text).is_ok(), "{text}");
        }
        for text in ["$.a[*]", "$..a", "$.a[1:]", "$.a[-1]", "$.a[?(@.x)]", "$.a[0,1]"] {
            assert!(Path::parse_reference(text).is_err(), "{text}");
        }
    }

    #[test]
    fn filters_nest_only_so_deep() {
        let text = format!("$.a[?({}@.x{})]", "(".repeat(500), ")".repeat(500));
        assert!(Path::parse(&text).unwrap_err().contains("too deep"));
        let text = format!("$.a[?({}@.x)]", "!".repeat(500));
        assert!(Path::parse(&text).unwrap_err().contains("too deep"));
    }
}
