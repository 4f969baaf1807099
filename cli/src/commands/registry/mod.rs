//! `registry`: keys and values of an image's hives.

mod diff;
mod edit;
mod export;
mod get;
mod import;
pub(super) mod reg_file;

use wimwright_servicing::Text;

use crate::args::RegistryCommand;
use crate::context::Context;
use crate::exit::ExitCode;

/// Runs `registry VERB ...`.
pub(super) fn run(
    command: &RegistryCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        RegistryCommand::Get {
            image,
            key,
            name,
            recurse,
            raw,
            locating,
        } => {
            let name = name.as_deref().map(value_name);
            let what = match name {
                None => get::What::Key { recurse: *recurse },
                Some(name) if *raw => get::What::Raw { name },
                Some(name) => get::What::Value { name },
            };
            get::run(image, key, &what, locating, context)
        }
        RegistryCommand::Set {
            image,
            key,
            name,
            data,
            kind,
            locating,
            writing,
        } => {
            let edit = edit::What::Set {
                name: value_name(name),
                kind: *kind,
                words: data,
            };
            edit::run(image, key, &edit, locating, writing, context)
        }
        RegistryCommand::Delete {
            image,
            key,
            name,
            recurse,
            locating,
            writing,
        } => {
            let edit = match name {
                Some(name) => edit::What::DeleteValue {
                    name: value_name(name),
                },
                None => edit::What::DeleteKey { recurse: *recurse },
            };
            edit::run(image, key, &edit, locating, writing, context)
        }
        RegistryCommand::Export {
            image,
            key,
            file,
            format,
            code_page,
            locating,
        } => {
            let how = export::How {
                file: file.as_deref(),
                format: *format,
                code_page: code_page.as_deref(),
            };
            export::run(image, key, &how, locating, context)
        }
        RegistryCommand::Import {
            image,
            files,
            reading,
            locating,
            writing,
        } => import::run(image, files, reading, locating, writing, context),
        RegistryCommand::Diff {
            image,
            other,
            key,
            security,
            reg,
            reading,
            locating,
        } => {
            let how = diff::How {
                key: key.as_deref(),
                security: *security,
                reg: reg.as_deref(),
                reading,
                locating,
            };
            diff::run(image, other, &how, context)
        }
    }
}

/// A value's name as `.reg` files say it: `@` is the default value.
fn value_name(word: &str) -> Text {
    match word {
        "@" => Text::default(),
        name => Text::from(name),
    }
}

/// A value's name for people.
fn shown_name(name: &Text) -> String {
    match name.is_empty() {
        true => "(default)".to_owned(),
        false => format!("\"{name}\""),
    }
}
