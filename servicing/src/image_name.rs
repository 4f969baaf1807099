//! What a person calls an image: a directory, or a WIM file with the image, or
//! images, meant in it.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use wimwright_wim::Archive;

/// An image, or several of one WIM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageName {
    /// A directory with an extracted or mounted image.
    Directory(PathBuf),
    /// Images in a WIM file.
    Wim {
        /// The file.
        file: PathBuf,
        /// Which of its images; a file with a single one needs none.
        selector: Option<Selector>,
    },
}

/// Which images of a WIM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The one with this number, from 1 on.
    Index(u32),
    /// The one with this name.
    Name(String),
    /// Every one.
    All,
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Index(index) => write!(f, "{index}"),
            Selector::Name(name) => f.write_str(name),
            Selector::All => f.write_str("all"),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageName::Directory(path) => write!(f, "{}", path.display()),
            ImageName::Wim { file, selector } => {
                write!(f, "{}", file.display())?;
                selector
                    .as_ref()
                    .map_or(Ok(()), |selector| write!(f, ":{selector}"))
            }
        }
    }
}

/// Why a name is not one of an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageNameError {
    /// Nothing is there.
    #[error("`{path}` does not exist")]
    Missing {
        /// The name as given.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("`{path}` is neither a directory nor a WIM file")]
    NotAnImage {
        /// The name as given.
        path: PathBuf,
    },
    /// The name cannot be looked at.
    #[error("`{path}`")]
    Host {
        /// The name as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing stands behind the colon, or no number where one must be.
    #[error("`{selector}` selects no image")]
    Selector {
        /// What stands behind the colon.
        selector: String,
    },
    /// The file has several images and none was named.
    #[error("`{}` has {count} images, and none is named: {images}", file.display())]
    Several {
        /// The file.
        file: PathBuf,
        /// How many there are.
        count: u32,
        /// Their numbers and names.
        images: String,
    },
    /// No image of the file is meant.
    #[error("`{}` has no image `{selector}`: {images}", file.display())]
    NoSuchImage {
        /// The file.
        file: PathBuf,
        /// What was asked for.
        selector: Selector,
        /// Numbers and names of those that there are.
        images: String,
    },
    /// Several images have the name.
    #[error("`{}` has several images named `{name}`: {images}", file.display())]
    SeveralNamed {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
        /// Numbers and names of those that there are.
        images: String,
    },
    /// The file has no images at all.
    #[error("`{}` has no images", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

impl ImageNameError {
    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ImageNameError::Selector { .. } => {
                "a number, a name, or `all` selects images: `FILE.wim:1`, `FILE.wim:name=1`"
                    .to_owned()
            }
            ImageNameError::Several { file, .. } => {
                format!("name one as `{0}:1`, or all as `{0}:all`", file.display())
            }
            ImageNameError::SeveralNamed { file, .. } => {
                format!("a number tells them apart: `{}:#1`", file.display())
            }
            _ => return None,
        })
    }
}

impl ImageName {
    /// Reads what a person wrote: an existing path wins; else what stands
    /// behind a colon selects images of the WIM file before it.
    ///
    /// # Errors
    /// [`ImageNameError`] when nothing, or no image, is there.
    pub fn parse(text: &OsStr) -> Result<ImageName, ImageNameError> {
        let path = PathBuf::from(text);
        let host = |source| ImageNameError::Host {
            path: path.clone(),
            source,
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Ok(ImageName::Directory(path)),
            Ok(_) => {
                return match is_wim(&path).map_err(host)? {
                    true => Ok(ImageName::Wim {
                        file: path,
                        selector: None,
                    }),
                    false => Err(ImageNameError::NotAnImage { path }),
                };
            }
            // A file is no directory: `a.wim:1/x` cannot exist either.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::NotADirectory
                        | io::ErrorKind::InvalidFilename
                ) => {}
            Err(error) => return Err(host(error)),
        }
        let text = text.to_str().unwrap_or_default();
        // Names of images may hold colons as names of files may: the first
        // colon with a WIM file before it counts.
        for (at, _) in text.match_indices(':') {
            let (file, selector) = text.split_at(at);
            let file = PathBuf::from(file);
            if file.is_file() && is_wim(&file).map_err(host)? {
                let selector = selector.get(1..).unwrap_or_default();
                return Ok(ImageName::Wim {
                    file,
                    selector: Some(Selector::parse(selector)?),
                });
            }
        }
        Err(ImageNameError::Missing { path })
    }
}

impl Selector {
    /// Reads what stands behind the colon: `all`, a number, a name; `#3` is a
    /// number and `name=3` a name in any case.
    ///
    /// # Errors
    /// [`ImageNameError::Selector`].
    pub fn parse(text: &str) -> Result<Selector, ImageNameError> {
        let none = || ImageNameError::Selector {
            selector: text.to_owned(),
        };
        let number = |digits: &str| digits.parse().ok().filter(|index| *index > 0);
        if let Some(name) = text.strip_prefix("name=") {
            return match name.is_empty() {
                true => Err(none()),
                false => Ok(Selector::Name(name.to_owned())),
            };
        }
        if let Some(digits) = text.strip_prefix('#') {
            return number(digits).map(Selector::Index).ok_or_else(none);
        }
        match text {
            "" | "0" => Err(none()),
            _ if text.eq_ignore_ascii_case("all") => Ok(Selector::All),
            _ => Ok(match number(text) {
                Some(index) => Selector::Index(index),
                None => Selector::Name(text.to_owned()),
            }),
        }
    }

    /// The numbers of the images of `archive` that are meant, from 1 on; with
    /// no selector, of the only one. A name is compared exactly, and without
    /// case where none is that exact.
    ///
    /// # Errors
    /// [`ImageNameError`] when there is no such image, or several.
    pub fn resolve(
        selector: Option<&Selector>,
        file: &Path,
        archive: &Archive,
    ) -> Result<Vec<u32>, ImageNameError> {
        let count = archive.image_count();
        let file = || file.to_owned();
        if count == 0 {
            return Err(ImageNameError::Empty { file: file() });
        }
        let none = |selector: &Selector| ImageNameError::NoSuchImage {
            file: file(),
            selector: selector.clone(),
            images: list(archive),
        };
        match selector {
            None if count == 1 => Ok(vec![1]),
            None => Err(ImageNameError::Several {
                file: file(),
                count,
                images: list(archive),
            }),
            Some(Selector::All) => Ok((1..=count).collect()),
            Some(selector @ Selector::Index(index)) => match *index <= count {
                true => Ok(vec![*index]),
                false => Err(none(selector)),
            },
            Some(selector @ Selector::Name(name)) => {
                let named = |same: &dyn Fn(&str) -> bool| -> Vec<u32> {
                    let found = |index: &u32| name_of(archive, *index).is_some_and(|is| same(&is));
                    (1..=count).filter(found).collect()
                };
                let mut found = named(&|is| is == name);
                if found.is_empty() {
                    found = named(&|is| is.to_lowercase() == name.to_lowercase());
                }
                match found.len() {
                    0 => Err(none(selector)),
                    1 => Ok(found),
                    _ => Err(ImageNameError::SeveralNamed {
                        file: file(),
                        name: name.clone(),
                        images: list(archive),
                    }),
                }
            }
        }
    }
}

/// The name of an image, as the XML data have it.
pub(crate) fn name_of(archive: &Archive, index: u32) -> Option<String> {
    archive.xml().image(index)?.text("NAME")
}

/// An image of a file as a person would name it.
pub(crate) fn of_image(file: &Path, archive: &Archive, index: u32) -> String {
    match archive.image_count() {
        1 => file.display().to_string(),
        _ => format!("{}:{index}", file.display()),
    }
}

/// Numbers and names of all images, for messages.
fn list(archive: &Archive) -> String {
    const SHOWN: u32 = 20;
    let count = archive.image_count();
    let named = (1..=count.min(SHOWN)).map(|index| match name_of(archive, index) {
        Some(name) => format!("{index} `{name}`"),
        None => index.to_string(),
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if count > SHOWN {
        text.push_str(&format!(" and {} more", count - SHOWN));
    }
    format!("it has {text}")
}

/// Whether a file begins as a WIM file does, or as wimlib's pipable form.
fn is_wim(path: &Path) -> io::Result<bool> {
    let mut magic = [0; 8];
    match File::open(path)?.read_exact(&mut magic) {
        Ok(()) => Ok([*b"MSWIM\0\0\0", *b"WLPWM\0\0\0"].contains(&magic)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ImageName, ImageNameError> {
        ImageName::parse(OsStr::new(text))
    }

    #[test]
    fn an_existing_path_wins_and_the_first_wim_before_a_colon_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["a.wim", "a.wim:2", "b"] {
            fs::write(at(name), b"MSWIM\0\0\0 and more").unwrap();
        }
        fs::write(at("text"), b"no").unwrap();
        let wim = |name: &str, selector: Option<Selector>| ImageName::Wim {
            file: at(name).into(),
            selector,
        };
        let named = |name: &str| Some(Selector::Name(name.to_owned()));
        for (text, expected) in [
            (at("a.wim"), wim("a.wim", None)),
            (at("a.wim:2"), wim("a.wim:2", None)),
            (at("a.wim:2:3"), wim("a.wim", named("2:3"))),
            (at("a.wim:3"), wim("a.wim", Some(Selector::Index(3)))),
            (at("a.wim:#4"), wim("a.wim", Some(Selector::Index(4)))),
            (at("a.wim:name=4"), wim("a.wim", named("4"))),
            (at("a.wim:All"), wim("a.wim", Some(Selector::All))),
            (at("a.wim:Windows 7/x"), wim("a.wim", named("Windows 7/x"))),
            (at(""), ImageName::Directory(at("").into())),
        ] {
            assert_eq!(parse(&text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            (at("a.wim:"), "selects no image"),
            (at("a.wim:#x"), "`#x` selects no image"),
            (at("a.wim:0"), "`0` selects no image"),
            (at("a.wim:name="), "selects no image"),
            (at("text"), "neither a directory nor a WIM file"),
            (at("text:1"), "does not exist"),
            (at("c.wim:1"), "does not exist"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
