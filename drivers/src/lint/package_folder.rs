//! Whether the files of a package are where its INF says, as Inf2Cat demands:
//! 22.9.1.

use wimwright_inf::Position;
use wimwright_servicing::compressed::compressed_name;

use super::Subject;
use super::finding::Found;
use super::rule::LintRule;
use crate::error::Error;
use crate::model::{
    Architecture, DriverModel, InfKind, ModelOptions, PackageFile, Target, dirid::join,
};
use crate::package::Package;

/// Checks that every file is there, compressed or not, or that its cabinet is.
pub(super) fn check(
    package: &Package,
    subject: &Subject<'_>,
    found: &mut Found,
) -> Result<(), Error> {
    if !matches!(
        subject.version.kind,
        InfKind::Device | InfKind::Primitive | InfKind::Class
    ) {
        return Ok(());
    }
    // The files are those of all architectures, whichever the INF is read for.
    let target = Target::workstation(10, 0, 26100, Architecture::Amd64);
    let model = DriverModel::read(subject.inf, &target, &ModelOptions::default(), &|_| None);
    for file in model.files.files.iter().filter(|file| !file.from_windows) {
        let mut paths = vec![
            file.path(),
            join([file.folder.as_str(), &compressed_name(&file.name)]),
        ];
        paths.extend(file.disk.as_ref().and_then(|disk| disk.cabinet.clone()));
        let mut is_there = false;
        for path in paths {
            let place = package.root().join(&path)?;
            is_there |= package.tree().has_file(&place)?;
        }
        if !is_there {
            found.add(LintRule::FileMissing, "", entry(subject, file), || {
                format!("`{}` is not there", file.path())
            });
        }
    }
    Ok(())
}

/// The entry of a file in `[SourceDisksFiles]`.
fn entry(subject: &Subject<'_>, file: &PackageFile) -> Option<Position> {
    let decorated = file
        .architectures
        .iter()
        .map(|architecture| format!("SourceDisksFiles.{architecture}"));
    let mut sections = decorated.chain(["SourceDisksFiles".to_owned()]);
    sections.find_map(|name| {
        let line = subject.inf.section(&name)?.line_for_key(&file.name)?;
        Some(line.position(0))
    })
}
