//! Two hundred random single changes of each kind of image: `diff` finds each,
//! and says nothing else. The changed image is made anew, not by a plan.

use std::collections::BTreeSet;

use wimwright_hive::{Hive, Security};
use wimwright_servicing::Draft;
use wimwright_servicing::diff::{FileChange, HiveChange, ImageDifferences, Options, images};
use wimwright_servicing::registry::RegChange;

use crate::image::{KEY, Kind, NOW, TestImage, entries};
use crate::made::{self, Made, Random, descriptor, directory, file, symbolic_link};
use crate::plans::pick;

/// Changes of each kind of image.
const CHANGES: u64 = 200;

/// Where the hive is that is changed.
const HIVE: &str = "Windows/System32/config/SYSTEM";

pub(crate) fn compare(a: &Draft, b: &Draft) -> ImageDifferences {
    let options = Options {
        metadata: true,
        security: true,
        ..Options::default()
    };
    images(a, b, &options, &mut |_, _, _| {}).unwrap()
}

/// A line a difference.
pub(crate) fn told(found: &ImageDifferences) -> BTreeSet<String> {
    let files = found.files.iter().map(|found| {
        let what = match &found.change {
            FileChange::Added(_) => "added".to_owned(),
            FileChange::Removed(_) => "removed".to_owned(),
            FileChange::Replaced { .. } => "replaced".to_owned(),
            FileChange::Content { old, new, first } => match first {
                Some(first) => format!("content from byte {first} on"),
                None => format!("content {old} > {new}"),
            },
            FileChange::Spelling { old, .. } => format!("spelled {old}"),
            FileChange::Moved { from } => format!("moved from {from}"),
            FileChange::Modified { .. } => "written".to_owned(),
            FileChange::Created { .. } => "created".to_owned(),
            FileChange::Links { old, new } => format!("links {old} > {new}"),
            FileChange::Attributes { old, new } => format!("attributes {old:#x} > {new:#x}"),
            FileChange::ShortName { old, new } => format!("short name {old} > {new}"),
            FileChange::Security { .. } => "security".to_owned(),
            FileChange::Stream { name, old, new } => format!("stream {name} {old:?} > {new:?}"),
            FileChange::Tagged { .. } => "tagged".to_owned(),
            FileChange::Reparse { .. } => "reparse".to_owned(),
            other => format!("{other:?}"),
        };
        format!("{} {what}", found.path)
    });
    let registry = found.registry.iter().map(|found| {
        let HiveChange::Key(found) = &found.change else {
            return format!("{found:?}");
        };
        let what = match &found.what {
            RegChange::KeyAdded => "added".to_owned(),
            RegChange::KeyRemoved => "removed".to_owned(),
            RegChange::ValueAdded { name, .. } => format!("value added {name}"),
            RegChange::ValueRemoved { name, .. } => format!("value removed {name}"),
            RegChange::ValueChanged { name, .. } => format!("value changed {name}"),
            RegChange::SecurityChanged { .. } => "security".to_owned(),
            RegChange::Detail(detail) => format!("{detail:?}"),
        };
        format!("{} {what}", found.key)
    });
    let findings = found.findings.iter().map(|found| found.message.clone());
    files.chain(registry).chain(findings).collect()
}

/// An entry as an image path.
fn shown(path: &str) -> String {
    path.replace('/', "\\")
}

fn lines<const N: usize>(lines: [String; N]) -> Option<BTreeSet<String>> {
    Some(lines.into())
}

/// Makes one change; gives what is to be said of it, or `None` where it came to
/// nothing.
fn change(all: &mut Vec<Made>, random: &mut Random, kind: Kind) -> Option<BTreeSet<String>> {
    let choice = match kind {
        Kind::Directory => random.below(13),
        Kind::Wim => random.below(20),
    };
    let of_data = |entry: &Made| entry.path.starts_with("Data/") || entry.path.starts_with("More/");
    let plain = |entry: &Made| of_data(entry) && entry.content.is_some() && entry.reparse.is_none();
    let alone = |entry: &Made| plain(entry) && entry.link_group == 0;
    let some = |all: &[Made], random: &mut Random, fits: &dyn Fn(&Made) -> bool| {
        let fit: Vec<usize> = (0..all.len()).filter(|at| fits(&all[*at])).collect();
        *pick(random, &fit)
    };
    let number = random.below(1000);
    Some(match choice {
        0 => {
            let name = format!("Data/Sub/added {number}");
            all.push(file(&name, random.bytes(number)));
            return lines([format!("{} added", shown(&name))]);
        }
        1 => {
            let name = format!("More/Empty/dir {number}");
            all.push(directory(&name));
            return lines([format!("{} added", shown(&name))]);
        }
        2 => {
            let at = some(all, random, &alone);
            let gone = all.remove(at);
            // Directories above files that are not entries stay.
            all.push(directory("Data/Sub/Deep"));
            return lines([format!("{} removed", shown(&gone.path))]);
        }
        3 => {
            let at = some(all, random, &|entry| {
                alone(entry)
                    && entry
                        .content
                        .as_ref()
                        .is_some_and(|bytes| !bytes.is_empty())
            });
            let bytes = all[at].content.as_mut()?;
            let first = random.below(bytes.len() as u64);
            bytes[first as usize] ^= 1 + random.below(255) as u8;
            let path = shown(&all[at].path);
            return lines([format!("{path} content from byte {first} on")]);
        }
        4 => {
            let at = some(all, random, &alone);
            let bytes = all[at].content.as_mut()?;
            let old = bytes.len();
            bytes.truncate(random.below(1 + old as u64) as usize);
            if bytes.len() == old {
                bytes.push(b'x');
            }
            let new = bytes.len();
            let path = shown(&all[at].path);
            return lines([format!("{path} content {old} > {new}")]);
        }
        5 => {
            let at = some(all, random, &alone);
            let old = all[at].path.clone();
            let new = format!("More/Empty/moved {number}");
            all[at].path.clone_from(&new);
            all.push(directory("Data/Sub/Deep"));
            let (old, new) = (shown(&old), shown(&new));
            if all[at].content.as_ref().is_some_and(Vec::is_empty) {
                return lines([format!("{old} removed"), format!("{new} added")]);
            }
            return lines([format!("{new} moved from {old}")]);
        }
        6 => {
            let at = some(all, random, &plain);
            let (above, name) = all[at].path.rsplit_once('/')?;
            let new = format!("{above}/{}", name.to_uppercase());
            let name = name.to_owned();
            all[at].path.clone_from(&new);
            return lines([format!("{} spelled {name}", shown(&new))]);
        }
        7 => {
            let at = some(all, random, &|entry| entry.path == "Data/alias");
            let short_name = all[at].short_name.clone();
            all[at] = symbolic_link("Data/alias", "two.bin").short_name(&short_name);
            return lines(["Data\\alias replaced".to_owned()]);
        }
        8 => {
            let at = some(all, random, &alone);
            let path = all[at].path.clone();
            all[at] = directory(&path);
            return lines([format!("{} replaced", shown(&path))]);
        }
        9 => {
            let at = some(all, random, &plain);
            let group = all[at].link_group;
            let path = all[at].path.clone();
            let mut told = BTreeSet::new();
            for entry in all.iter_mut() {
                if entry.path == path || group != 0 && entry.link_group == group {
                    let times = entry.times.get_or_insert([made::TIME; 3]);
                    times[2].0 += number + 1;
                    told.insert(format!("{} written", shown(&entry.path)));
                }
            }
            told
        }
        10 => {
            // A name leaves its group.
            let at = some(all, random, &|entry| entry.link_group != 0);
            let group = std::mem::replace(&mut all[at].link_group, 0);
            let left: Vec<&Made> = all
                .iter()
                .filter(|entry| entry.link_group == group)
                .collect();
            let count = left.len();
            let mut told: BTreeSet<String> = left
                .iter()
                .map(|entry| format!("{} links {} > {count}", shown(&entry.path), count + 1))
                .collect();
            told.insert(format!("{} links {} > 1", shown(&all[at].path), count + 1));
            told
        }
        11 | 12 => return of_registry(all, random),
        13 => {
            let at = some(all, random, &of_data);
            let entry = &mut all[at];
            let old = entry.attributes;
            entry.attributes ^= *pick(random, &[0x1, 0x2, 0x4, 0x1000, 0x2000]);
            let new = entry.attributes;
            let path = shown(&entry.path);
            if entry.link_group != 0 {
                return None;
            }
            return lines([format!("{path} attributes {old:#x} > {new:#x}")]);
        }
        14 => {
            let at = some(all, random, &of_data);
            let entry = &mut all[at];
            let old = std::mem::replace(&mut entry.short_name, format!("NEW~{number}"));
            let path = shown(&entry.path);
            return lines([format!("{path} short name {old} > NEW~{number}")]);
        }
        15 => {
            let at = some(all, random, &of_data);
            let entry = &mut all[at];
            entry.security = match &entry.security {
                Some(_) if number.is_multiple_of(2) => None,
                _ => Some(descriptor(100 + number as u8 % 100)),
            };
            return lines([format!("{} security", shown(&entry.path))]);
        }
        16 => {
            let at = some(all, random, &|entry| {
                of_data(entry) && entry.link_group == 0
            });
            let entry = &mut all[at];
            entry
                .streams
                .push((format!("s{number}"), random.bytes(number)));
            let path = shown(&entry.path);
            return lines([format!("{path} stream s{number} None > Some({number})")]);
        }
        17 => {
            let at = some(all, random, &|entry| entry.streams.len() == 2);
            let entry = &mut all[at];
            let (name, bytes) = &mut entry.streams[1];
            let name = name.clone();
            let old = bytes.len();
            match number % 2 {
                0 => {
                    bytes[number as usize] ^= 0x55;
                    return lines([format!(
                        "{} stream {name} Some({old}) > Some({old})",
                        shown(&entry.path)
                    )]);
                }
                _ => {
                    entry.streams.remove(1);
                    return lines([format!(
                        "{} stream {name} Some({old}) > None",
                        shown(&entry.path)
                    )]);
                }
            }
        }
        18 => {
            let at = some(all, random, &of_data);
            let entry = &mut all[at];
            let mut id = [3; 16];
            id[0] = number as u8;
            entry.object_id = Some(id);
            return lines([format!("{} tagged", shown(&entry.path))]);
        }
        _ => {
            let at = some(all, random, &|entry| entry.path == "More/placeholder");
            let (_, data) = all[at].reparse.as_mut()?;
            data.push(number as u8);
            return lines(["More\\placeholder reparse".to_owned()]);
        }
    })
}

fn of_registry(all: &mut [Made], random: &mut Random) -> Option<BTreeSet<String>> {
    let entry = all.iter_mut().find(|entry| entry.path == HIVE)?;
    let mut hive = Hive::open(entry.content.clone()?).unwrap();
    let number = random.below(1000);
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let disk = format!("{KEY}\\disk");
    let key = |hive: &Hive, path: &str| hive.root().path(path).unwrap().unwrap().id();
    let told = match random.below(7) {
        0 => {
            let at = key(&hive, &disk);
            let name = format!("New {number}");
            hive.set_value(at, &units(&name), 4, &[1, 2, 3, 4], NOW)
                .unwrap();
            lines([format!("{disk} value added {name}")])
        }
        1 => {
            let at = key(&hive, &disk);
            assert!(hive.delete_value(at, &units("Start"), NOW).unwrap());
            lines([format!("{disk} value removed Start")])
        }
        2 => {
            // Another type, other data, or only a byte somewhere in many.
            let parameters = format!("{disk}\\Parameters");
            let at = key(&hive, &parameters);
            let mut bytes: Vec<u8> = (0..20_000_u32).map(|at| at as u8).collect();
            let kind = match number % 3 {
                0 => 7,
                1 => {
                    bytes.truncate(number as usize);
                    3
                }
                _ => {
                    bytes[(number * 19) as usize] ^= 1;
                    3
                }
            };
            hive.set_value(at, &units("Big"), kind, &bytes, NOW)
                .unwrap();
            lines([format!("{parameters} value changed Big")])
        }
        3 => {
            let path = format!("{KEY}\\Key {number}");
            let _ = hive.create_key(&path, Security::Inherit, NOW).unwrap();
            lines([format!("{path} added")])
        }
        4 => {
            let path = format!("{KEY}\\Old\\Parameters");
            assert!(hive.delete_key(&path, NOW).unwrap());
            lines([
                format!("{path} removed"),
                format!("{path}\\Deep removed"),
                format!("{path}\\Deep value removed Words"),
            ])
        }
        5 => {
            let path = format!("{KEY}\\Old");
            let at = key(&hive, &path);
            hive.set_security(at, &descriptor(number as u8), NOW)
                .unwrap();
            lines([format!("{path} security")])
        }
        _ => {
            let path = format!("{KEY}\\Old");
            let at = key(&hive, &path);
            hive.set_value(at, &units("Path"), 1, b"a\0b\0", NOW)
                .unwrap();
            lines([format!("{path} value changed Path")])
        }
    };
    entry.content = Some(hive.into_bytes());
    told
}

fn found(kind: Kind) {
    let before = TestImage::new(kind);
    let twin = TestImage::new(kind);
    assert_eq!(
        told(&compare(&before.look(), &twin.look())),
        BTreeSet::new()
    );
    let mut seen = BTreeSet::new();
    let mut seed = 0_u64;
    let mut done = 0;
    while done < CHANGES {
        seed += 1;
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut all = entries();
        let Some(expected) = change(&mut all, &mut random, kind) else {
            continue;
        };
        done += 1;
        let image = TestImage::of(kind, &all);
        let (old, new) = (before.look(), image.look());
        let found = told(&compare(&old, &new));
        assert_eq!(found, expected, "change {seed} of {kind:?}");
        // Seen from the other side there is as much.
        let back = compare(&new, &old);
        let count = back.files.len() + back.registry.len();
        assert_eq!(count, expected.len(), "change {seed} of {kind:?}");
        seen.extend(expected);
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

#[test]
fn random_changes_of_a_directory_are_found() {
    found(Kind::Directory);
}

#[test]
fn random_changes_of_a_wim_file_are_found() {
    found(Kind::Wim);
}
