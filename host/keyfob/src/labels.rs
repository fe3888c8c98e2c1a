//! The names that a user gives fobs.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::{Error, Serial, TokenUri};

/// The names that the user gave fobs, in `$XDG_CONFIG_HOME/keyfob/labels.toml` (else in `~/.config/keyfob`, on Windows
/// in `%APPDATA%\keyfob`): a line such as `bench = "KF-40E2-91AC-0B7D-22F3"` for each.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Labels {
    serials: BTreeMap<String, Serial>,
}

impl Labels {
    /// Reads the user's file; there are no labels if there is no file.
    ///
    /// # Errors
    /// [`Error::Labels`] if it can't be read, or isn't as it should be.
    pub fn load() -> Result<Self, Error> {
        file().map_or_else(|| Ok(Self::default()), |file| Self::load_from(&file))
    }

    /// Reads a file; there are no labels if there is no file.
    ///
    /// # Errors
    /// [`Error::Labels`] if it can't be read, or isn't as it should be.
    pub fn load_from(file: &Path) -> Result<Self, Error> {
        let wrong = |what: &dyn std::fmt::Display| Error::Labels(format!("{}: {what}", file.display()));
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(|error| wrong(&error))?,
        };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(&error.message()))?;
        let mut serials = BTreeMap::new();
        for (name, value) in table {
            let serial = value.as_str().and_then(|text| text.parse().ok());
            let serial = serial.ok_or_else(|| wrong(&format_args!("`{}` is no serial's", name.escape_debug())))?;
            serials.insert(name, serial);
        }
        Ok(Self { serials })
    }

    /// The user's file, whether it is there or not; none if the user has no folder for settings.
    #[must_use]
    pub fn file() -> Option<PathBuf> {
        file()
    }

    /// Names and fobs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Serial)> {
        self.serials.iter().map(|(name, serial)| (name.as_str(), *serial))
    }

    /// Gives a fob a name in a file, or takes the name away; what else is in the file stays as it is. The file is
    /// replaced as a whole, and made with its folder if there is none. Returns whose name it was.
    ///
    /// # Errors
    /// [`Error::Labels`] if the file can't be read or written, or isn't as it should be; it stays as it was then.
    pub fn change(file: &Path, name: &str, serial: Option<Serial>) -> Result<Option<Serial>, Error> {
        let before = Self::load_from(file)?;
        if serial.is_none() && before.serial(name).is_none() {
            return Ok(None);
        }
        let wrong = |error: io::Error| Error::Labels(format!("{}: {error}", file.display()));
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(wrong)?,
        };
        let is_of_name = |line: &str| line.parse::<toml::Table>().is_ok_and(|table| table.contains_key(name));
        let mut lines: Vec<_> = text.lines().filter(|line| !is_of_name(line)).map(str::to_owned).collect();
        lines.extend(serial.map(|serial| {
            let line = toml::Table::from_iter([(name.to_owned(), serial.to_string().into())]);
            line.to_string().trim_end().to_owned()
        }));
        let text = lines.into_iter().map(|line| line + "\n").collect::<String>();
        replace(file, &text).map_err(wrong)?;
        Ok(before.serial(name))
    }

    /// The fob of that name.
    #[must_use]
    pub fn serial(&self, name: &str) -> Option<Serial> {
        self.serials.get(name).copied()
    }

    /// The name of that fob; the first of several.
    #[must_use]
    pub fn name(&self, serial: Serial) -> Option<&str> {
        self.serials.iter().find(|&(_, &named)| named == serial).map(|(name, _)| name.as_str())
    }
}

/// Puts a text in a file's place: whoever reads it sees the old one or the new one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let new = file.with_extension("toml.new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, file)
}

/// Where the user's labels are; nowhere if the user has no folder for settings.
fn file() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
    };
    Some(settings?.join("keyfob/labels.toml"))
}

/// Where the fob of that name is.
pub(crate) fn find(name: &str) -> io::Result<TokenUri> {
    let labels = Labels::load().map_err(io::Error::other)?;
    let serial = labels.serial(name).ok_or_else(|| io::Error::other(Error::NoLabel(name.to_owned())))?;
    crate::discovery::find(serial)
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("{serial} is not plugged in")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: &str = "KF-40E2-91AC-0B7D-22F3";

    fn load(text: &str) -> Result<Labels, Error> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.toml");
        std::fs::write(&file, text).unwrap();
        Labels::load_from(&file)
    }

    #[test]
    fn names_and_fobs() {
        let labels =
            load(&format!("# mine\nbench = \"{SERIAL}\"\n\"the other\" = \"KF-0000-0000-0000-0001\"\n")).unwrap();
        let serial = SERIAL.parse().unwrap();
        assert_eq!((labels.serial("bench"), labels.serial("Bench")), (Some(serial), None));
        assert_eq!(labels.name(serial), Some("bench"));
        assert_eq!(labels.name(Serial([0, 0, 0, 0, 0, 0, 0, 1])), Some("the other"));
        assert_eq!(labels.name(Serial([9; 8])), None);
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keyfob/labels.toml");
        let (one, two) = (Serial([1; 8]), Serial([2; 8]));
        let text = || std::fs::read_to_string(&file).unwrap();
        assert_eq!(Labels::change(&file, "bench", Some(one)).unwrap(), None);
        assert_eq!(Labels::change(&file, "the \"other\"\n = 1", Some(two)).unwrap(), None);
        let labels = Labels::load_from(&file).unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("bench", one), ("the \"other\"\n = 1", two)]);
        std::fs::write(&file, format!("# mine\nbench = \"{one}\" # red\n\nlab = \"{two}\"\n")).unwrap();
        assert_eq!(Labels::change(&file, "bench", Some(two)).unwrap(), Some(one));
        assert_eq!(text(), format!("# mine\n\nlab = \"{two}\"\nbench = \"{two}\"\n"));
        assert_eq!(Labels::change(&file, "lab", None).unwrap(), Some(two));
        assert_eq!(text(), format!("# mine\n\nbench = \"{two}\"\n"));
        assert_eq!(Labels::change(&file, "lab", None).unwrap(), None);
        std::fs::write(&file, "bench").unwrap();
        assert!(Labels::change(&file, "bench", Some(one)).is_err());
        assert_eq!((text(), std::fs::read_dir(file.parent().unwrap()).unwrap().count()), ("bench".into(), 1));
    }

    #[test]
    fn no_file_has_no_labels_and_a_wrong_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Labels::load_from(&folder.path().join("none")).unwrap(), Labels::default());
        assert_eq!(load("").unwrap(), Labels::default());
        for text in
            ["bench", "bench = 1", "bench = \"KF-1\"", &format!("[bench]\na = \"{SERIAL}\""), "\u{1}", "a = \"\\"]
        {
            assert!(matches!(load(text), Err(Error::Labels(_))), "{text}");
        }
        assert!(matches!(Labels::load_from(folder.path()), Err(Error::Labels(_))));
    }
}
