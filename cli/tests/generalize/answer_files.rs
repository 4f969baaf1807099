//! Where Windows looks for answer files, and which one wins (Microsoft's table).

use std::fs;

use crate::plant::{Of, Planted, plant, write_clean};
use crate::recipes::{settings, unattend};
use crate::report;

/// The places in Microsoft's order, with the names that are looked for there.
const PLACES: [(&str, &str); 5] = [
    ("registry", "answers/any name.xml"),
    ("panther-unattend", "Windows/Panther/Unattend/Unattend.xml"),
    ("panther", "Windows/Panther/unattend.xml"),
    ("sysprep", "Windows/System32/Sysprep/unattend.xml"),
    ("system-drive", "autounattend.xml"),
];

#[test]
fn the_first_place_with_settings_for_the_pass_wins() {
    let test = "the_first_place_with_settings_for_the_pass_wins";
    let top = tempfile::tempdir().unwrap();
    let top = top.path();
    write_clean(Of::Ten, &top.join("clean"));
    let pointer = Planted::default().text(
        "SYSTEM",
        "Setup",
        "UnattendFile",
        "C:\\answers\\any name.xml",
    );
    if !plant(test, &[(top.join("clean"), top.join("image"), pointer)]) {
        return;
    }
    let image = top.join("image");
    let specialize = unattend(&settings(
        "specialize",
        "",
        "<ComputerName>*</ComputerName>",
    ));
    let welcome = unattend(&settings("oobeSystem", "", "<TimeZone>UTC</TimeZone>"));
    let empty = unattend(&settings("specialize", "", ""));
    let put = |index: usize, text: Option<&str>| {
        let path = image.join(PLACES[index].1);
        match text {
            None => {
                let _ = fs::remove_file(path);
            }
            Some(text) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
    };
    // Every subset of the places.
    for subset in 0..1_usize << PLACES.len() {
        let there = |index: usize| subset >> index & 1 == 1;
        for index in 0..PLACES.len() {
            put(index, there(index).then_some(specialize.as_str()));
        }
        let found = report(top, "@image");
        let winners = found["winners"].as_array().unwrap();
        let wanted: Vec<usize> = (0..PLACES.len()).filter(|index| there(*index)).collect();
        let Some((first, hidden)) = wanted.split_first() else {
            assert!(winners.is_empty(), "{winners:?}");
            continue;
        };
        assert_eq!(winners.len(), 1, "{subset:05b}");
        let path = |index: &usize| PLACES[*index].1.replace('/', "\\").to_lowercase();
        let is = |value: &serde_json::Value| value.as_str().unwrap().to_lowercase();
        assert_eq!(is(&winners[0]["path"]), path(first), "{subset:05b}");
        let read = winners[0]["hidden"].as_array().unwrap().iter().map(is);
        let hidden: Vec<String> = hidden.iter().map(path).collect();
        assert_eq!(read.collect::<Vec<_>>(), hidden, "{subset:05b}");
        let places = found["answer_files"].as_array().unwrap().iter();
        let places: Vec<_> = places
            .filter(|file| file["error"].is_null())
            .map(|file| {
                (
                    file["place"].as_str().unwrap(),
                    file["rank"].as_u64().unwrap(),
                )
            })
            .collect();
        let all = [1, 2, 3, 6, 7];
        let wanted: Vec<_> = wanted
            .iter()
            .map(|index| (PLACES[*index].0, all[*index]))
            .collect();
        assert_eq!(places, wanted);
    }

    // What has nothing for the pass, or cannot be read, is passed over.
    for (first, says) in [
        (welcome.as_str(), "without settings for the pass"),
        (empty.as_str(), "with an empty component"),
        ("<unattend", "cut off"),
        ("", "empty"),
    ] {
        for index in 0..PLACES.len() {
            put(index, None);
        }
        put(2, Some(first));
        put(3, Some(&specialize));
        let found = report(top, "@image");
        let winners = found["winners"].as_array().unwrap();
        let winner = winners.iter().find(|winner| winner["pass"] == "specialize");
        let path = winner.unwrap()["path"].as_str().unwrap();
        assert_eq!(path, "Windows\\System32\\Sysprep\\unattend.xml", "{says}");
    }

    // A pass that was run is not run again, and hides what comes after it.
    let run = settings(
        "specialize",
        " wasPassProcessed=\"true\"",
        "<ComputerName>*</ComputerName>",
    );
    put(2, Some(&unattend(&run)));
    let found = report(top, "@image");
    let winner = &found["winners"][0];
    assert_eq!(winner["processed"], true);
    assert_eq!(
        winner["hidden"][0],
        "Windows\\System32\\Sysprep\\unattend.xml"
    );
}
