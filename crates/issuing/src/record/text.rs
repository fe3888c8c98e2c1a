//! How identifiers and terms look in documents: TOML and JSON have neither bytes nor 64 unsigned bits.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Bytes in hexadecimal digits.
pub(crate) mod hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&::hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
        let bytes = ::hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        T::try_from(bytes).map_err(|_| D::Error::custom("not the right number of hexadecimal digits"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A public key, if there is one.
pub(crate) mod key {
    use super::*;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(key: &Option<[u8; 33]>, serializer: S) -> Result<S::Ok, S::Error> {
        super::hex::serialize(&key.unwrap_or([0; 33]), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u8; 33]>, D::Error> {
        super::hex::deserialize(deserializer).map(Some)
    }
}

/// A serial as people read it.
pub(crate) mod serial {
    use super::*;
    use keyfob_wire::Serial;

    pub(crate) fn serialize<S: Serializer>(serial: &Serial, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(serial)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Serial, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Defines the form of a newtype over `u32`.
macro_rules! number {
    ($module:ident, $name:ident) => {
        pub(crate) mod $module {
            use super::*;
            use keyfob_wire::$name;

            pub(crate) fn serialize<S: Serializer>(number: &$name, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u32(number.0)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                u32::deserialize(deserializer).map($name)
            }
        }
    };
}

number!(product, ProductId);
number!(feature, FeatureId);

/// Terms: what isn't stated isn't limited.
pub(crate) mod terms {
    use super::*;
    use keyfob_licence::Terms;
    use keyfob_wire::{Modules, UnixTime};
    use serde::Serialize;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        enabled: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        starts: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<u64>,
        #[serde(default)]
        counter: bool,
        /// A bit map of 64 bits, `0x` and hexadecimal digits.
        #[serde(skip_serializing_if = "Option::is_none")]
        modules: Option<String>,
    }

    fn yes() -> bool {
        true
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_yes(yes: &bool) -> bool {
        *yes
    }

    pub(crate) fn serialize<S: Serializer>(terms: &Terms, serializer: S) -> Result<S::Ok, S::Error> {
        if terms.unknown {
            return Err(serde::ser::Error::custom("a term that isn't known can't be written"));
        }
        Document {
            enabled: terms.enabled,
            starts: terms.starts.map(|time| time.0),
            expires: terms.expires.map(|time| time.0),
            counter: terms.counted,
            modules: terms.modules.map(|modules| format!("{:#x}", modules.0)),
        }
        .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Terms, D::Error> {
        let document = Document::deserialize(deserializer)?;
        let modules = document.modules.map(|text| {
            let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Modules)
        });
        let modules = match modules {
            Some(None) => return Err(D::Error::custom("modules aren't 0x and up to 16 hexadecimal digits")),
            Some(modules) => modules,
            None => None,
        };
        Ok(Terms {
            enabled: document.enabled,
            starts: document.starts.map(UnixTime),
            expires: document.expires.map(UnixTime),
            counted: document.counter,
            modules,
            unknown: false,
        })
    }
}
