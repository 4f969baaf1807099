//! `boot.ini`: which Windows `ntldr` starts, and with which HAL and kernel.
//!
//! A text of two sections, `[boot loader]` with `timeout` and `default`, and
//! `[operating systems]` with a line for each choice:
//!
//! ```text
//! multi(0)disk(0)rdisk(0)partition(1)\WINDOWS="Microsoft Windows XP" /fastdetect /HAL=halmacpi.dll
//! ```
//!
//! `/HAL=` and `/KERNEL=` name files in `System32` that are loaded in place of
//! `hal.dll` and `ntoskrnl.exe` (Geoff Chappell, "Boot Options: hal, kernel").

/// The largest boot.ini that is read, in bytes; Windows' own are below 1 KiB.
pub(crate) const MAX_LEN: u64 = 64 * 1024;

/// A boot.ini, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BootIni {
    /// What `default` names.
    pub default: Option<String>,
    /// The choices, in order.
    pub entries: Vec<BootEntry>,
}

/// A line of `[operating systems]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootEntry {
    /// The line's number, from 1.
    pub line: usize,
    /// The line as it stands there.
    pub text: String,
    /// What it starts, in ARC form or as a path.
    pub path: String,
    /// Its options without the slash, in order, as they are spelled.
    pub options: Vec<String>,
}

impl BootIni {
    /// Reads the text of a boot.ini. Lines that mean nothing are passed over,
    /// as `ntldr` does.
    pub(crate) fn parse(bytes: &[u8]) -> BootIni {
        let text = String::from_utf8_lossy(bytes);
        let mut ini = BootIni::default();
        let mut section = String::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{1a}');
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').trim().to_ascii_lowercase();
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            match section.as_str() {
                "boot loader" | "flexboot" if key.trim().eq_ignore_ascii_case("default") => {
                    ini.default = Some(value.trim().to_owned());
                }
                "operating systems" => ini.entries.push(BootEntry {
                    line: index + 1,
                    text: line.to_owned(),
                    path: key.trim().to_owned(),
                    options: options(value),
                }),
                _ => {}
            }
        }
        ini
    }

    /// The entry that is started when nobody chooses: the first with the
    /// default's path, else the first of all.
    pub(crate) fn default_entry(&self) -> Option<&BootEntry> {
        let mut entries = self.entries.iter();
        let default = self.default.as_deref();
        let named = default
            .and_then(|default| entries.find(|entry| entry.path.eq_ignore_ascii_case(default)));
        named.or_else(|| self.entries.first())
    }

    /// Whether `default` names one of the entries.
    pub(crate) fn default_is_listed(&self) -> bool {
        let default = self.default.as_deref();
        default.is_none_or(|default| {
            let mut entries = self.entries.iter();
            entries.any(|entry| entry.path.eq_ignore_ascii_case(default))
        })
    }
}

/// The options behind the title: everything that begins with a slash.
fn options(value: &str) -> Vec<String> {
    let value = value.trim();
    // The title is in quotation marks and may hold slashes.
    let rest = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map_or("", |(_, rest)| rest),
        None => value.find('/').and_then(|at| value.get(at..)).unwrap_or(""),
    };
    let words = rest.split('/').skip(1);
    let words = words.map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

impl BootEntry {
    /// What an option with a value is set to: `HAL` for `/HAL=x.dll`; the last
    /// one where there are several.
    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        let mut values = self.options.iter().filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(option)
                .then(|| value.trim())
        });
        values.next_back().filter(|value| !value.is_empty())
    }

    /// Whether an option is given, with a value or without.
    pub(crate) fn has(&self, option: &str) -> bool {
        let mut options = self.options.iter();
        options.any(|word| {
            let name = word.split('=').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case(option)
        })
    }

    /// The directory that it starts Windows from: the last part of its path.
    pub(crate) fn directory(&self) -> &str {
        self.path.rsplit('\\').next().unwrap_or_default().trim()
    }

    /// Whether the PAE kernel is what `ntldr` loads, as far as the line alone
    /// says it: asked for, or needed for hardware DEP, which is on unless it is
    /// switched off.
    pub(crate) fn asks_for_pae(&self) -> bool {
        let no_execute = self.value("NOEXECUTE");
        let off = no_execute.is_some_and(|how| how.eq_ignore_ascii_case("AlwaysOff"));
        !self.has("NOPAE") && (self.has("PAE") || no_execute.is_some() && !off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &[u8] = b"[boot loader]\r\ntimeout=30\r\n\
        default=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n[operating systems]\r\n\
        multi(0)disk(0)rdisk(0)partition(2)\\WINNT=\"Other / old\" /fastdetect\r\n\
        ; a remark\r\n\
        multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"Microsoft Windows XP Professional\" \
        /noexecute=optin /fastdetect /HAL=halmacpi.dll /kernel=ntosM.exe\r\n\
        C:\\=\"DOS\"\r\n";

    #[test]
    fn the_default_entry_and_its_options_are_found() {
        let ini = BootIni::parse(INI);
        assert_eq!(ini.entries.len(), 3);
        assert!(ini.default_is_listed());
        let entry = ini.default_entry().unwrap();
        assert_eq!((entry.line, entry.directory()), (7, "WINDOWS"));
        assert_eq!(entry.value("hal"), Some("halmacpi.dll"));
        assert_eq!(entry.value("KERNEL"), Some("ntosM.exe"));
        assert!(entry.has("fastdetect") && !entry.has("fast"));
        assert!(entry.asks_for_pae());
        assert_eq!(ini.entries[0].options, ["fastdetect"]);
        assert_eq!(ini.entries[2].options, [""; 0]);
    }

    #[test]
    fn what_is_odd_gives_what_can_be_read() {
        for (text, entries) in [
            (&b""[..], 0),
            (b"[operating systems]\nx", 0),
            (b"[operating systems]\nx=", 1),
            (b"[operating systems]\nx=\"open /pae", 1),
            (b"\xff\xfe[\0o", 0),
        ] {
            assert_eq!(BootIni::parse(text).entries.len(), entries, "{text:?}");
        }
        let ini = BootIni::parse(
            b"[boot loader]\ndefault=nowhere\n[operating systems]\na=\"A\" /PAE/NOPAE\n",
        );
        assert!(!ini.default_is_listed());
        let entry = ini.default_entry().unwrap();
        assert_eq!(entry.options, ["PAE", "NOPAE"]);
        assert!(!entry.asks_for_pae());
    }
}
