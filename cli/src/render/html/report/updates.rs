//! Update packages and features.

use super::super::super::json::{ImageReport, ListedPackage};
use super::super::super::text::count;
use super::super::{Cell, Page, escaped};

/// What is installed or staged, what waits, and what is pending.
pub(super) fn packages(page: &mut Page, image: &ImageReport) {
    let Some(packages) = &image.packages else {
        match &image.description {
            Some(described) if image.info.generation == "nt5" => hotfixes(page, &described.updates),
            _ => page.element("p", "They could not be read; the findings say why."),
        }
        return;
    };
    let state = &packages.state;
    let stack = state.servicing_stack.as_deref().unwrap_or("not known");
    page.element("p", &format!("Servicing stack: {stack}."));
    for sign in &state.pending {
        page.raw(&format!(
            "<p><strong>Pending:</strong> {} in <code>{}</code></p>",
            escaped(&sign.what),
            escaped(&sign.place)
        ));
    }
    if !packages.packages.is_empty() {
        let rows: Vec<Vec<Cell>> = packages.packages.iter().map(row).collect();
        page.table(&["Package", "Version", "State", "Type", "Since"], &rows);
    }
    if packages.hidden > 0 {
        let hidden = count(packages.hidden, "package is", "packages are");
        page.element("p", &format!("{hidden} there that only others need."));
    }
    if !packages.first_boot.is_empty() {
        page.element("p", "These wait for the first boot, in this order:");
        let waiting: String = { packages.first_boot.iter() }
            .map(|package| {
                let result = match (&package.result, package.complete) {
                    (Some(result), _) => result.as_str(),
                    (None, true) => "waits",
                    (None, false) => "not in place as it was made",
                };
                format!("<li>{}: {}</li>", escaped(&package.name), escaped(result))
            })
            .collect();
        page.raw(&format!("<ol>{waiting}</ol>"));
    }
}

fn row(package: &ListedPackage) -> Vec<Cell> {
    let language = match package.language.as_str() {
        "" => String::new(),
        language => format!(" {language}"),
    };
    let since = package.install_time.as_deref().unwrap_or_default();
    vec![
        Cell::text(&format!("{}{language}", package.name)),
        Cell::text(&package.version),
        Cell::text(&package.package_state),
        Cell::text(package.release_type.as_deref().unwrap_or_default()),
        Cell::text(since.split('T').next().unwrap_or_default()),
    ]
}

/// Windows before Vista: names are all there is.
fn hotfixes(page: &mut Page, updates: &[String]) {
    match updates.is_empty() {
        true => page.element("p", "No hotfix is installed."),
        false => page.element("p", &updates.join(", ")),
    }
}

/// What can be turned on and off.
pub(super) fn features(page: &mut Page, image: &ImageReport) {
    match image.features.as_deref() {
        None => page.element("p", "This image says nothing of features."),
        Some([]) => page.element("p", "There are none."),
        Some(features) => {
            let rows: Vec<Vec<Cell>> = { features.iter() }
                .map(|feature| {
                    vec![
                        Cell::text(&feature.feature_name),
                        Cell::text(&feature.state),
                        Cell::text(feature.display_name.as_deref().unwrap_or_default()),
                    ]
                })
                .collect();
            page.table(&["Feature", "State", "Title"], &rows);
        }
    }
}
