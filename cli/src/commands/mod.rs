//! One file a command: open what the words name, run the operation, render.

mod boot_predict;
pub(crate) mod build;
mod capture;
mod cat;
mod completions;
mod container;
mod demo;
mod describe;
pub(crate) mod diff;
mod dir;
mod drivers_add;
mod drivers_check;
mod drivers_export;
mod drivers_info;
mod drivers_lint;
mod drivers_list;
mod drivers_match;
mod drivers_remove;
mod explain;
mod extraction;
mod features;
mod files;
mod generalize;
mod hal;
mod hardware;
mod info;
mod man;
mod metered;
#[cfg(all(feature = "fuse", target_os = "linux"))]
mod mount;
pub(crate) mod open;
mod packages;
mod plan;
mod plan_diff;
mod registry;
mod report;
mod report_file;
mod saved_plan;
mod trust;
mod write;

use crate::args::{
    BootCommand, BootCommands, BuildCommands, Command, DismCommands, DriversCommand,
    ExplainCommands, FeaturesCommands, GeneralizeCommands, ImageFilesCommand, MatchingCommand,
    PackagesCommands, PlanCommand, ReportCommand,
};
use crate::context::Context;
use crate::dism;
use crate::exit::ExitCode;

/// Runs a command.
pub(crate) fn run(command: &Command, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Info { image, xml } => info::run(image, *xml, context),
        Command::Dir {
            image,
            path,
            recurse,
        } => dir::run(image, path.as_deref(), *recurse, context),
        Command::Cat { image, path } => cat::run(image, path, context),
        Command::Diff {
            old,
            new,
            only,
            exclude,
            metadata,
            security,
            html,
            force,
            as_plan,
        } => {
            let asked = diff::Asked {
                only,
                exclude,
                metadata: *metadata,
                security: *security,
                html: html.as_deref(),
                force: *force,
                as_plan: as_plan.as_deref(),
            };
            diff::run([old, new], &asked, context)
        }
        Command::Report(ReportCommand::Report(words)) => report::run(words, context),
        Command::Container(command) => container::run(command, context),
        Command::Extraction(command) => extraction::run(command, context),
        Command::Capture(command) => capture::run(command, context),
        Command::Drivers(DriversCommand::Matching(MatchingCommand::Match(words))) => {
            drivers_match::run(words, context)
        }
        Command::Drivers(DriversCommand::Add {
            image,
            packages,
            recurse,
            include_winre,
            hardware,
            force_unsigned,
            allow_older,
            trust,
            writing,
        }) => {
            let how = drivers_add::How {
                recurse: *recurse,
                include_winre: *include_winre,
                hardware,
                force_unsigned: *force_unsigned,
                allow_older: *allow_older,
                trust,
            };
            drivers_add::run(image, packages, &how, writing, context)
        }
        Command::Drivers(DriversCommand::Remove {
            image,
            names,
            force,
            writing,
        }) => drivers_remove::run(image, names, *force, writing, context),
        Command::Drivers(DriversCommand::Export {
            image,
            directory,
            names,
            force,
        }) => drivers_export::run(image, directory, names, *force, context),
        Command::Drivers(DriversCommand::List { image, all }) => {
            drivers_list::run(image, *all, context)
        }
        Command::Drivers(DriversCommand::Info {
            target,
            published_name,
            trust,
        }) => match published_name {
            Some(name) => drivers_info::of_image(target, name, trust, context),
            None => drivers_info::of_packages(target, trust, context),
        },
        Command::Drivers(DriversCommand::Lint(command)) => drivers_lint::run(command, context),
        Command::Boot(BootCommands::Boot(BootCommand::Predict {
            image,
            hardware,
            controller,
        })) => boot_predict::run(image, hardware, controller.as_deref(), context),
        Command::Drivers(DriversCommand::Store(command)) => drivers_check::run(command, context),
        Command::Hal(command) => hal::run(command, context),
        Command::Generalize(GeneralizeCommands::Generalize(command)) => {
            generalize::run(command, context)
        }
        Command::Generalize(GeneralizeCommands::Describe { image }) => {
            describe::run(image, context)
        }
        Command::Packages(PackagesCommands::Packages(command)) => packages::run(command, context),
        Command::Explain(ExplainCommands::Explain(words)) => explain::run(words, context),
        Command::Dism(DismCommands::Dism(words)) => dism::run(words, context),
        Command::Features(FeaturesCommands::Features(command)) => features::run(command, context),
        Command::ImageFiles(ImageFilesCommand::Files(command)) => files::run(command, context),
        #[cfg(all(feature = "fuse", target_os = "linux"))]
        Command::ImageFiles(ImageFilesCommand::Mount(words)) => mount::mount(words, context),
        #[cfg(all(feature = "fuse", target_os = "linux"))]
        Command::ImageFiles(ImageFilesCommand::Unmount {
            directory,
            commit,
            discard,
        }) => mount::unmount(directory, *commit, *discard, context),
        #[cfg(all(feature = "fuse", target_os = "linux"))]
        Command::ImageFiles(ImageFilesCommand::Mounts { clean }) => mount::mounts(*clean, context),
        Command::Registry(command) => registry::run(command, context),
        Command::Build(BuildCommands::Build(words)) => build::run(words, context),
        Command::Undo {
            image,
            bundle,
            writing,
        } => plan::undo(image, bundle, writing, context),
        Command::Plan(PlanCommand::Show { file }) => plan::show(file, context),
        Command::Plan(PlanCommand::Diff { a, b }) => plan_diff::run(a, b, context),
        Command::Plan(PlanCommand::Apply {
            image,
            file,
            writing,
        }) => plan::apply(image, file, writing, context),
        Command::Demo { directory } => demo::run(directory, context),
        Command::Man { directory, force } => man::run(directory, *force, context),
        Command::Completions { shell } => completions::run(*shell, context),
    }
}
