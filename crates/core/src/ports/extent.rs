//! How large a value is as JSON, without writing it: what a store in memory asks of every record put into it.
//!
//! A serializer of its own, since one that writes to nowhere still looks for escapes letter by letter and writes out every
//! number. Escapes are not counted: no store keeps them.

use serde::ser::{self, Serialize, Serializer};
use std::fmt::{self, Display, Write};

/// How large a record is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of its JSON, as if no text needed escapes.
    pub bytes: usize,
    /// Whether it holds a number that a store might not keep: of 10^126 and more, or nearer to zero than 10^-130.
    pub extreme: bool,
}

impl Extent {
    /// Measures a value; `None` if it has no JSON.
    pub fn of(value: &impl Serialize) -> Option<Self> {
        let mut gauge = Gauge::default();
        value.serialize(&mut gauge).ok()?;
        Some(gauge.extent)
    }
}

/// Why a value has no JSON; nobody asks.
#[derive(Debug, thiserror::Error)]
#[error("it has no JSON")]
struct NoJson;

impl ser::Error for NoJson {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Counts what goes by.
#[derive(Debug, Default)]
struct Gauge {
    extent: Extent,
    /// What comes is a name in an object: numbers are put in quotes there, and nothing else but text may be.
    name: bool,
}

impl Gauge {
    const fn add(&mut self, bytes: usize) -> Result<(), NoJson> {
        if self.name {
            return Err(NoJson);
        }
        self.extent.bytes += bytes;
        Ok(())
    }

    const fn text(&mut self, text: &str) {
        self.extent.bytes += 2 + text.len();
    }

    const fn whole(&mut self, negative: bool, size: u64) {
        let digits = match size.checked_ilog10() {
            Some(log) => log as usize + 1,
            None => 1,
        };
        self.extent.bytes += digits + negative as usize + if self.name { 2 } else { 0 };
    }

    /// The beginning of an array or an object, and its end.
    fn open(&mut self) -> Result<Inside<'_>, NoJson> {
        self.add(2)?;
        Ok(Inside { gauge: self, first: true })
    }

    /// The same, as the value of the only field of an object.
    fn open_variant(&mut self, variant: &str) -> Result<Inside<'_>, NoJson> {
        self.add(3)?;
        self.text(variant);
        self.open()
    }
}

/// Counts a text that is written piece by piece.
struct Pieces<'a>(&'a mut usize);

impl Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        *self.0 += piece.len();
        Ok(())
    }
}

macro_rules! whole {
    ($($name:ident $type:ty),*) => {
        $(fn $name(self, value: $type) -> Result<(), NoJson> {
            let value = i64::from(value);
            self.whole(value < 0, value.unsigned_abs());
            Ok(())
        })*
    };
}

impl<'a> Serializer for &'a mut Gauge {
    type Ok = ();
    type Error = NoJson;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Inside<'a>;
    type SerializeTupleStruct = Inside<'a>;
    type SerializeTupleVariant = Inside<'a>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Inside<'a>;

    whole!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
    whole!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32);

    fn serialize_u64(self, value: u64) -> Result<(), NoJson> {
        self.whole(false, value);
        Ok(())
    }
    fn serialize_bool(self, value: bool) -> Result<(), NoJson> {
        self.add(if value { 4 } else { 5 })
    }
    fn serialize_f32(self, value: f32) -> Result<(), NoJson> {
        self.serialize_f64(f64::from(value))
    }
    fn serialize_f64(self, value: f64) -> Result<(), NoJson> {
        let size = value.abs();
        self.extent.extreme |= size >= 1e126 || (size > 0.0 && size < 1e-130);
        self.add(serde_json::Value::from(value).to_string().len())
    }
    fn serialize_char(self, value: char) -> Result<(), NoJson> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<(), NoJson> {
        self.text(value);
        Ok(())
    }
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), NoJson> {
        self.extent.bytes += 2;
        write!(Pieces(&mut self.extent.bytes), "{value}").map_err(|_| NoJson)
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), NoJson> {
        value.serialize(self)
    }
    fn serialize_none(self) -> Result<(), NoJson> {
        self.add(4)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoJson> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), NoJson> {
        self.add(4)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NoJson> {
        self.add(4)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NoJson> {
        self.text(variant);
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NoJson> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), NoJson> {
        self.add(3)?;
        self.text(variant);
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'a>, NoJson> {
        self.open()
    }
    fn serialize_tuple(self, _: usize) -> Result<Inside<'a>, NoJson> {
        self.open()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'a>, NoJson> {
        self.open()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'a>, NoJson> {
        self.open_variant(variant)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'a>, NoJson> {
        self.open()
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'a>, NoJson> {
        self.open()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'a>, NoJson> {
        self.open_variant(variant)
    }
}

/// An array or an object that is being counted.
#[derive(Debug)]
struct Inside<'a> {
    gauge: &'a mut Gauge,
    first: bool,
}

impl Inside<'_> {
    fn comma(&mut self) {
        self.gauge.extent.bytes += usize::from(!std::mem::take(&mut self.first));
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        self.comma();
        value.serialize(&mut *self.gauge)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), NoJson> {
        self.comma();
        self.gauge.text(name);
        self.gauge.extent.bytes += 1;
        value.serialize(&mut *self.gauge)
    }
}

/// What differs between arrays and objects of all kinds is only how their parts are called.
macro_rules! inside {
    ($($trait:ident $method:ident($($name:ident: $type:ty)?) $part:ident),*) => {
        $(impl ser::$trait for Inside<'_> {
            type Ok = ();
            type Error = NoJson;
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), NoJson> {
                self.$part($($name,)? value)
            }
            fn end(self) -> Result<(), NoJson> {
                Ok(())
            }
        })*
    };
}

inside!(
    SerializeSeq serialize_element() element,
    SerializeTuple serialize_element() element,
    SerializeTupleStruct serialize_field() element,
    SerializeTupleVariant serialize_field() element,
    SerializeStruct serialize_field(name: &'static str) field,
    SerializeStructVariant serialize_field(name: &'static str) field
);

impl ser::SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = NoJson;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoJson> {
        self.comma();
        self.gauge.name = true;
        key.serialize(&mut *self.gauge)?;
        self.gauge.name = false;
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        self.gauge.extent.bytes += 1;
        value.serialize(&mut *self.gauge)
    }
    fn end(self) -> Result<(), NoJson> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(serde::Serialize)]
    enum Every {
        Unit,
        Newtype(&'static str),
        Tuple(i8, Option<char>),
        Struct { a: (u64, i64), b: Vec<Self> },
        Map(BTreeMap<u16, f64>),
    }

    fn bytes_of(value: &impl Serialize) -> usize {
        serde_json::to_string(value).expect("JSON").len()
    }

    #[test]
    fn an_extent_is_that_of_the_json_and_extreme_numbers_are_seen() {
        for value in [json!({}), json!({"a": [1, "zwölf", null, 0.5, {"b": true, "": []}]})] {
            assert_eq!(Extent::of(&value), Some(Extent { bytes: bytes_of(&value), extreme: false }));
        }
        assert_eq!(Extent::of(&"\u{1}\n\"").map(|extent| extent.bytes), Some(5));
        for extreme in [1e126, -1e126, 1e-131] {
            assert!(Extent::of(&json!([{ "n": extreme }])).unwrap().extreme);
        }
        assert!(!Extent::of(&json!([0.0, 9.9e125, 1e-130])).unwrap().extreme);
    }

    #[test]
    fn every_kind_of_value_is_measured() {
        let map = BTreeMap::from([(1, 0.1), (10, -2e30), (u16::MAX, f64::NAN)]);
        let b = vec![Every::Unit, Every::Newtype("ü"), Every::Tuple(-128, Some('ß')), Every::Map(map)];
        let value = (Every::Struct { a: (u64::MAX, i64::MIN), b }, None::<()>, 0, true, false);
        let bytes = bytes_of(&value);
        assert_eq!(Extent::of(&value), Some(Extent { bytes, extreme: false }));
        let shown = Shown("a name");
        assert_eq!(Extent::of(&shown).map(|extent| extent.bytes), Some(bytes_of(&shown)));
    }

    struct Shown(&'static str);

    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    #[test]
    fn what_has_no_json_has_no_extent() {
        let lists_by_list: BTreeMap<Vec<u8>, Value> = BTreeMap::from([(vec![1], json!(1))]);
        assert!(serde_json::to_string(&lists_by_list).is_err());
        assert_eq!(Extent::of(&lists_by_list), None);
    }
}
