//! Images with things planted in them: by hivex and plain files, not by what is
//! tested.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wimwright_testdata::image::{Data, Windows, hive, write};
use wimwright_testdata::nt5::Nt5;

/// A Windows of each generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Xp,
    Seven,
    EightOne,
    Ten,
    Eleven,
}

impl Of {
    pub(crate) const ALL: [Of; 5] = [Of::Xp, Of::Seven, Of::EightOne, Of::Ten, Of::Eleven];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Of::Xp => "xp",
            Of::Seven => "seven",
            Of::EightOne => "eight-one",
            Of::Ten => "ten",
            Of::Eleven => "eleven",
        }
    }

    pub(crate) fn is_later(self) -> bool {
        self != Of::Xp
    }
}

const SET: &str = "ControlSet001";

/// An image without anything in it that could be left over.
pub(crate) fn write_clean(of: Of, root: &Path) {
    let environment = format!("{SET}\\Control\\Session Manager\\Environment");
    match of {
        Of::Xp => Nt5::x86("acpiapic_up").write(root),
        Of::Seven | Of::EightOne | Of::Ten | Of::Eleven => {
            let mut values = vec![
                ("Select", "Default", Data::Dword(1)),
                ("Select", "Current", Data::Dword(1)),
                (
                    environment.as_str(),
                    "PROCESSOR_ARCHITECTURE",
                    Data::Sz("AMD64"),
                ),
                ("Setup", "SetupType", Data::Dword(0)),
                ("Setup", "CmdLine", Data::Sz("")),
                ("Setup", "SystemSetupInProgress", Data::Dword(0)),
                // As in every deployed system.
                (
                    "Setup\\Status\\SysprepStatus",
                    "GeneralizationState",
                    Data::Dword(7),
                ),
            ];
            let windows = match of {
                Of::EightOne => Windows::new(6, 3, 9600),
                Of::Ten => Windows::new(10, 0, 19041),
                Of::Eleven => Windows::new(10, 0, 22631),
                _ => Windows::new(6, 1, 7601),
            };
            if of != Of::Seven {
                values.push(("DriverDatabase", "Version", Data::Dword(0x0A00_0000)));
            }
            let system = hive("SYSTEM", &values);
            write(root, &system, &[], &windows, 9);
        }
    }
    let config = root.join("Windows/System32/config");
    for name in ["SAM", "SECURITY", "DEFAULT"] {
        std::fs::write(config.join(name), hive(name, &[])).unwrap();
    }
}

/// What is planted into a copy of an image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planted {
    values: Vec<(String, String, String, u32, Vec<u8>)>,
    keys: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    copies: Vec<(String, String)>,
    dirty: Vec<String>,
}

impl Planted {
    pub(crate) fn value(
        mut self,
        hive: &str,
        key: &str,
        name: &str,
        kind: u32,
        data: &[u8],
    ) -> Planted {
        let entry = (hive.into(), key.into(), name.into(), kind, data.to_vec());
        self.values.push(entry);
        self
    }

    pub(crate) fn text(self, hive: &str, key: &str, name: &str, text: &str) -> Planted {
        self.value(hive, key, name, 1, &wide(&[text]))
    }

    /// `REG_MULTI_SZ`.
    pub(crate) fn texts(self, hive: &str, key: &str, name: &str, texts: &[&str]) -> Planted {
        let mut data = wide(texts);
        data.extend([0, 0]);
        self.value(hive, key, name, 7, &data)
    }

    pub(crate) fn number(self, hive: &str, key: &str, name: &str, number: u32) -> Planted {
        self.value(hive, key, name, 4, &number.to_le_bytes())
    }

    pub(crate) fn key(mut self, hive: &str, key: &str) -> Planted {
        self.keys.push((hive.into(), key.into()));
        self
    }

    pub(crate) fn file(mut self, path: &str, data: impl AsRef<[u8]>) -> Planted {
        self.files.push((path.into(), data.as_ref().to_vec()));
        self
    }

    /// A copy of another file of the image.
    pub(crate) fn copy(mut self, from: &str, to: &str) -> Planted {
        self.copies.push((from.into(), to.into()));
        self
    }

    pub(crate) fn dirty(mut self, hive: &str) -> Planted {
        self.dirty.push(hive.into());
        self
    }

    pub(crate) fn and(mut self, other: Planted) -> Planted {
        self.values.extend(other.values);
        self.keys.extend(other.keys);
        self.files.extend(other.files);
        self.copies.extend(other.copies);
        self.dirty.extend(other.dirty);
        self
    }

    /// Whether it planted what a difference names: a file, a key or a value.
    pub(crate) fn has(&self, hive: Option<&str>, place: &str) -> bool {
        let place = place.replace('\\', "/").to_lowercase();
        let is = |path: &str| {
            let path = path.replace('\\', "/").to_lowercase();
            // What was planted, what is in it, or a folder made for it.
            path == place || path.starts_with(&format!("{place}/"))
        };
        match hive {
            None => {
                self.files.iter().any(|(path, _)| is(path))
                    || self.copies.iter().any(|(_, path)| is(path))
            }
            Some(hive) => {
                self.values
                    .iter()
                    .any(|(of, key, name, ..)| of == hive && is(&format!("{key}\\{name}")))
                    || self.keys.iter().any(|(of, key)| of == hive && is(key))
            }
        }
    }

    fn job(&self, from: &Path, to: &Path) -> Value {
        let hex =
            |data: &[u8]| -> String { data.iter().map(|byte| format!("{byte:02x}")).collect() };
        let values = self.values.iter();
        let files = self.files.iter();
        json!({
            "from": from, "to": to, "keys": self.keys, "copies": self.copies, "dirty": self.dirty,
            "values": values.map(|(hive, key, name, kind, data)| json!([hive, key, name, kind, hex(data)])).collect::<Vec<_>>(),
            "files": files.map(|(path, data)| json!([path, hex(data)])).collect::<Vec<_>>(),
        })
    }
}

/// UTF-16, each text with its NUL.
pub(crate) fn wide(texts: &[&str]) -> Vec<u8> {
    let units = texts.iter().flat_map(|text| text.encode_utf16().chain([0]));
    units.flat_map(u16::to_le_bytes).collect()
}

/// Makes copies with things planted; `false` where hivex is not here.
pub(crate) fn plant(test: &str, jobs: &[(PathBuf, PathBuf, Planted)]) -> bool {
    let Some(python) = wimwright_testdata::python_with("hivex", test) else {
        return false;
    };
    let jobs: Vec<Value> = jobs
        .iter()
        .map(|(from, to, planted)| planted.job(from, to))
        .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generalize/plant.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(&serde_json::to_vec(&jobs).unwrap())
        .unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    true
}
