//! DISM's commands about files with images.

use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;

use super::command::{
    Choice, Command, EA, Effect, IMAGE_FILE, INDEX, NAME, READ_CHECKED, Takes, VERIFY, WIMBOOT,
    choice, flag, value, works,
};
use super::failure::{Failure, NOT_SUPPORTED};
use super::native::Native;
use super::session::{Done, Session};
use super::shape::{block, grouped, moment, yes_no};
use crate::render::text::printable;

const PARTS: Choice = value("SWMFile");
const COMPRESS: Choice = value("Compress");
const BOOTABLE: Choice = flag("Bootable");
const CHECK: Choice = flag("CheckIntegrity");
const NO_RP_FIX: Choice = flag("NoRpFix");
const APPLIED: Effect = Effect::Always("all content that is applied is held against its SHA-1 sum");
const CAPTURE: &[Choice] = &[
    IMAGE_FILE,
    value("CaptureDir"),
    NAME,
    value("Description"),
    value("ConfigFile"),
    COMPRESS,
    BOOTABLE,
    CHECK,
    VERIFY,
    NO_RP_FIX,
    EA,
    WIMBOOT,
];

pub(super) const COMMANDS: &[Command] = &[
    works(
        "Get-ImageInfo",
        info,
        "info FILE.wim",
        &[IMAGE_FILE, INDEX, NAME],
    )
    .also(&["Get-WimInfo"]),
    works("Capture-Image", capture, "capture DIR FILE.wim", CAPTURE),
    works("Append-Image", append, "append DIR FILE.wim", CAPTURE),
    works(
        "Apply-Image",
        apply,
        "apply FILE.wim:N DIR",
        &[
            IMAGE_FILE,
            PARTS,
            value("ApplyDir"),
            INDEX,
            NAME,
            choice("CheckIntegrity", Takes::Nothing, APPLIED),
            choice("Verify", Takes::Nothing, APPLIED),
            EA,
            WIMBOOT,
            choice(
                "NoRpFix",
                Takes::Nothing,
                Effect::Always("links are applied as the image has them"),
            ),
            choice(
                "Compact",
                Takes::Nothing,
                Effect::Noted("files are written whole: Windows compresses them with `compact`"),
            ),
            choice(
                "ConfirmTrustedFile",
                Takes::Nothing,
                Effect::Noted("trusted desktops are not asked about here"),
            ),
            choice(
                "ApplyDrive",
                Takes::Value,
                Effect::Refused("whole disks are not written here"),
            ),
            choice(
                "SFUFile",
                Takes::Value,
                Effect::Refused("whole disks are not written here"),
            ),
        ],
    ),
    works(
        "Export-Image",
        export,
        "export FILE.wim:N OTHER.wim",
        &[
            value("SourceImageFile"),
            PARTS,
            value("SourceIndex"),
            value("SourceName"),
            value("DestinationImageFile"),
            value("DestinationName"),
            COMPRESS,
            BOOTABLE,
            CHECK,
            WIMBOOT,
        ],
    ),
    works(
        "Delete-Image",
        delete,
        "delete FILE.wim:N",
        &[IMAGE_FILE, INDEX, NAME, CHECK],
    ),
    works(
        "Split-Image",
        split,
        "split FILE.wim OUT.swm --size N",
        &[IMAGE_FILE, PARTS, value("FileSize"), READ_CHECKED],
    ),
];

#[derive(Deserialize)]
struct Info {
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    image_index: u32,
    image_name: Option<String>,
    image_description: Option<String>,
    directory_count: Option<u64>,
    file_count: Option<u64>,
    image_size: Option<u64>,
    created_time: Option<String>,
    modified_time: Option<String>,
    bootable: bool,
    windows: Option<Windows>,
}

#[derive(Default, Deserialize)]
struct Windows {
    architecture: Option<String>,
    edition_id: Option<String>,
    installation_type: Option<String>,
    product_type: Option<String>,
    product_suite: Option<String>,
    hal: Option<String>,
    languages: Vec<String>,
    default_language: Option<String>,
    version: Option<String>,
    sp_build: Option<u64>,
    sp_level: Option<u64>,
    system_root: Option<String>,
}

fn info(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let given = session.needed("ImageFile")?.to_owned();
    let file = session.path("ImageFile")?;
    whole_file(&file, &given)?;
    // That the words contradict each other shows before anything is read.
    session.selected("ImageFile", "Index", "Name")?;
    let native = Native::new(&["info"]).operand(&file);
    let found: Done<Info> = session.run(&native)?;
    let images = found.document.images;
    let index = session.line.values("Index").next().map(str::to_owned);
    let name = session.line.values("Name").next().map(str::to_owned);
    session.say(&format!("Details for image : {}\n", printable(&given)))?;
    if index.is_none() && name.is_none() {
        for image in &images {
            session.say(short(image).trim_end())?;
            session.say("")?;
        }
        return Ok(());
    }
    let chosen = images.iter().find(|image| match (&index, &name) {
        (Some(index), _) => image.image_index.to_string() == index.trim_start_matches('0'),
        (None, name) => image.image_name == *name,
    });
    let chosen = chosen.ok_or_else(|| {
        let which = index.or(name).unwrap_or_default();
        Failure::words(format!("`{given}` has no image `{which}`"))
            .hint(format!("it has {} images", images.len()))
    })?;
    session.say(&long(chosen))
}

/// Disks in files are not read here.
fn whole_file(file: &Path, given: &str) -> Result<(), Failure> {
    let ends = |end: &str| {
        let found = file.extension();
        found.is_some_and(|found| found.eq_ignore_ascii_case(end))
    };
    match ["vhd", "vhdx", "ffu", "sfu"]
        .into_iter()
        .find(|end| ends(end))
    {
        Some(end) => {
            let text = format!("`{given}` is a disk in a file (.{end}), and no WIM file");
            Err(Failure::new(NOT_SUPPORTED, text)
                .hint("attach it (with `guestmount`), and name the directory with /Image"))
        }
        None => Ok(()),
    }
}

fn or_undefined(text: Option<String>) -> String {
    let text = text.filter(|text| !text.is_empty());
    text.unwrap_or_else(|| "<undefined>".to_owned())
}

fn size(image: &Image) -> String {
    let bytes = image.image_size.map(grouped);
    bytes.map_or_else(
        || "<undefined>".to_owned(),
        |bytes| format!("{bytes} bytes"),
    )
}

fn short(image: &Image) -> String {
    block(
        &["Index", "Name", "Description", "Size"],
        &[
            image.image_index.to_string(),
            or_undefined(image.image_name.clone()),
            or_undefined(image.image_description.clone()),
            size(image),
        ],
    )
}

fn long(image: &Image) -> String {
    let nothing = Windows::default();
    let windows = image.windows.as_ref().unwrap_or(&nothing);
    // DISM's own word for the architecture of today.
    let architecture = windows.architecture.as_deref().map(|name| match name {
        "amd64" => "x64".to_owned(),
        other => other.to_owned(),
    });
    let number = |number: Option<u64>| or_undefined(number.map(|number| number.to_string()));
    let count = |number: Option<u64>| number.unwrap_or_default().to_string();
    let time = |time: &Option<String>| or_undefined(time.as_deref().map(moment));
    let mut text = short(image).trim_end().to_owned();
    text.push('\n');
    let rest = block(
        &[
            "WIM Bootable",
            "Architecture",
            "Hal",
            "Version",
            "ServicePack Build",
            "ServicePack Level",
            "Edition",
            "Installation",
            "ProductType",
            "ProductSuite",
            "System Root",
            "Directories",
            "Files",
            "Created",
            "Modified",
        ],
        &[
            yes_no(image.bootable),
            or_undefined(architecture),
            or_undefined(windows.hal.clone()),
            or_undefined(windows.version.clone()),
            number(windows.sp_build),
            number(windows.sp_level),
            or_undefined(windows.edition_id.clone()),
            or_undefined(windows.installation_type.clone()),
            or_undefined(windows.product_type.clone()),
            or_undefined(windows.product_suite.clone()),
            or_undefined(windows.system_root.clone()),
            count(image.directory_count),
            count(image.file_count),
            time(&image.created_time),
            time(&image.modified_time),
        ],
    );
    text.push_str(rest.trim_end());
    text.push_str("\nLanguages :\n");
    for language in &windows.languages {
        let default = match windows.default_language.as_ref() == Some(language) {
            true => " (Default)",
            false => "",
        };
        text.push_str(&format!("        {}{default}\n", printable(language)));
    }
    text
}

/// DISM's word for a compression as ours.
fn compression(
    word: Option<&str>,
    otherwise: Option<&'static str>,
) -> Result<Option<&'static str>, Failure> {
    match word.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(otherwise),
        Some("none") => Ok(Some("none")),
        Some("fast") => Ok(Some("xpress")),
        Some("max" | "maximum") => Ok(Some("lzx")),
        Some("recovery") => Err(Failure::new(
            NOT_SUPPORTED,
            "/Compress:recovery is refused: solid files (.esd) are read here, not written",
        )
        .hint("/Compress:max comes next in size")),
        Some(other) => Err(Failure::words(format!("`{other}` is no compression"))
            .hint("there are none, fast and max")),
    }
}

fn of_directory(session: &Session<'_, '_>, native: Native) -> Result<Native, Failure> {
    let text = |name| session.line.values(name).next();
    let mut native = native
        .value("--name", session.needed("Name")?)
        .maybe("--description", text("Description"))
        .flag("--boot", session.line.said("Bootable"))
        .flag("--check", session.line.said("CheckIntegrity"))
        .flag("--no-rpfix", session.line.said("NoRpFix"))
        .operand(session.path("CaptureDir")?)
        .operand(session.path("ImageFile")?);
    if let Some(list) = text("ConfigFile") {
        native = native.value("--exclude-file", session.host(list)?);
    }
    Ok(native)
}

fn capture(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    // Where nothing is said DISM compresses fast.
    let word = session.line.values("Compress").next();
    let how = compression(word, Some("xpress"))?;
    let native = Native::new(&["capture"]).maybe("--compress", how);
    let native = of_directory(session, native)?;
    session.say("Saving image")?;
    session.carry_out(&native)?;
    session.bar("")
}

fn append(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    if session.line.said("Compress") {
        return Err(
            Failure::words("an image is added to a file as that is compressed")
                .hint("say the same line without /Compress"),
        );
    }
    let native = of_directory(session, Native::new(&["append"]))?;
    session.say("Saving image")?;
    session.carry_out(&native)?;
    session.bar("")
}

/// Has the parts of a split file looked at, too.
fn with_parts(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let given: Vec<String> = session.line.values("SWMFile").map(str::to_owned).collect();
    let parts = given.iter().map(|given| {
        let path = session.host(given)?;
        Ok(path.display().to_string())
    });
    let parts = parts.collect::<Result<Vec<String>, Failure>>()?;
    session.context.also_from(parts);
    Ok(())
}

fn apply(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let given = session.needed("ImageFile")?.to_owned();
    whole_file(&session.path("ImageFile")?, &given)?;
    let image = session.one_selected("ImageFile", "Index", "Name")?;
    let native = Native::new(&["apply"])
        .operand(image)
        .operand(session.path("ApplyDir")?);
    with_parts(session)?;
    session.say("Applying image")?;
    session.carry_out(&native)?;
    session.bar("")
}

fn export(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let how = compression(session.line.values("Compress").next(), None)?;
    let image: OsString = session.one_selected("SourceImageFile", "SourceIndex", "SourceName")?;
    let native = Native::new(&["export"])
        .maybe("--compress", how)
        .maybe("--name", session.line.values("DestinationName").next())
        .flag("--boot", session.line.said("Bootable"))
        .flag("--check", session.line.said("CheckIntegrity"))
        .operand(image)
        .operand(session.path("DestinationImageFile")?);
    with_parts(session)?;
    session.say("Exporting image")?;
    session.carry_out(&native)?;
    session.bar("")
}

fn delete(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let native = Native::new(&["delete"])
        .flag("--check", session.line.said("CheckIntegrity"))
        .operand(session.one_selected("ImageFile", "Index", "Name")?);
    session.say("Deleting image")?;
    session.carry_out(&native)?;
    session.bar("")
}

fn split(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let size = session.needed("FileSize")?.to_owned();
    if size.parse::<u64>().is_err() {
        let text = format!("`{size}` is no size: a number of megabytes stands there");
        return Err(Failure::words(text));
    }
    let native = Native::new(&["split"])
        .value("--size", size)
        .operand(session.path("ImageFile")?)
        .operand(session.path("SWMFile")?);
    session.say("Splitting image")?;
    session.carry_out(&native)?;
    session.bar("")
}
