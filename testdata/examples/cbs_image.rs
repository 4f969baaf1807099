//! Writes an image of Windows 7 or 10 with a component store into a directory,
//! for trying things out by hand: `cbs_image DIR 7|10`.

#![allow(clippy::panic, reason = "a program for developers")]

use std::path::Path;

use wimwright_testdata::cbs_image::CbsImage;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [directory, windows] = words.as_slice() else {
        panic!("usage: cbs_image DIR 7|10");
    };
    let image = match windows.as_str() {
        "7" => CbsImage::windows_7(),
        "10" => CbsImage::windows_10(),
        other => panic!("no image of Windows `{other}`: 7 or 10"),
    };
    image.write(Path::new(directory));
}
