//! The two database nodes of a driver store from Windows 8 on.
//!
//! `SYSTEM\DriverDatabase` holds what the kernel must see at boot,
//! `DRIVERS\DriverDatabase` the rest, in the same layout (driverstore 2.1). A
//! package lives in exactly one.

use std::fmt;

use wimwright_servicing::registry::{HiveName, KeyPath};

/// A database node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// In the SYSTEM hive.
    System,
    /// In the DRIVERS hive.
    Drivers,
}

impl Node {
    /// Both.
    pub const ALL: [Node; 2] = [Node::System, Node::Drivers];

    /// Its hive.
    pub fn hive(self) -> HiveName {
        match self {
            Node::System => HiveName::System,
            Node::Drivers => HiveName::Drivers,
        }
    }

    /// `DriverDatabase`, at the hive's root (not in a control set).
    pub fn root(self) -> KeyPath {
        KeyPath::from("DriverDatabase")
    }

    /// `DriverInfFiles\<published name>`.
    pub fn inf_file(self, published: &str) -> KeyPath {
        KeyPath::from(format!("DriverDatabase\\DriverInfFiles\\{published}"))
    }

    /// `DriverPackages\<package id>`.
    pub fn package(self, id: &str) -> KeyPath {
        KeyPath::from(format!("DriverDatabase\\DriverPackages\\{id}"))
    }

    /// `DeviceIds\<id>`, where a backslash in the id separates keys.
    pub fn device_id(self, id: &str) -> KeyPath {
        KeyPath::from(format!("DriverDatabase\\DeviceIds\\{id}"))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} node", self.hive())
    }
}
