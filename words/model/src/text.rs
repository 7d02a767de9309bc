//! How values that are written as quoted text enter and leave a document.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};

use crate::fault::Fault;
use crate::problem::Code;

/// Gives a type that has `FromStr<Err = Fault>` and `Display` its place in documents and in the schema.
macro_rules! text_value {
    ($type:ty, $name:literal, $says:literal, $pattern:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                deserializer.deserialize_any(crate::text::TextVisitor::<$type>::new($says))
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $says, "pattern": $pattern })
            }
        }
    };
}
pub(crate) use text_value;

pub(crate) struct TextVisitor<T> {
    says: &'static str,
    reads: PhantomData<T>,
}

impl<T> TextVisitor<T> {
    pub(crate) fn new(says: &'static str) -> TextVisitor<T> {
        TextVisitor { says, reads: PhantomData }
    }

    fn unquoted<E: Error>(&self, written: impl fmt::Display) -> E {
        let message = format!("{} is quoted", self.says);
        Fault::new(Code::UNQUOTED, message).suggest(format!("add quotes: \"{written}\"")).into_error()
    }
}

impl<'de, T: FromStr<Err = Fault>> Visitor<'de> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|fault: Fault| fault.into_error())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Err(self.unquoted(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Err(self.unquoted(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Err(self.unquoted(number))
    }
}
