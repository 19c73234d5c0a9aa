//! The members of a session that is kept in a cookie: JSON in the order they were set, which both the
//! bytes and their signature depend on.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// An object that keeps its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JavaScript's `JSON.stringify` writes it.
    pub(super) fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As Python's `json.dumps` writes it, with its spaces; the members themselves are flat.
    pub(super) fn spaced(&self) -> String {
        let pair = |(name, value): &(String, Value)| format!("{}: {value}", Value::from(name.as_str()));
        format!("{{{}}}", self.0.iter().map(pair).collect::<Vec<_>>().join(", "))
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    members.set(&name, value);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let members: Members = serde_json::from_str("{\"user\":\"admin\",\"seen\":true}").expect("an object");
        assert_eq!(members.compact(), "{\"user\":\"admin\",\"seen\":true}");
        assert_eq!(members.spaced(), "{\"user\": \"admin\", \"seen\": true}");
    }
}
