//! The driver store of an image: what lies where, and in which bytes.

pub mod class_node;
pub mod device_id;
pub(crate) mod first_boot;
pub mod node;
pub mod package_id;
pub mod published_name;
pub mod version_blob;
pub(crate) mod writer;
