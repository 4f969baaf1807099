//! Patterns that name the other parts of a set, or the files that a WIM file
//! takes content from.

use std::path::PathBuf;

use super::WimFileError;

/// The files that fit one of `patterns`, each once, in order. A name without
/// wildcards has to exist.
///
/// # Errors
/// [`WimFileError::Pattern`], [`WimFileError::NoReference`] for a pattern that
/// no file fits.
pub fn expand_references(patterns: &[String]) -> Result<Vec<PathBuf>, WimFileError> {
    let mut files = Vec::new();
    for pattern in patterns {
        let found = glob::glob(pattern).map_err(|error| WimFileError::Pattern {
            pattern: pattern.clone(),
            reason: error.msg.to_owned(),
        })?;
        let before = files.len();
        for path in found {
            let path = path.map_err(|error| {
                let path = error.path().to_owned();
                WimFileError::Host {
                    path,
                    source: error.into(),
                }
            })?;
            files.push(path);
        }
        if files.len() == before {
            return Err(WimFileError::NoReference {
                pattern: pattern.clone(),
            });
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_each_file_once_and_has_to_name_some() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.swm", "a2.swm", "b.wim"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let files = expand_references(&[at("a*.swm"), at("a2.swm")]).unwrap();
        assert_eq!(files, [at("a.swm"), at("a2.swm")].map(PathBuf::from));
        let error = expand_references(&[at("c*")]).unwrap_err();
        assert!(matches!(error, WimFileError::NoReference { .. }), "{error}");
        let error = expand_references(&["a[".to_owned()]).unwrap_err();
        assert!(matches!(error, WimFileError::Pattern { .. }), "{error}");
    }
}
