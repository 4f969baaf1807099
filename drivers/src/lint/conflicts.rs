//! What the install sections of one Windows do to each other: 1330 to 1333.
//!
//! Page "InfVerif Error 1330 - 1333": several devices can use different
//! sections of one INF, and then the last one installed wins.

use std::collections::HashMap;
use std::hash::Hash;

use super::Subject;
use super::finding::Found;
use super::rule::LintRule;
use crate::model::{DriverModel, Operation, RegistryChange, RegistryData, Root};

/// Checks the install sections that one Windows uses.
pub(super) fn check(subject: &Subject<'_>, model: &DriverModel, found: &mut Found) {
    let mut report = |rule, line, message: &dyn Fn() -> String| {
        found.add(rule, "", subject.position(line), message);
    };
    let mut files = Known::default();
    let mut values = Known::default();
    let mut service_values = Known::default();
    let mut services = Known::default();
    for install in &model.installs {
        for file in install.all_copy_files().filter(|file| file.from.is_none()) {
            let source = file.source.to_lowercase();
            let to = file.destination.clone();
            let key = (to.dirid, to.subdir.to_lowercase(), to.name.to_lowercase());
            if let Some(other) = files.differs(key, source) {
                report(LintRule::FileConflict, file.line, &|| {
                    format!(
                        "`{}` is made from `{}` and from `{other}`",
                        to.name, file.source
                    )
                });
            }
        }
        for change in install.registry.iter().chain(&install.hardware) {
            if change.root == Root::Relative || change.from.is_some() {
                continue;
            }
            if let Some((key, data)) = setting(change)
                && values.differs((change.root, key), data).is_some()
            {
                report(LintRule::ValueConflict, change.line, &|| {
                    format!("a value of `{}` gets different data", change.subkey)
                });
            }
        }
        for service in install.services.iter().filter(|s| s.from.is_none()) {
            let name = service.name.to_lowercase();
            let setup = format!(
                "{:?} {:?} {:?} {:?} {:?} {:?}",
                service.kind,
                service.start,
                service.error_control,
                service.binary.as_ref().map(|b| b.text.to_lowercase()),
                service.load_order_group,
                service.dependencies,
            );
            if services.differs(name.clone(), setup).is_some() {
                report(LintRule::ServiceConflict, service.line, &|| {
                    format!("the service `{}` is set up in different ways", service.name)
                });
            }
            for change in &service.registry {
                if let Some((key, data)) = setting(change)
                    && service_values.differs((name.clone(), key), data).is_some()
                {
                    report(LintRule::ServiceValueConflict, change.line, &|| {
                        format!(
                            "a value of the service `{}` gets different data",
                            service.name
                        )
                    });
                }
            }
        }
    }
}

/// Key and name of a value, in lower case.
type ValuePlace = (String, String);

/// A value that is set whatever it was, and its data.
fn setting(change: &RegistryChange) -> Option<(ValuePlace, RegistryData)> {
    match &change.operation {
        Operation::SetValue { name, data, .. } => Some((
            (change.subkey.to_lowercase(), name.to_lowercase()),
            data.clone(),
        )),
        _ => None,
    }
}

/// What was said before of the same thing.
struct Known<K, V>(HashMap<K, V>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Known(HashMap::new())
    }
}

impl<K: Eq + Hash, V: PartialEq> Known<K, V> {
    /// What was said before, if it is not this.
    fn differs(&mut self, key: K, value: V) -> Option<&V> {
        let known = self.0.entry(key);
        match known {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(value);
                None
            }
            std::collections::hash_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                (*known != value).then_some(known)
            }
        }
    }
}
