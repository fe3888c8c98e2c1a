//! A document that reads well as text and as JSON.

use std::fmt;

use keyfob::UnixTime;
use keyfob_terminal::plain;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::date;

/// Named values in order.
#[derive(Default)]
pub(crate) struct Tree(Vec<(&'static str, Leaf)>);

/// A value.
pub(crate) enum Leaf {
    Text(String),
    Number(u64),
    Truth(bool),
    Time(UnixTime),
    Branch(Tree),
    List(Vec<Tree>),
}

impl Tree {
    /// Adds a value. The name is JSON's; for people its underscores are spaces.
    pub(crate) fn with(mut self, name: &'static str, leaf: impl Into<Leaf>) -> Self {
        self.0.push((name, leaf.into()));
        self
    }

    /// Adds a value if there is one.
    pub(crate) fn with_some(self, name: &'static str, leaf: Option<impl Into<Leaf>>) -> Self {
        match leaf {
            Some(leaf) => self.with(name, leaf),
            None => self,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        let is_line = |leaf: &Leaf| !matches!(leaf, Leaf::Branch(_) | Leaf::List(_));
        let width = self.0.iter().filter(|(_, leaf)| is_line(leaf)).map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, leaf) in &self.0 {
            let name = name.replace('_', " ");
            match leaf {
                Leaf::Text(text) => writeln!(f, "{:indent$}{name:width$}  {}", "", plain(text))?,
                Leaf::Number(number) => writeln!(f, "{:indent$}{name:width$}  {number}", "")?,
                Leaf::Truth(truth) => {
                    writeln!(f, "{:indent$}{name:width$}  {}", "", if *truth { "yes" } else { "no" })?
                }
                Leaf::Time(time) => writeln!(f, "{:indent$}{name:width$}  {}", "", date::written(*time))?,
                Leaf::Branch(tree) => {
                    writeln!(f, "{:indent$}{name}", "")?;
                    tree.write(f, indent + 2)?;
                }
                Leaf::List(trees) if trees.is_empty() => writeln!(f, "{:indent$}{name}: none", "")?,
                Leaf::List(trees) => {
                    for (number, tree) in trees.iter().enumerate() {
                        writeln!(f, "{:indent$}{name}, {} of {}", "", number + 1, trees.len())?;
                        tree.write(f, indent + 2)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, leaf)| map.serialize_entry(name, leaf))?;
        map.end()
    }
}

impl Serialize for Leaf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Truth(truth) => truth.serialize(serializer),
            Self::Time(time) => time.0.serialize(serializer),
            Self::Branch(tree) => tree.serialize(serializer),
            Self::List(trees) => trees.serialize(serializer),
        }
    }
}

/// Makes a leaf of a type.
macro_rules! leaf {
    ($($type:ty, $value:ident => $leaf:expr;)*) => {
        $(impl From<$type> for Leaf {
            fn from($value: $type) -> Self {
                $leaf
            }
        })*
    };
}

leaf! {
    String, text => Self::Text(text);
    &str, text => Self::Text(text.to_owned());
    u8, number => Self::Number(number.into());
    u32, number => Self::Number(number.into());
    u64, number => Self::Number(number);
    bool, truth => Self::Truth(truth);
    UnixTime, time => Self::Time(time);
    Tree, tree => Self::Branch(tree);
    Vec<Tree>, trees => Self::List(trees);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_as_text_and_as_json() {
        let tree = Tree::default()
            .with("name", "a\u{1b}b")
            .with("issued_time", UnixTime(86_400))
            .with("empty", Vec::new())
            .with("part", vec![Tree::default().with("public", true)])
            .with_some("none", None::<u8>);
        assert_eq!(
            tree.to_string(),
            "name         a\\u{1b}b\nissued time  2 Jan 1970 00:00:00 UTC\nempty: none\npart, 1 of 1\n  public  yes\n"
        );
        assert_eq!(
            serde_json::to_string(&tree).unwrap(),
            r#"{"name":"a\u001bb","issued_time":86400,"empty":[],"part":[{"public":true}]}"#
        );
    }
}
