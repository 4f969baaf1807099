//! Who signed a package, as the driver database records it.
//!
//! Nothing here checks a signature: the name is what the catalog states, and
//! the score follows from that name. Every result says `not-verified`.

use wimwright_servicing::catalog::Catalog;

/// The publisher under which Microsoft signs third parties' drivers.
const WHQL: &str = "Microsoft Windows Hardware Compatibility Publisher";

/// `SIGNERSCORE_*` of setupapi.h, as far as a name can tell
/// (driverstore 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerScore {
    /// 0x0D000005.
    Whql,
    /// 0x0F000000.
    Authenticode,
    /// 0x80000000.
    Unsigned,
}

impl SignerScore {
    /// The number in the database.
    pub fn number(self) -> u32 {
        match self {
            SignerScore::Whql => 0x0D00_0005,
            SignerScore::Authenticode => 0x0F00_0000,
            SignerScore::Unsigned => 0x8000_0000,
        }
    }
}

/// Who a package says it was signed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedSigner {
    /// The signer's common name; `None` for an unsigned package.
    pub name: Option<String>,
    /// What the name is worth.
    pub score: SignerScore,
}

impl StatedSigner {
    /// An unsigned package's.
    pub fn unsigned() -> StatedSigner {
        StatedSigner {
            name: None,
            score: SignerScore::Unsigned,
        }
    }

    /// As a catalog states it.
    pub fn of(catalog: &Catalog) -> StatedSigner {
        let name = catalog.signers.first();
        let name = name.and_then(|signer| signer.common_name.clone());
        match name {
            None => StatedSigner::unsigned(),
            Some(name) => StatedSigner {
                score: match name == WHQL {
                    true => SignerScore::Whql,
                    false => SignerScore::Authenticode,
                },
                name: Some(name),
            },
        }
    }
}
