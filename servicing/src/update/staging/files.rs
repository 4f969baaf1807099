//! The files of a package in the image: store, manifests, catalogs, and the
//! descriptions in `servicing`.

use std::sync::Arc;

use super::super::compressed_manifest::{self, Bases, Storage};
use super::super::package::{Package, PackageError};
use super::super::store_names;
use super::super::xml::MAX_XML;
use super::StageOptions;
use super::contents::Contents;
use super::error::StageError;
use crate::blob::read_all;
use crate::draft::{Draft, SourceId};
use crate::hex::Hex;
use crate::path::ImagePath;
use crate::plan::{Basis, Change, Content};
use crate::tree::FileTree;

/// Which files go where is known of real images; the security that they get by
/// inheritance is not looked up there.
const FILES: Basis = Basis::stated("cbs 6.1");

/// Plans the files; gives how many were new, and the package as a source.
pub(in crate::update) fn put(
    draft: &mut Draft,
    package: &Package,
    contents: &Contents<'_>,
    options: StageOptions<'_>,
) -> Result<(usize, SourceId), StageError> {
    let windows = draft.facts().windows.clone();
    let payload: Arc<dyn FileTree> = package.payload().clone();
    let name = options.source_name.unwrap_or(package.name());
    let source = draft.add_source(name, payload);
    let mut put = Puts {
        draft,
        source,
        new: 0,
    };
    for (name, staged) in &contents.components {
        let component = staged.component;
        let to = store_names::manifest(&windows, name)?;
        put.manifest(package, &component.manifest, &to)?;
        let folder = store_names::component_folder(&windows, name)?;
        for file in &component.files {
            let inner = ImagePath::parse(&file.name)?;
            let from = ImagePath::parse(name)?.join_path(&inner);
            put.file(&from, &folder.join_path(&inner))?;
        }
    }
    for at in contents.catalogs() {
        if let Some(catalog) = package.catalogs().get(at) {
            let from = ImagePath::parse(&catalog.name)?;
            let sha256 = Hex(&catalog.sha256).to_string();
            put.file(&from, &store_names::catalog(&windows, &sha256)?)?;
        }
    }
    for staged in &contents.packages {
        let identity = &staged.mum.mum.identity;
        let to = store_names::package_file(&windows, identity, "mum")?;
        put.file(&staged.mum.path, &to)?;
        if let Some(catalog) = package.catalogs().get(staged.catalog) {
            let from = ImagePath::parse(&catalog.name)?;
            put.file(
                &from,
                &store_names::package_file(&windows, identity, "cat")?,
            )?;
        }
    }
    let new = put.new;
    Ok((new, source))
}

/// How a manifest of a package is stored, and what it is when expanded.
pub(in crate::update) fn plain_manifest(
    package: &Package,
    path: &ImagePath,
) -> Result<(Storage, Vec<u8>), StageError> {
    let blob = package
        .payload()
        .read_file(path)
        .map_err(PackageError::from)?;
    let bytes = read_all(blob.as_ref(), MAX_XML).map_err(|source| PackageError::Read {
        path: path.clone(),
        source,
    })?;
    let expand = |source| PackageError::Expand {
        path: path.clone(),
        source,
    };
    let storage = compressed_manifest::storage(&bytes).map_err(expand)?;
    let plain = compressed_manifest::expand(&bytes, Bases::default()).map_err(expand)?;
    Ok((storage, plain))
}

struct Puts<'d> {
    draft: &'d mut Draft,
    source: SourceId,
    new: usize,
}

impl Puts<'_> {
    /// Puts a file that is not there; one that is stays, for it is part of the
    /// store already, and is looked at with it.
    fn file(&mut self, from: &ImagePath, to: &ImagePath) -> Result<(), StageError> {
        if self.draft.has_file(to)? {
            return Ok(());
        }
        let _ = self.draft.put_file(to, self.source, from, None, &FILES)?;
        self.new += 1;
        Ok(())
    }

    /// Puts a manifest, plain: Windows takes plain ones in every version.
    fn manifest(
        &mut self,
        package: &Package,
        from: &ImagePath,
        to: &ImagePath,
    ) -> Result<(), StageError> {
        if self.draft.has_file(to)? {
            return Ok(());
        }
        let (storage, plain) = plain_manifest(package, from)?;
        if storage == Storage::Plain {
            return self.file(from, to);
        }
        let change = Change::PutFile {
            path: to.clone(),
            content: Content::Inline(plain),
        };
        let _ = self.draft.plan_change(change, &FILES)?;
        self.new += 1;
        Ok(())
    }
}
