//! DISM's commands about editions.

use super::command::{Command, later, refused, works};
use super::failure::{Failure, NOT_SUPPORTED};
use super::session::Session;
use crate::commands::open;
use crate::render::text::printable;
use wimwright_servicing::Access;

const CHANGE: &str = "what turns one edition into another is in packages that Windows' own \
                      servicing stack installs";

pub(super) const COMMANDS: &[Command] = &[
    works("Get-CurrentEdition", current, "info IMAGE", &[]).on_image(),
    later(
        "Get-TargetEditions",
        "`wimwright info IMAGE` says which edition it is; media hold one image for each edition",
    ),
    refused(
        "Set-Edition",
        CHANGE,
        "take the image of that edition from the media, or run DISM on Windows",
    )
    .takes_value(),
    refused(
        "Set-ProductKey",
        "a key is checked and stored by the licensing service of the running Windows",
        "put the key into the answer file, and stage it with `generalize stage`",
    )
    .takes_value(),
];

fn current(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let image = session.image()?;
    let opened = open::image(&image, Access::Read, session.context)?;
    let edition = opened.facts().edition.clone();
    let edition = edition.ok_or_else(|| {
        Failure::new(NOT_SUPPORTED, "the image does not say which edition it is")
            .hint("Windows 2000, XP and Server 2003 have no such value")
    })?;
    session.say("Current edition is:\n")?;
    session.say(&format!("Current Edition : {}\n", printable(&edition)))
}
