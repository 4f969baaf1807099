//! The packages in a file that the user names.

use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::update::Package;
use wimwright_servicing::update::container::Container;
use wimwright_servicing::update::package::Trust;

use crate::refusal::Refusal;

/// Opens the packages in a file or folder; those of one file that holds several
/// are named by file and member.
pub(super) fn packages(file: &Path, trust: Trust<'_>) -> anyhow::Result<Vec<Package>> {
    if !file.exists() {
        let path = file.to_owned();
        return Err(Refusal::Missing { path }.into());
    }
    let container = Container::open(file)?;
    let found = of(&container, trust)?;
    match found.is_empty() {
        true => Err(Refusal::NoUpdate {
            path: file.to_owned(),
        }
        .into()),
        false => Ok(found),
    }
}

/// The packages in a container.
pub(super) fn of(container: &Container, trust: Trust<'_>) -> anyhow::Result<Vec<Package>> {
    let inner = container.packages();
    let several = inner.len() > 1;
    let open = |one: &&Container| -> anyhow::Result<Package> {
        let name = match several && one.name() != container.name() {
            true => format!("{}: {}", container.name(), one.name()),
            false => container.name().to_owned(),
        };
        let payload = one.payload().with_context(|| format!("`{}`", one.name()))?;
        Ok(Package::over(name, payload, trust)?)
    };
    inner.iter().map(open).collect()
}
