//! The names of components in packages and in the store, computed for tests
//! apart from the code that they test.

/// The identity of a component or deployment.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// `amd64`, `x86`, `wow64`.
    pub architecture: String,
    /// Four numbers.
    pub version: String,
    /// `neutral`, `de-DE`.
    pub language: String,
    /// 16 hex digits.
    pub token: String,
}

fn string_hash(text: &str) -> u64 {
    let mut lanes = [0_u32; 4];
    for (at, byte) in text.to_ascii_lowercase().bytes().enumerate() {
        lanes[at & 3] = lanes[at & 3]
            .wrapping_mul(0x1003F)
            .wrapping_add(u32::from(byte));
    }
    let weight = |lane: u32, factor: u64| u64::from(lane).wrapping_mul(factor);
    weight(lanes[0], 0x1E5_FFFF_FD27)
        .wrapping_add(weight(lanes[1], 0xFFFF_FFDC_0000_0051))
        .wrapping_add(weight(lanes[2], 0x1_FFFF_FFF7))
        .wrapping_add(u64::from(lanes[3]))
}

impl Identity {
    /// The name of its folder and manifest.
    pub fn key_form(&self) -> String {
        let Identity {
            name,
            architecture,
            version,
            language,
            token,
        } = self;
        let neutral = language == "neutral";
        let mut hash = 0_u64;
        for (attribute, value) in [
            ("name", name.as_str()),
            ("culture", if neutral { "" } else { language }),
            ("version", version),
            ("publicKeyToken", token),
            ("processorArchitecture", architecture),
            ("versionScope", "nonSxS"),
        ] {
            if !value.is_empty() {
                let factor = 0x1_FFFF_FFF7;
                hash = hash
                    .wrapping_mul(factor)
                    .wrapping_add(string_hash(attribute).wrapping_mul(factor))
                    .wrapping_add(string_hash(value));
            }
        }
        let short = match name.len() {
            0..=40 => name.clone(),
            len => format!("{}..{}", &name[..19], &name[len - 19..]),
        };
        let culture = if neutral { "none" } else { language };
        format!("{architecture}_{short}_{token}_{version}_{culture}_{hash:016x}").to_lowercase()
    }
}
