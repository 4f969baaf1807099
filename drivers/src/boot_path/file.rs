//! A driver's file, and the modules that it imports.

use std::collections::BTreeMap;

use wimwright_servicing::pe::{self, ImportsError};
use wimwright_servicing::{Draft, FileTree as _, ImagePath, TreeError};

use crate::add::read::runs_on;
use crate::error::Error;

/// Headers stand in the first 64 KiB of a PE file.
const PE_HEADERS: u64 = 64 * 1024;

/// How far imports of imports are followed. Drivers import ports, which import
/// kernel and HAL: three steps.
const MAX_DEPTH: usize = 16;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is not there.
    Missing(ImagePath),
    /// It is no PE image, or a damaged one.
    Damaged(ImagePath, String),
    /// It is for another processor.
    Machine(ImagePath, pe::Machine),
    /// A module that it imports is in none of the folders that are searched.
    Import {
        /// The file that imports it.
        by: ImagePath,
        /// The module.
        module: String,
    },
}

/// The files of an image, each read once.
pub(super) struct Files<'d> {
    draft: &'d Draft,
    /// By path, in lower case.
    known: BTreeMap<String, Vec<Flaw>>,
}

impl<'d> Files<'d> {
    pub(super) fn new(draft: &'d Draft) -> Files<'d> {
        Files {
            draft,
            known: BTreeMap::new(),
        }
    }

    /// What is wrong with a file that the loader must load, the modules that it
    /// imports included.
    pub(super) fn flaws(&mut self, path: &ImagePath) -> Result<Vec<Flaw>, Error> {
        self.flaws_at(path, 0)
    }

    fn flaws_at(&mut self, path: &ImagePath, depth: usize) -> Result<Vec<Flaw>, Error> {
        let key = path.to_string().to_lowercase();
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        // Modules import each other: each is looked into once.
        self.known.insert(key.clone(), Vec::new());
        let flaws = self.read(path, depth)?;
        self.known.insert(key, flaws.clone());
        Ok(flaws)
    }

    fn read(&mut self, path: &ImagePath, depth: usize) -> Result<Vec<Flaw>, Error> {
        let Some(blob) = self.draft.open(path)? else {
            return Ok(vec![Flaw::Missing(path.clone())]);
        };
        let mut headers = vec![0; blob.len().min(PE_HEADERS) as usize];
        blob.read_into(0, &mut headers)
            .map_err(|error| TreeError::new(path, error))?;
        let damaged = |what: String| Ok(vec![Flaw::Damaged(path.clone(), what)]);
        let machine = match pe::PeFacts::read(&headers) {
            Ok(Some(facts)) => facts.machine,
            Ok(None) => return damaged("it is no PE image".to_owned()),
            Err(error) => return damaged(error.to_string()),
        };
        if !runs_on(machine, self.draft.facts().architecture) {
            return Ok(vec![Flaw::Machine(path.clone(), machine)]);
        }
        let modules = match pe::imports(blob.as_ref()) {
            Ok(modules) => modules.unwrap_or_default(),
            Err(ImportsError::Io(error)) => return Err(TreeError::new(path, error).into()),
            Err(error) => return damaged(error.to_string()),
        };
        let mut flaws = Vec::new();
        for module in modules.iter().filter(|module| !is_api_set(module)) {
            match self.find(path, module)? {
                Some(found) if depth < MAX_DEPTH => {
                    flaws.extend(self.flaws_at(&found, depth + 1)?);
                }
                Some(_) => {}
                None => flaws.push(Flaw::Import {
                    by: path.clone(),
                    module: module.clone(),
                }),
            }
        }
        Ok(flaws)
    }

    /// Where the loader finds a module: beside the file that imports it, among
    /// the drivers, or in the system directory.
    fn find(&self, by: &ImagePath, module: &str) -> Result<Option<ImagePath>, Error> {
        let windows = &self.draft.facts().windows;
        let folders = [
            by.parent(),
            windows.join("System32\\drivers").ok(),
            windows.join("System32").ok(),
        ];
        for folder in folders.into_iter().flatten() {
            let Ok(path) = folder.join(module) else {
                continue;
            };
            if self.draft.has_file(&path)? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// Names that stand for no file: the kernel of Windows 10 imports some, and
/// resolves them by its schema.
fn is_api_set(module: &str) -> bool {
    let module = module.to_ascii_lowercase();
    module.starts_with("api-ms-") || module.starts_with("ext-ms-")
}
