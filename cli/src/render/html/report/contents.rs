//! Programs, languages, profiles and sizes; hives and control sets.

use super::super::super::json::{HiveState, ImageReport, InstalledProgram};
use super::super::super::text::{count, size};
use super::super::{Cell, Mark, Page, escaped};

/// What an image holds beside Windows, with the keys that say so.
pub(super) fn contents(page: &mut Page, image: &ImageReport) {
    let Some(described) = &image.description else {
        page.element("p", "They could not be read; the findings say why.");
        return;
    };
    match described.programs.is_empty() {
        true => page.element("p", "No program is installed beside Windows."),
        false => {
            let rows: Vec<Vec<Cell>> = described.programs.iter().map(program).collect();
            page.table(
                &["Program", "Version", "Publisher", "For", "Said by"],
                &rows,
            );
        }
    }
    if described.hidden_programs > 0 {
        let hidden = count(
            described.hidden_programs,
            "more entry is not shown, as Windows does not show it",
            "more entries are not shown, as Windows does not show them",
        );
        page.element("p", &format!("{hidden}: parts of programs, and updates."));
    }
    let none_or = |names: &[String]| match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    let sizes = described.sizes;
    let mut facts = vec![
        ("Updates", none_or(&described.updates)),
        ("Languages", none_or(&described.languages)),
        ("Profiles", none_or(&described.profiles)),
        (
            "Size",
            format!(
                "{} in {}: Windows {}, programs {}, profiles {}",
                size(sizes.total),
                count(
                    usize::try_from(sizes.files).unwrap_or(usize::MAX),
                    "file",
                    "files"
                ),
                size(sizes.windows),
                size(sizes.programs),
                size(sizes.profiles)
            ),
        ),
    ];
    if described.provisioned_apps > 0 {
        let apps = format!("{} that every new user gets", described.provisioned_apps);
        facts.insert(0, ("Apps", apps));
    }
    page.facts(&facts);
}

fn program(program: &InstalledProgram) -> Vec<Cell> {
    vec![
        Cell::text(&program.name),
        Cell::text(program.version.as_deref().unwrap_or("not said")),
        Cell::text(program.publisher.as_deref().unwrap_or("not said")),
        Cell::text(program.user.as_deref().unwrap_or("everybody")),
        Cell::code(&program.key),
    ]
}

/// Control sets and hives.
pub(super) fn registry(page: &mut Page, image: &ImageReport) {
    let info = &image.info;
    let sets = &info.control_sets;
    let set = |set: &Option<String>| set.clone().unwrap_or_else(|| "none".to_owned());
    page.facts(&[
        ("Windows directory", info.windows_directory.clone()),
        ("Next boot", sets.default.clone()),
        ("Last boot", set(&sets.current)),
        ("Last known good", set(&sets.last_known_good)),
        ("Failed", set(&sets.failed)),
    ]);
    let rows: Vec<Vec<Cell>> = { info.hives.iter() }
        .map(|hive| {
            let (state, mark) = match hive.state {
                HiveState::Clean => ("clean", Mark::Good),
                HiveState::DirtyReplayed => ("dirty, its log was replayed", Mark::Plain),
                HiveState::DirtyLost => ("dirty, its last changes are lost", Mark::Bad),
                HiveState::Absent => ("not there", Mark::Plain),
                HiveState::Damaged => ("damaged", Mark::Bad),
            };
            let detail = hive
                .detail
                .as_ref()
                .map(|detail| format!(": {}", escaped(detail)));
            vec![
                Cell::code(&hive.name),
                Cell::raw(format!("{state}{}", detail.unwrap_or_default())).marked(mark),
            ]
        })
        .collect();
    page.table(&["Hive", "State"], &rows);
}
