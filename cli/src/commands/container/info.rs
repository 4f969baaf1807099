//! `info FILE.wim`: what a WIM file holds.

use std::path::Path;

use wimwright_servicing::container::{self, info};
use wimwright_servicing::{Access, WimFile};

use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{WimImage, WimInfo, WimWindows};
use crate::render::text::{count, printable, size};

/// Runs `info FILE.wim [--xml]`.
pub(in crate::commands) fn run(
    file: &Path,
    xml: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let wim = WimFile::open(file, &context.references()?, Access::Read)?;
    if xml {
        let mut text = container::xml(&wim);
        text.push('\n');
        context.bytes(text.as_bytes())?;
        return Ok(ExitCode::Done);
    }
    let info = WimInfo::new(&file.display().to_string(), info(&wim)?);
    if context.json {
        context.document(&info)?;
        return Ok(ExitCode::Done);
    }
    let mut text = file_text(&info);
    for image in &info.images {
        text.push('\n');
        text.push_str(&context.paint().strong(&heading(image)));
        text.push('\n');
        text.push_str(&image_text(image));
    }
    context.text(&text)?;
    Ok(ExitCode::Done)
}

/// Lines of a label and what it is.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, value: &str) {
        self.0
            .push_str(&format!("{label:<18} {}\n", printable(value)));
    }

    fn add_some(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.add(label, value);
        }
    }
}

fn file_text(info: &WimInfo) -> String {
    let mut lines = Lines::default();
    lines.add("File", &info.wim);
    let unused = match info.unused_bytes {
        0 => String::new(),
        unused => format!(", {} of them unused", size(unused)),
    };
    lines.add("Size", &format!("{}{unused}", whole_size(info.size)));
    let packed = match (info.compression.as_str(), info.solid) {
        ("none", false) => "none".to_owned(),
        (name, solid) => {
            let chunks = match info.chunk_size {
                0 => String::new(),
                size => format!(", chunks of {} KiB", size >> 10),
            };
            let solid = if solid { ", solid" } else { "" };
            format!("{name}{chunks}{solid}")
        }
    };
    lines.add("Compression", &packed);
    lines.add("GUID", &info.guid);
    if info.total_parts > 1 {
        let part = format!("{} of {}", info.part_number, info.total_parts);
        lines.add("Part", &part);
    }
    let boot = info.boot_index.map(|boot| boot.to_string());
    lines.add("Bootable image", boot.as_deref().unwrap_or("none"));
    let integrity = match info.integrity_table {
        true => "yes",
        false => "no",
    };
    lines.add("Integrity table", integrity);
    lines.add_some("Flags", Some(&info.flags.join(", ")));
    let contents = count(info.blobs as usize, "content", "contents");
    let contents = format!("{contents}, {} unpacked", size(info.blob_bytes));
    lines.add("Contents", &contents);
    lines.add("Images", &info.images.len().to_string());
    lines.0
}

fn heading(image: &WimImage) -> String {
    let boot = match image.bootable {
        true => "  (bootable)",
        false => "",
    };
    let name = image.image_name.as_deref().unwrap_or_default();
    let name = match name.is_empty() {
        true => "without a name".to_owned(),
        false => printable(name).into_owned(),
    };
    format!(
        "{:<18} {name}{boot}",
        format!("Image {}", image.image_index)
    )
}

fn image_text(image: &WimImage) -> String {
    let mut lines = Lines::default();
    // What says the same twice says nothing.
    let name = image.image_name.as_deref();
    let other = |text: &Option<String>| text.clone().filter(|text| Some(text.as_str()) != name);
    lines.add_some("  Description", other(&image.image_description).as_deref());
    lines.add_some("  Display name", other(&image.display_name).as_deref());
    lines.add_some(
        "  Display descr.",
        other(&image.display_description).as_deref(),
    );
    lines.add_some("  Flags", image.flags.as_deref());
    if let (Some(directories), Some(files)) = (image.directory_count, image.file_count) {
        lines.add(
            "  Holds",
            &format!("{directories} directories, {files} files"),
        );
    }
    if let Some(bytes) = image.image_size {
        let linked = match image.hard_link_bytes {
            None | Some(0) => String::new(),
            Some(bytes) => format!(", {} of them by hard links", size(bytes)),
        };
        lines.add("  Size", &format!("{}{linked}", whole_size(bytes)));
    }
    lines.add_some("  Created", image.created_time.as_deref());
    lines.add_some("  Modified", image.modified_time.as_deref());
    if let Some(windows) = &image.windows {
        windows_text(windows, &mut lines);
    }
    lines.0
}

fn windows_text(windows: &WimWindows, lines: &mut Lines) {
    let version = windows.version.as_ref().map(|version| {
        let build = windows.sp_build.map(|build| format!(".{build}"));
        format!("{version}{}", build.unwrap_or_default())
    });
    lines.add_some("  Windows version", version.as_deref());
    let pack = windows.sp_level.filter(|level| *level > 0);
    let pack = pack.map(|level| level.to_string());
    lines.add_some("  Service pack", pack.as_deref());
    lines.add_some("  Architecture", windows.architecture.as_deref());
    lines.add_some("  Edition", windows.edition_id.as_deref());
    lines.add_some("  Product", windows.product_name.as_deref());
    lines.add_some("  Installation", windows.installation_type.as_deref());
    lines.add_some("  Product type", windows.product_type.as_deref());
    lines.add_some("  Product suite", windows.product_suite.as_deref());
    lines.add_some("  HAL", windows.hal.as_deref());
    let languages = windows.languages.join(", ");
    let languages = match &windows.default_language {
        Some(default) if windows.languages.len() > 1 => format!("{languages} (default {default})"),
        _ => languages,
    };
    lines.add_some("  Languages", Some(&languages));
    lines.add_some("  System root", windows.system_root.as_deref());
}

/// `4.5 MB (4521984 bytes)`.
fn whole_size(bytes: u64) -> String {
    match bytes < 1000 {
        true => size(bytes),
        false => format!("{} ({bytes} bytes)", size(bytes)),
    }
}
