//! What Windows keeps of a file beside its content, attributes and times:
//! security, short name, named streams, what a reparse point holds.
//!
//! Images in WIM files hold it; a directory on the host does not.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Content;
use super::metadata::{AttributeNames, Times};
use crate::blob::{Blob, ContentId};
use crate::text::Text;

/// A named (alternate) stream of a file or directory; `C` stands for what it
/// holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedStream<C> {
    /// Its name, without colons.
    pub name: Text,
    /// What it holds.
    pub content: C,
}

/// What Windows keeps of a file or directory beside content, attributes and
/// times. What is `None` is not known, or stays. `C` stands for what streams
/// hold: where it comes from, which bytes, or which identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDetails<C> {
    /// The security descriptor in self-relative form; empty for none.
    #[serde(
        default = "none",
        with = "crate::hex::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub security: Option<Vec<u8>>,
    /// The short (8.3) name; empty for none.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub short_name: Option<Text>,
    /// All named streams, in the order of their names.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub streams: Option<Vec<NamedStream<C>>>,
    /// Object id, extended attributes and whatever else a WIM file stores
    /// behind an entry, in its stored form; empty for none.
    #[serde(
        default = "none",
        with = "crate::hex::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub tagged: Option<Vec<u8>>,
    /// The attributes that say how it is stored, of [`STORED_ATTRIBUTES`].
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub stored: Option<u32>,
}

fn none<T>() -> Option<T> {
    None
}

/// Attributes that say how a file is stored and that another writer may set
/// just so: sparse, compressed.
///
/// Source: \[MS-FSCC\] 2.6, file attributes.
pub const STORED_ATTRIBUTES: u32 = 0x200 | 0x800;

impl<C> Default for FileDetails<C> {
    /// Nothing known, nothing asked.
    fn default() -> FileDetails<C> {
        FileDetails {
            security: None,
            short_name: None,
            streams: None,
            tagged: None,
            stored: None,
        }
    }
}

impl<C: Clone> FileDetails<C> {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.security.is_none()
            && self.short_name.is_none()
            && self.streams.is_none()
            && self.tagged.is_none()
            && self.stored.is_none()
    }

    /// These, and where something is not given that of `other`.
    #[must_use]
    pub fn or(self, other: FileDetails<C>) -> FileDetails<C> {
        FileDetails {
            security: self.security.or(other.security),
            short_name: self.short_name.or(other.short_name),
            streams: self.streams.or(other.streams),
            tagged: self.tagged.or(other.tagged),
            stored: self.stored.or(other.stored),
        }
    }

    /// Those of `self` that `asked` gives, too.
    #[must_use]
    pub fn only<D>(self, asked: &FileDetails<D>) -> FileDetails<C> {
        FileDetails {
            security: self.security.filter(|_| asked.security.is_some()),
            short_name: self.short_name.filter(|_| asked.short_name.is_some()),
            streams: self.streams.filter(|_| asked.streams.is_some()),
            tagged: self.tagged.filter(|_| asked.tagged.is_some()),
            stored: self.stored.filter(|_| asked.stored.is_some()),
        }
    }

    /// The same with something else for what streams hold.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<D, E>(
        &self,
        mut change: impl FnMut(&C) -> Result<D, E>,
    ) -> Result<FileDetails<D>, E> {
        let streams = self.streams.as_ref().map(|streams| {
            let streams = streams.iter().map(|stream| {
                Ok(NamedStream {
                    name: stream.name.clone(),
                    content: change(&stream.content)?,
                })
            });
            streams.collect::<Result<Vec<_>, E>>()
        });
        Ok(FileDetails {
            security: self.security.clone(),
            short_name: self.short_name.clone(),
            streams: streams.transpose()?,
            tagged: self.tagged.clone(),
            stored: self.stored,
        })
    }
}

impl FileDetails<Arc<dyn Blob>> {
    /// The same with the identities of what streams hold.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub fn identified(&self) -> io::Result<FileDetails<ContentId>> {
        self.try_map(|blob| ContentId::of_blob(blob.as_ref()))
    }
}

impl<C> fmt::Display for FileDetails<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(security) = &self.security {
            parts.push(match security.len() {
                0 => "no security descriptor".to_owned(),
                len => format!("security descriptor of {len} bytes"),
            });
        }
        if let Some(name) = &self.short_name {
            parts.push(match name.is_empty() {
                true => "no short name".to_owned(),
                false => format!("short name {name}"),
            });
        }
        if let Some(streams) = &self.streams {
            parts.push(match streams.as_slice() {
                [] => "no named streams".to_owned(),
                streams => {
                    let names = streams.iter().map(|stream| format!(":{}", stream.name));
                    format!("streams {}", names.collect::<Vec<_>>().join(" "))
                }
            });
        }
        if let Some(tagged) = &self.tagged {
            parts.push(match tagged.len() {
                0 => "no object id".to_owned(),
                len => format!("object id and the like of {len} bytes"),
            });
        }
        if let Some(stored) = self.stored {
            parts.push(match stored {
                0 => "stored plainly".to_owned(),
                stored => format!("stored {}", AttributeNames(stored)),
            });
        }
        match parts.as_slice() {
            [] => f.write_str("details that are not known"),
            parts => f.write_str(&parts.join(", ")),
        }
    }
}

/// A link, or another reparse point, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReparsePoint<C> {
    /// Its attributes, those among them that say that it is a reparse point,
    /// and whether it counts as a directory.
    pub attributes: u32,
    /// The tag that says who handles it.
    pub tag: u32,
    /// Flags that the image has beside the tag: bit 0 where the target was not
    /// made relative to the image's root.
    pub flags: u16,
    /// What it holds, without the eight bytes of tag and length in front.
    #[serde(with = "crate::hex")]
    pub data: Vec<u8>,
    /// Its times.
    #[serde(flatten)]
    pub times: Times,
    /// What else is known of it.
    #[serde(flatten)]
    pub details: FileDetails<C>,
}

impl<C: Clone> ReparsePoint<C> {
    /// The same with something else for what streams hold.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<D, E>(
        &self,
        change: impl FnMut(&C) -> Result<D, E>,
    ) -> Result<ReparsePoint<D>, E> {
        Ok(ReparsePoint {
            attributes: self.attributes,
            tag: self.tag,
            flags: self.flags,
            data: self.data.clone(),
            times: self.times,
            details: self.details.try_map(change)?,
        })
    }
}

impl FileDetails<Content> {
    /// The same with the identities of what streams hold.
    pub fn ids(&self) -> FileDetails<ContentId> {
        let ids = self.try_map(|content| Ok::<_, std::convert::Infallible>(content.id()));
        match ids {
            Ok(ids) => ids,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ImagePath;
    use crate::plan::Change;

    #[test]
    fn details_and_links_are_read_back_from_json() {
        let details = FileDetails {
            short_name: Some(Text::from("LONGNA~1")),
            security: Some(vec![1, 0xAB]),
            streams: Some(vec![NamedStream {
                name: Text::from("Zone.Identifier"),
                content: Content::Inline(b"x".to_vec()),
            }]),
            ..FileDetails::default()
        };
        assert_eq!(
            details.to_string(),
            "security descriptor of 2 bytes, short name LONGNA~1, streams :Zone.Identifier"
        );
        let path = ImagePath::parse("Windows\\x").unwrap();
        let link = ReparsePoint {
            attributes: 0x410,
            tag: 0xA000_0003,
            flags: 0,
            data: vec![1, 2],
            times: Times::default(),
            details: details.clone(),
        };
        for (change, json) in [
            (
                Change::SetDetails {
                    path: path.clone(),
                    details: FileDetails {
                        short_name: Some(Text::default()),
                        ..FileDetails::default()
                    },
                },
                r#"{"change":"set-details","path":"Windows\\x","short_name":""}"#.to_owned(),
            ),
            (
                Change::SetDetails {
                    path: path.clone(),
                    details,
                },
                r#"{"change":"set-details","path":"Windows\\x","security":"01ab","#.to_owned()
                    + r#""short_name":"LONGNA~1","#
                    + r#""streams":[{"name":"Zone.Identifier","content":{"inline":"78"}}]}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
            assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
        }
        let change = Change::MakeLink { path, link };
        let json = serde_json::to_string(&change).unwrap();
        assert!(
            json.contains(r#""tag":2684354563,"flags":0,"data":"0102""#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
    }
}
