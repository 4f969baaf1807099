//! `drivers match` as text.

use unicode_width::UnicodeWidthStr as _;

use super::json::{
    MatchState, MatchedDevice, MatchedDriver, MatchedImage, NeedEntry, WeighedPackage,
};
use super::text::{Column, Paint, Table, count, printable, size};
use crate::context::Context;

/// How many devices of a computer have a driver, in a cell of a matrix.
pub(crate) fn tally(devices: usize, missing: usize) -> String {
    match (devices, missing) {
        (0, _) => "no devices".to_owned(),
        (_, 0) => format!("all {devices} driven"),
        _ => format!("{missing} of {devices} missing"),
    }
}

/// Computers by images; nothing where there is one of each.
pub(crate) fn matrix(images: &[MatchedImage], context: &Context<'_>) -> String {
    let computers = images.first().map_or(&[][..], |image| &image.computers);
    if images.len() < 2 && computers.len() < 2 {
        return String::new();
    }
    let mut rows = vec![vec![String::new()]];
    rows.extend(computers.iter().map(|computer| vec![computer.name.clone()]));
    for image in images {
        let cells = image.computers.iter();
        let cells = cells.map(|found| tally(found.devices, found.missing));
        let column = std::iter::once(image.image.clone()).chain(cells);
        for (row, cell) in rows.iter_mut().zip(column) {
            row.push(cell);
        }
    }
    let mut text = String::new();
    for (number, row) in aligned(&rows).iter().enumerate() {
        let line = match number {
            0 => context.paint().strong(row),
            _ => row.clone(),
        };
        text.push_str(&format!("{line}\n"));
    }
    text.push('\n');
    text
}

/// Rows as lines, each column as wide as its widest cell.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let shown = |cell: &String| printable(cell).into_owned();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(shown).collect())
        .collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.width()));
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// All that is said of one image.
pub(crate) fn image(image: &MatchedImage, context: &Context<'_>) -> String {
    let paint = context.paint();
    let mut text = String::new();
    for computer in &image.computers {
        let devices = image.devices.iter();
        let devices = devices.filter(|device| device.computer == computer.name);
        let devices: Vec<&MatchedDevice> = devices.collect();
        let devices_text = count(computer.devices, "device", "devices");
        let line = match (computer.devices, computer.missing) {
            (0, _) => format!("{}: its file lists no devices", computer.name),
            (_, 0) => format!("{}: {devices_text}, each with a driver", computer.name),
            (_, missing) => format!(
                "{}: {devices_text}, {missing} without a driver",
                computer.name
            ),
        };
        text.push_str(&format!("{}\n", paint.strong(&printable(&line))));
        match context.verbose {
            true => devices
                .iter()
                .for_each(|device| text.push_str(&long(device, paint))),
            false => text.push_str(&short(&devices, context)),
        }
    }
    if let Some(list) = &image.packages {
        text.push_str(&packages(list, context));
    }
    text
}

/// A line for each device that has a driver, then those that have none.
fn short(devices: &[&MatchedDevice], context: &Context<'_>) -> String {
    let paint = context.paint();
    let mut table = Table::new(&[
        Column::Whole("Driver"),
        Column::Cut("Provider"),
        Column::Whole("Version"),
        Column::Cut("Device"),
        Column::Cut("Found by"),
    ]);
    let rows = devices.iter().filter_map(|device| {
        let best = device.best.as_ref()?;
        Some([
            best.name().to_owned(),
            best.provider_name.clone(),
            best.version.clone().unwrap_or_default(),
            device.description.as_ref().unwrap_or(&device.id).clone(),
            best.matched_id.clone(),
        ])
    });
    let rows = counted(rows);
    for ([name, provider, version, device, id], times) in &rows {
        let device = format!("{device}{}", times_text(*times));
        let cells = [name, provider, version, &device, id];
        table.row(&cells.map(String::clone));
    }
    let mut text = match rows.len() {
        0 => String::new(),
        _ => table.show(context.width(), paint),
    };
    let with = |state| devices.iter().filter(move |device| device.state == state);
    let missing = with(MatchState::Missing).map(|device| match &device.installed {
        Some(installed) => format!("{} (had {installed})", named(device)),
        None => named(device),
    });
    for (line, times) in counted(missing) {
        let line = format!("{}{}", printable(&line), times_text(times));
        text.push_str(&format!("{}  {line}\n", paint.error("no driver")));
    }
    let without = with(MatchState::WithoutIds).count();
    if without > 0 {
        let devices = count(without, "device has", "devices have");
        text.push_str(&format!(
            "{devices} no ids: there is nothing to find a driver by\n"
        ));
    }
    text
}

/// Each of `items` once, in the order of first sight, and how often it came:
/// one computer may have a hundred devices that are alike.
fn counted<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counted: Vec<(T, usize)> = Vec::new();
    for item in items {
        match counted.iter_mut().find(|(known, _)| *known == item) {
            Some((_, times)) => *times += 1,
            None => counted.push((item, 1)),
        }
    }
    counted
}

fn times_text(times: usize) -> String {
    match times {
        1 => String::new(),
        times => format!(" ({times} times)"),
    }
}

/// A device by its id, and by name where it has one.
fn named(device: &MatchedDevice) -> String {
    let id = match device.id.as_str() {
        "" => device.location.as_deref().unwrap_or("(without ids)"),
        id => id,
    };
    match &device.description {
        Some(description) => format!("{id}  {description}"),
        None => id.to_owned(),
    }
}

/// A device with everything that fits it.
fn long(device: &MatchedDevice, paint: Paint) -> String {
    let mut text = format!("  {}\n", printable(&named(device)));
    match (device.state, &device.installed) {
        (MatchState::Missing, Some(installed)) => text.push_str(&format!(
            "    {}; where the file was made it had {}\n",
            paint.error("no driver"),
            printable(installed)
        )),
        (MatchState::Missing, None) => {
            text.push_str(&format!("    {}\n", paint.error("no driver")));
        }
        (MatchState::WithoutIds, _) => {
            text.push_str("    no ids: there is nothing to find a driver by\n");
        }
        (MatchState::Driven, _) => {}
    }
    for driver in &device.candidates {
        let what = match &driver.reason {
            None => paint.good("takes  "),
            Some(_) => "not    ".to_owned(),
        };
        text.push_str(&format!("    {what} {}\n", described(driver)));
        if let Some(reason) = &driver.reason {
            text.push_str(&format!("            {}\n", printable(reason)));
        }
    }
    for driver in &device.extensions {
        text.push_str(&format!("    extends {}\n", described(driver)));
    }
    text
}

fn described(driver: &MatchedDriver) -> String {
    let name = match driver.name() == driver.original_file_name {
        true => driver.name().to_owned(),
        false => format!("{} ({})", driver.name(), driver.original_file_name),
    };
    let section = driver
        .section
        .as_ref()
        .map(|section| format!("[{section}]"));
    let parts = [
        Some(name),
        section,
        Some(driver.provider_name.clone()).filter(|name| !name.is_empty()),
        driver.date.clone(),
        driver.version.clone(),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let line = format!(
        "{}: {} {}, rank {}",
        parts.join(" "),
        driver.match_words,
        driver.matched_id,
        driver.rank
    );
    printable(&line).into_owned()
}

/// More refused packages than this are counted, unless all is to be shown: a
/// folder for many Windows has hundreds that are for others.
const MAX_REFUSED: usize = 10;

/// What packages are good for, the needed ones first.
fn packages(packages: &[WeighedPackage], context: &Context<'_>) -> String {
    let paint = context.paint();
    let refused = packages.iter().filter(|package| package.refused.is_some());
    let refused = refused.count();
    let counted = !context.verbose && refused > MAX_REFUSED;
    let mut text = format!("{}\n", paint.strong("packages:"));
    let mut sums = (0, 0_u64, 0_u64);
    let mut ordered: Vec<&WeighedPackage> = packages.iter().collect();
    ordered.sort_by_key(|package| (!package.needed, package.refused.is_some()));
    for package in ordered {
        if counted && package.refused.is_some() {
            continue;
        }
        let verdict = match (package.needed, &package.refused, package.in_image) {
            (true, _, true) => paint.good("in image   "),
            (true, _, false) => paint.good("needed     "),
            (_, Some(_), _) => paint.error("refused    "),
            _ => paint.strong("superfluous"),
        };
        let bytes = package.bytes.unwrap_or_default();
        if package.needed {
            sums = (sums.0 + 1, sums.1.saturating_add(bytes), sums.2);
        }
        sums.2 = sums.2.saturating_add(bytes);
        let cost = package.bytes.map_or_else(|| "-".to_owned(), size);
        let line = format!("{}  {cost}  {}", package.inf, why(package));
        text.push_str(&format!("{verdict}  {}\n", printable(&line)));
    }
    if counted {
        text.push_str(&format!(
            "{}    {refused} more, each with its reason in --verbose and --json\n",
            paint.error("refused")
        ));
    }
    let (needed, bytes, of) = sums;
    text.push_str(&format!(
        "{needed} of {} needed: {} of {}\n",
        count(packages.len(), "package is", "packages are"),
        size(bytes),
        size(of)
    ));
    text
}

/// Why a package is needed or not, in a line.
pub(crate) fn why(package: &WeighedPackage) -> String {
    if let Some(refused) = &package.refused {
        return refused.clone();
    }
    let more = |others: usize| match others {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    if let Some(need) = package.needs.first() {
        return format!("{}{}", needed_for(need), more(package.needs.len() - 1));
    }
    package.reason.clone().unwrap_or_default()
}

fn needed_for(need: &NeedEntry) -> String {
    match need {
        NeedEntry::Drives {
            computer,
            device,
            instead_of: None,
        } => format!("drives {device} of {computer}"),
        NeedEntry::Drives {
            computer,
            device,
            instead_of: Some(other),
        } => format!("drives {device} of {computer}, instead of {other}"),
        NeedEntry::Extends { computer, device } => format!("extends {device} of {computer}"),
        NeedEntry::Component { id, of } => format!("drives {id}, which {of} makes"),
        NeedEntry::Copied { of } => format!("comes with {of}"),
    }
}
