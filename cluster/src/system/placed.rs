//! Reading a value and checking it in one go, so that what is wrong with it is told with its own place.
//!
//! An error gets the position of the innermost value that was being read when it was raised. A check that runs
//! after a value was read, as with `#[serde(try_from)]`, is told with the place of what surrounds it: of a whole
//! list, for one of its elements.

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor, value};
use std::fmt;
use std::marker::PhantomData;

/// Reads a string, a list or a table as `Raw` and makes a `Checked` of it while the value is still being read.
pub fn deserialize<'de, D, Raw, Checked>(deserializer: D, expected: &'static str) -> Result<Checked, D::Error>
where
    D: Deserializer<'de>,
    Raw: Deserialize<'de>,
    Checked: TryFrom<Raw, Error: fmt::Display>,
{
    deserializer.deserialize_any(Checking {
        expected,
        kinds: PhantomData::<(Raw, Checked)>,
    })
}

/// Implements `Deserialize` for a type by way of another and its check; to an editor it looks like the other.
macro_rules! placed {
    ($checked:ident from $raw:ty, $expected:literal) => {
        impl<'de> serde::Deserialize<'de> for $checked {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::system::placed::deserialize::<D, $raw, $checked>(deserializer, $expected)
            }
        }

        impl schemars::JsonSchema for $checked {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$raw as schemars::JsonSchema>::schema_name()
            }

            fn inline_schema() -> bool {
                <$raw as schemars::JsonSchema>::inline_schema()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$raw as schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}
pub(super) use placed;

struct Checking<Raw, Checked> {
    expected: &'static str,
    kinds: PhantomData<(Raw, Checked)>,
}

impl<'de, Raw, Checked> Visitor<'de> for Checking<Raw, Checked>
where
    Raw: Deserialize<'de>,
    Checked: TryFrom<Raw, Error: fmt::Display>,
{
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Checked, E> {
        let text: value::StrDeserializer<'_, E> = text.into_deserializer();
        Checked::try_from(Raw::deserialize(text)?).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Checked, A::Error> {
        let raw = Raw::deserialize(value::SeqAccessDeserializer::new(list))?;
        Checked::try_from(raw).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Checked, A::Error> {
        let raw = Raw::deserialize(value::MapAccessDeserializer::new(table))?;
        Checked::try_from(raw).map_err(A::Error::custom)
    }
}
