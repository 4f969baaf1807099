//! Random changes: each of what is there when it is planned.

use wimwright_servicing::plan::{
    Basis, Change, Content, FileDetails, NamedStream, ReparsePoint, Times,
};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Draft, DraftError, FileTime, FileTree as _, ImagePath, Kind as Thing, Text,
};

use crate::image::{KEY, Kind, TOPS};
use crate::made::{Random, descriptor};

pub(crate) const BASIS: Basis = Basis::verified("test");

/// Plans `count` random changes; gives what they are.
pub(crate) fn plan(
    draft: &mut Draft,
    random: &mut Random,
    kind: Kind,
    count: u64,
) -> Result<Vec<String>, DraftError> {
    let mut told = Vec::new();
    while (told.len() as u64) < count {
        let change = one(draft, random, kind);
        let words = format!("{change:?}").chars().take(300).collect();
        match draft.plan_change(change, &BASIS) {
            Ok(_) => told.push(words),
            // What is in the way is said; another change is made.
            Err(DraftError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

pub(crate) fn path(text: &str) -> ImagePath {
    ImagePath::parse(text).unwrap()
}

/// Everything that may be changed, with the two directories that stay.
pub(crate) fn places(draft: &Draft) -> Vec<(ImagePath, Thing)> {
    let mut all = Vec::new();
    for top in TOPS {
        all.push((path(top), Thing::Directory));
        draft
            .walk(&path(top), &mut |path, kind| {
                all.push((path.clone(), kind));
                Ok(())
            })
            .unwrap();
    }
    all
}

pub(crate) fn pick<'a, T>(random: &mut Random, from: &'a [T]) -> &'a T {
    &from[random.below(from.len() as u64) as usize]
}

/// A place that is there, below the two tops.
fn some(random: &mut Random, places: &[(ImagePath, Thing)], wanted: &[Thing]) -> Option<ImagePath> {
    let fit: Vec<_> = places
        .iter()
        .filter(|(path, kind)| path.names().len() > 1 && wanted.contains(kind))
        .collect();
    (!fit.is_empty()).then(|| pick(random, &fit).0.clone())
}

/// A name in some directory, mostly a new one.
fn somewhere(random: &mut Random, places: &[(ImagePath, Thing)]) -> ImagePath {
    let directories: Vec<_> = places
        .iter()
        .filter(|(_, kind)| *kind == Thing::Directory)
        .collect();
    let directory = &pick(random, &directories).0;
    let number = random.below(40);
    let below = match random.below(6) {
        0 => format!("new {number}\\below"),
        1 => format!("NEW {number}"),
        _ => format!("new {number}"),
    };
    directory.join(&below).unwrap()
}

fn content(random: &mut Random) -> Content {
    let length = random.below(3) * random.below(3000);
    Content::Inline(random.bytes(length))
}

fn time(random: &mut Random) -> FileTime {
    // On the host a time has whole hundreds of nanoseconds.
    FileTime(131_000_000_000_000_000 + random.below(1 << 50))
}

fn one(draft: &Draft, random: &mut Random, kind: Kind) -> Change {
    loop {
        if let Some(change) = match random.below(3) {
            0 => Some(of_registry(draft, random)),
            _ => of_files(draft, random, kind),
        } {
            return change;
        }
    }
}

fn of_files(draft: &Draft, random: &mut Random, kind: Kind) -> Option<Change> {
    let places = places(draft);
    let all = [Thing::File, Thing::Directory, Thing::Link];
    // A directory of the host holds no links that a plan can bring back.
    let kept: &[Thing] = match kind {
        Kind::Wim => &all,
        Kind::Directory => &all[..2],
    };
    let not_a_link =
        |path: &ImagePath| kind == Kind::Wim || draft.link_target(path).unwrap().is_none();
    let choice = match kind {
        Kind::Wim => random.below(13),
        Kind::Directory => random.below(9),
    };
    Some(match choice {
        0 | 1 => Change::PutFile {
            path: somewhere(random, &places),
            content: content(random),
        },
        2 => Change::PutFile {
            path: some(random, &places, &[Thing::File]).filter(not_a_link)?,
            content: content(random),
        },
        3 => Change::MakeDirectory {
            path: somewhere(random, &places),
        },
        4 => Change::Remove {
            path: some(random, &places, kept).filter(not_a_link)?,
        },
        5 => Change::Rename {
            from: some(random, &places, &all)?,
            to: somewhere(random, &places),
        },
        6 => Change::Link {
            path: somewhere(random, &places),
            to: some(random, &places, &[Thing::File]).filter(not_a_link)?,
        },
        7 => Change::Link {
            path: some(random, &places, &[Thing::File]).filter(not_a_link)?,
            to: some(random, &places, &[Thing::File]).filter(not_a_link)?,
        },
        8 => Change::SetTimes {
            path: some(random, &places, &all[..2]).filter(not_a_link)?,
            times: Times {
                created: (kind == Kind::Wim).then(|| time(random)),
                accessed: None,
                written: Some(time(random)),
            },
        },
        9 => {
            let path = some(random, &places, &all[..2])?;
            let now = draft.metadata(&path).unwrap().unwrap();
            let structural = now.attributes.unwrap_or(match now.kind {
                Thing::Directory => 0x10,
                _ => 0,
            }) & wimwright_servicing::plan::STRUCTURAL_ATTRIBUTES;
            Change::SetAttributes {
                path,
                attributes: structural | random.below(8) as u32 | 0x20,
            }
        }
        10 | 11 => Change::SetDetails {
            path: some(random, &places, &all)?,
            details: details(random),
        },
        _ => Change::MakeLink {
            path: somewhere(random, &places),
            link: ReparsePoint {
                attributes: 0x400 | (random.below(2) as u32 * 0x10) | 0x20,
                tag: 0x8000_0017,
                flags: 0,
                data: random.bytes(30),
                times: Times::default(),
                details: details(random),
            },
        },
    })
}

fn details(random: &mut Random) -> FileDetails<Content> {
    let mut details = FileDetails::default();
    if random.below(2) == 0 {
        details.security = Some(descriptor(random.below(20) as u8));
    }
    if random.below(2) == 0 {
        details.short_name = Some(match random.below(3) {
            0 => Text::default(),
            number => Text::from(format!("SHORT~{number}")),
        });
    }
    if random.below(2) == 0 {
        let names = ["first", "second", "third"];
        let names = &names[..random.below(4) as usize];
        let streams = names.iter().map(|name| NamedStream {
            name: Text::from(*name),
            content: content(random),
        });
        details.streams = Some(streams.collect());
    }
    details
}

/// All keys below the one where keys may be changed.
pub(crate) fn keys(draft: &Draft) -> Vec<KeyPath> {
    let mut found = Vec::new();
    let mut open = vec![KEY.to_owned()];
    while let Some(key) = open.pop() {
        let path = KeyPath::from(key.as_str());
        let below = draft.subkeys(HiveName::System, &path).unwrap();
        open.extend(below.iter().map(|name| format!("{key}\\{name}")));
        found.push(path);
    }
    found
}

pub(crate) fn data(random: &mut Random) -> RegData {
    match random.below(5) {
        0 => RegData::dword(random.next() as u32),
        1 => RegData::sz("words that are set"),
        2 => RegData::multi_sz(&["a", "b", "c"]),
        3 => RegData {
            kind: 3,
            bytes: random.bytes(20_000),
        },
        _ => RegData {
            kind: random.below(20) as u32,
            bytes: random.bytes(7),
        },
    }
}

fn of_registry(draft: &Draft, random: &mut Random) -> Change {
    let keys = keys(draft);
    let hive = HiveName::System;
    let key = pick(random, &keys).clone();
    let names = draft.value_names(HiveName::System, &key).unwrap();
    let value = match names.as_slice() {
        [] => Text::from("missing"),
        names => Text::from(pick(random, names).as_str()),
    };
    let new = |random: &mut Random| {
        let number = random.below(30);
        match random.below(4) {
            0 => KeyPath::from(format!("{key}\\Key {number}\\Below\\Deep").as_str()),
            _ => KeyPath::from(format!("{key}\\Key {number}").as_str()),
        }
    };
    match random.below(8) {
        0 | 1 => Change::CreateKey {
            hive,
            key: new(random),
        },
        2 if key != KeyPath::from(KEY) => Change::DeleteKey { hive, key },
        3 => Change::DeleteValue {
            hive,
            key,
            name: value,
        },
        4 => Change::SetValue {
            hive,
            key,
            name: value,
            data: data(random),
        },
        5 => Change::SetKeySecurity {
            hive,
            key,
            descriptor: descriptor(random.below(20) as u8),
        },
        _ => Change::SetValue {
            hive,
            key,
            name: Text::from(format!("Value {}", random.below(30))),
            data: data(random),
        },
    }
}
