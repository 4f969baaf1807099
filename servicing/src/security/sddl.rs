//! Security descriptors from their text form (SDDL, MS-DTYP 2.5.1), as manifests
//! have them.
//!
//! Read are owner, group, and entries that allow, deny or audit. Other entries
//! (object, conditional, mandatory label) are refused by name: none of them is
//! in the manifests that were seen.

/// Rights of the objects that a descriptor is for.
#[derive(Clone, Copy, Debug)]
pub struct SddlRights {
    /// What generic read, write, execute and all stand for.
    pub generic: [u32; 4],
}

/// Rights of registry keys: `KEY_READ`, `KEY_WRITE`, `KEY_EXECUTE`,
/// `KEY_ALL_ACCESS` (winnt.h).
pub const KEYS: SddlRights = SddlRights {
    generic: [0x2_0019, 0x2_0006, 0x2_0019, 0xF_003F],
};

/// Rights of files (winnt.h).
pub const FILES: SddlRights = SddlRights {
    generic: super::GENERIC,
};

/// Most entries of one list.
const MAX_ENTRIES: usize = 1024;

/// Why a text is no descriptor that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SddlError {
    /// It is not as SDDL is written.
    #[error("the security descriptor `{text}` ends or goes on wrongly at `{at}`")]
    Malformed {
        /// The whole text.
        text: String,
        /// From where on.
        at: String,
    },
    /// Something that is not read here.
    #[error("{what} `{found}` of a security descriptor is not known")]
    Unknown {
        /// What.
        what: &'static str,
        /// As it stands there.
        found: String,
    },
    /// More than a list can hold.
    #[error("a list of a security descriptor has more than {MAX_ENTRIES} entries, or is too long")]
    TooLong,
}

/// Flags in the control field of a self-relative descriptor.
const SELF_RELATIVE: u16 = 0x8000;
const DACL_PRESENT: u16 = 0x0004;
const SACL_PRESENT: u16 = 0x0010;

/// The self-relative descriptor that `text` describes. Generic rights become
/// those of the objects, as NT maps them when it sets a descriptor.
///
/// # Errors
/// [`SddlError`].
pub fn parse(text: &str, rights: &SddlRights) -> Result<Vec<u8>, SddlError> {
    let mut parser = Parser { text, rest: text };
    let (mut owner, mut group, mut dacl, mut sacl) = (None, None, None, None);
    let mut control = SELF_RELATIVE;
    while !parser.rest.is_empty() {
        let (part, rest) = parser.rest.split_once(':').ok_or_else(|| parser.error())?;
        parser.rest = rest;
        match part {
            "O" if owner.is_none() => owner = Some(parser.sid()?),
            "G" if group.is_none() => group = Some(parser.sid()?),
            "D" if dacl.is_none() => {
                let (flags, list) = parser.list(rights, false)?;
                control |= DACL_PRESENT | flags;
                dacl = Some(list);
            }
            "S" if sacl.is_none() => {
                let (flags, list) = parser.list(rights, true)?;
                control |= SACL_PRESENT | flags << 1;
                sacl = Some(list);
            }
            _ => return Err(parser.error()),
        }
    }
    let mut bytes = vec![1, 0];
    bytes.extend(control.to_le_bytes());
    let mut at = 20_usize;
    let parts = [owner, group, sacl, dacl];
    for part in &parts {
        let offset = match part {
            Some(part) => {
                let offset = at;
                at += part.len();
                offset
            }
            None => 0,
        };
        let offset = u32::try_from(offset).map_err(|_| SddlError::TooLong)?;
        bytes.extend(offset.to_le_bytes());
    }
    bytes.extend(parts.into_iter().flatten().flatten());
    Ok(bytes)
}

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn error(&self) -> SddlError {
        SddlError::Malformed {
            text: self.text.to_owned(),
            at: self.rest.chars().take(24).collect(),
        }
    }

    /// Takes what `fits` from the front.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn sid(&mut self) -> Result<Vec<u8>, SddlError> {
        let len = match self.rest.strip_prefix("S-") {
            Some(numbers) => {
                let end = numbers.find(|c: char| !(c.is_ascii_digit() || c == '-'));
                2 + end.unwrap_or(numbers.len())
            }
            None => 2,
        };
        let word = self.rest.get(..len).ok_or_else(|| self.error())?;
        self.rest = self.rest.get(len..).unwrap_or_default();
        sid(word)
    }

    /// A list with its flags, as of the discretionary one.
    fn list(&mut self, rights: &SddlRights, audits: bool) -> Result<(u16, Vec<u8>), SddlError> {
        let mut flags = 0;
        let words = self.take(|c| c != '(' && c != ':');
        // The letter of the next part is no flag.
        let (words, next) = match (self.rest.starts_with(':'), words.char_indices().last()) {
            (true, Some((at, _))) => words.split_at(at),
            _ => (words, ""),
        };
        let mut left = words;
        while !left.is_empty() {
            let (flag, rest) = match (left.strip_prefix('P'), left.get(..2)) {
                (Some(rest), _) => (0x1000, rest),
                (None, Some("AR")) => (0x0100, left.get(2..).unwrap_or_default()),
                (None, Some("AI")) => (0x0400, left.get(2..).unwrap_or_default()),
                _ => {
                    let found = left.to_owned();
                    let what = "flags";
                    return Err(SddlError::Unknown { what, found });
                }
            };
            flags |= flag;
            left = rest;
        }
        let mut entries = Vec::new();
        let mut count = 0;
        while let Some(rest) = self.rest.strip_prefix('(') {
            let (entry, rest) = rest.split_once(')').ok_or_else(|| self.error())?;
            self.rest = rest;
            entries.extend(ace(entry, rights, audits)?);
            count += 1;
        }
        if !next.is_empty() {
            self.rest = self
                .text
                .get(self.text.len() - self.rest.len() - next.len()..)
                .unwrap_or_default();
        }
        let len = u16::try_from(entries.len() + 8).map_err(|_| SddlError::TooLong)?;
        if count > MAX_ENTRIES {
            return Err(SddlError::TooLong);
        }
        let mut list = vec![2, 0];
        list.extend(len.to_le_bytes());
        list.extend((count as u16).to_le_bytes());
        list.extend([0, 0]);
        list.extend(entries);
        Ok((flags, list))
    }
}

/// `type;flags;rights;object;inherited object;sid`.
fn ace(text: &str, rights: &SddlRights, audits: bool) -> Result<Vec<u8>, SddlError> {
    let unknown = |what: &'static str, found: &str| SddlError::Unknown {
        what,
        found: found.to_owned(),
    };
    let parts: Vec<&str> = text.split(';').collect();
    let [kind, flags, mask, "", "", who] = parts.as_slice() else {
        return Err(unknown("entry", text));
    };
    let kind = match (*kind, audits) {
        ("A", false) => 0,
        ("D", false) => 1,
        ("AU", true) => 2,
        (other, _) => return Err(unknown("kind of entry", other)),
    };
    let mut bits = 0_u8;
    for word in pairs(flags).ok_or_else(|| unknown("flags", flags))? {
        bits |= match word {
            "OI" => 0x01,
            "CI" => 0x02,
            "NP" => 0x04,
            "IO" => 0x08,
            "ID" => 0x10,
            "SA" => 0x40,
            "FA" => 0x80,
            other => return Err(unknown("flag", other)),
        };
    }
    let mask = mask_of(mask, rights).ok_or_else(|| unknown("rights", mask))?;
    let sid = sid(who)?;
    let len = u16::try_from(8 + sid.len()).map_err(|_| SddlError::TooLong)?;
    let mut ace = vec![kind, bits];
    ace.extend(len.to_le_bytes());
    ace.extend(mask.to_le_bytes());
    ace.extend(sid);
    Ok(ace)
}

fn pairs(text: &str) -> Option<Vec<&str>> {
    (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2))
        .collect()
}

fn mask_of(text: &str, rights: &SddlRights) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok();
    }
    let [read, write, execute, all] = rights.generic;
    let mut mask = 0;
    for word in pairs(text)? {
        mask |= match word {
            "GR" => read,
            "GW" => write,
            "GX" => execute,
            "GA" => all,
            "RC" => 0x2_0000,
            "SD" => 0x1_0000,
            "WD" => 0x4_0000,
            "WO" => 0x8_0000,
            "CC" => 0x01,
            "DC" => 0x02,
            "LC" => 0x04,
            "SW" => 0x08,
            "RP" => 0x10,
            "WP" => 0x20,
            "DT" => 0x40,
            "LO" => 0x80,
            "CR" => 0x100,
            "FA" => FILES.generic[3],
            "FR" => FILES.generic[0],
            "FW" => FILES.generic[1],
            "FX" => FILES.generic[2],
            "KA" => KEYS.generic[3],
            "KR" => KEYS.generic[0],
            "KW" => KEYS.generic[1],
            "KX" => KEYS.generic[2],
            _ => return None,
        };
    }
    Some(mask)
}

/// A SID: `S-1-5-18`, or one of the short names of well-known ones.
fn sid(word: &str) -> Result<Vec<u8>, SddlError> {
    let unknown = || SddlError::Unknown {
        what: "account",
        found: word.to_owned(),
    };
    let builtin = |number: u32| make(5, &[32, number]);
    if let Some(rest) = word.strip_prefix("S-1-") {
        let numbers: Option<Vec<u64>> = rest.split('-').map(|part| part.parse().ok()).collect();
        let numbers = numbers.ok_or_else(unknown)?;
        let (authority, rest) = numbers.split_first().ok_or_else(unknown)?;
        let rest: Option<Vec<u32>> = rest.iter().map(|part| u32::try_from(*part).ok()).collect();
        let rest = rest.filter(|rest| (1..=15).contains(&rest.len()));
        let authority = u32::try_from(*authority).map_err(|_| unknown())?;
        return Ok(make(authority, &rest.ok_or_else(unknown)?));
    }
    Ok(match word {
        "WD" => make(1, &[0]),
        "CO" => make(3, &[0]),
        "CG" => make(3, &[1]),
        "OW" => make(3, &[4]),
        "NU" => make(5, &[2]),
        "IU" => make(5, &[4]),
        "SU" => make(5, &[6]),
        "AN" => make(5, &[7]),
        "AU" => make(5, &[11]),
        "RC" => make(5, &[12]),
        "SY" => make(5, &[18]),
        "LS" => make(5, &[19]),
        "NS" => make(5, &[20]),
        "BA" => builtin(544),
        "BU" => builtin(545),
        "BG" => builtin(546),
        "PU" => builtin(547),
        "AO" => builtin(548),
        "SO" => builtin(549),
        "PO" => builtin(550),
        "BO" => builtin(551),
        "RE" => builtin(552),
        "RU" => builtin(554),
        "RD" => builtin(555),
        "NO" => builtin(556),
        "MU" => builtin(558),
        "LU" => builtin(559),
        "AC" => make(15, &[2, 1]),
        _ => return Err(unknown()),
    })
}

fn make(authority: u32, numbers: &[u32]) -> Vec<u8> {
    let mut sid = vec![1, numbers.len() as u8, 0, 0];
    sid.extend(authority.to_be_bytes());
    sid.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    sid
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn a_descriptor_of_a_registry_root_is_the_bytes_of_a_real_hive() {
        // What the root of SOFTWARE has in real hives; owner and group follow
        // the header, the list comes last.
        let bytes = parse(
            "O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)",
            &KEYS,
        )
        .unwrap();
        let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        let system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
        let users = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
        let mut expected = vec![
            1, 0, 0x04, 0x80, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0,
        ];
        expected.extend(administrators);
        expected.extend(system);
        expected.extend([2, 0, 76, 0, 3, 0, 0, 0]);
        for (mask, sid) in [
            (0xF_003F_u32, &system[..]),
            (0xF_003F, &administrators),
            (0x2_0019, &users),
        ] {
            expected.extend([0, 2, 8 + sid.len() as u8, 0]);
            expected.extend(mask.to_le_bytes());
            expected.extend(sid);
        }
        assert_eq!(bytes, expected);
        // Generic rights come to the same.
        let generic = "O:BAG:SYD:(A;CI;GA;;;SY)(A;CI;GA;;;BA)(A;CI;GR;;;BU)";
        assert_eq!(parse(generic, &KEYS).unwrap(), expected);
    }

    #[test]
    fn the_descriptors_of_real_manifests_are_read() {
        // WRP_FILE_DEFAULT_SDDL and WRP_KEY_DEFAULT_SDDL of KB4528069.
        let installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        let file = format!(
            "O:{installer}G:{installer}D:P(A;;FA;;;{installer})(A;;GRGX;;;BA)(A;;GRGX;;;SY)\
             (A;;GRGX;;;BU)S:(AU;FASA;0x000D0116;;;WD)"
        );
        let bytes = parse(&file, &FILES).unwrap();
        assert_eq!(bytes[2..4], (0x9014_u16).to_le_bytes());
        let key = format!(
            "O:{installer}G:{installer}D:P(A;CI;GA;;;{installer})(A;CI;GR;;;SY)(A;CI;GR;;;BA)\
             (A;CI;GR;;;BU)"
        );
        let bytes = parse(&key, &KEYS).unwrap();
        assert_eq!(bytes[2..4], (0x9004_u16).to_le_bytes());
        let list = u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize;
        assert_eq!(bytes[list + 4], 4);
        // A SID and the next part's letter.
        let bytes = parse("O:S-1-5-18S:AI(AU;SA;KA;;;WD)D:PAI", &KEYS).unwrap();
        assert_eq!(
            bytes[2..4],
            (0x8004_u16 | 0x1400 | 0x10 | 0x800).to_le_bytes()
        );
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (text, expected) in [
            ("O", "`O`"),
            ("X:BA", "`BA`"),
            ("O:B", "`B`"),
            ("O:QQ", "account `QQ`"),
            ("O:S-1-5", "account `S-1-5`"),
            ("D:Q(A;;GA;;;BA)", "flags `Q`"),
            ("D:(A;;GA;;;BA", "`(A;;GA;;;BA`"),
            ("D:(OA;;GA;;;BA)", "kind of entry `OA`"),
            ("D:(AU;;GA;;;BA)", "kind of entry `AU`"),
            ("D:(A;XX;GA;;;BA)", "flag `XX`"),
            ("D:(A;O;GA;;;BA)", "flags `O`"),
            ("D:(A;;ZZ;;;BA)", "rights `ZZ`"),
            ("D:(A;;0xg;;;BA)", "rights `0xg`"),
            ("D:(A;;GA;x;;BA)", "entry"),
            ("D:(A;;é;;;BA)", "rights `é`"),
            ("D:D:", "`"),
        ] {
            let error = parse(text, &KEYS).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
