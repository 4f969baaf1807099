//! The root certificates that come with the program, and what each may vouch
//! for. `anchors/README.md` says where they come from.

use super::anchors::Purpose;

/// A root certificate.
pub(super) struct Root {
    pub(super) purpose: Purpose,
    pub(super) der: &'static [u8],
}

/// Where they come from.
pub(super) const SOURCE: &str = "Microsoft Trusted Root Program";

pub(super) static ROOTS: [Root; 27] = [
    Root {
        purpose: Purpose::Microsoft,
        der: include_bytes!("anchors/microsoft-root-authority.der"),
    },
    Root {
        purpose: Purpose::Microsoft,
        der: include_bytes!("anchors/microsoft-root-certificate-authority.der"),
    },
    Root {
        purpose: Purpose::Microsoft,
        der: include_bytes!("anchors/microsoft-root-certificate-authority-2010.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/addtrust-external-ca-root.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/certum-trusted-network-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/digicert-assured-id-root-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/digicert-global-root-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/digicert-high-assurance-ev-root-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/entrust-net-certification-authority-2048.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/entrust-root-certification-authority-g2.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/geotrust-primary-certification-authority.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/geotrust-primary-certification-authority-g3.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/globalsign-root-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/go-daddy-class-2-certification-authority.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/go-daddy-root-certificate-authority-g2.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/netlock-arany-class-gold.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/netlock-platina.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/security-communication-rootca1.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/starfield-class-2-certification-authority.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/starfield-root-certificate-authority-g2.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/thawte-primary-root-ca.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/thawte-primary-root-ca-g3.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/utn-userfirst-object.der"),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!(
            "anchors/verisign-class-3-public-primary-certification-authority-g5.der"
        ),
    },
    Root {
        purpose: Purpose::Publisher,
        der: include_bytes!("anchors/verisign-universal-root-certification-authority.der"),
    },
    Root {
        purpose: Purpose::TimeStamp,
        der: include_bytes!("anchors/starfield-services-root-certificate-authority.der"),
    },
    Root {
        purpose: Purpose::TimeStamp,
        der: include_bytes!("anchors/thawte-timestamping-ca.der"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    /// So that nobody exchanges a file unseen.
    #[test]
    fn every_root_is_the_certificate_that_its_digest_names() {
        let listed = include_str!("anchors/SHA256SUMS").lines();
        let mut listed: Vec<&str> = listed.filter_map(|line| line.get(..64)).collect();
        let digest = |root: &Root| crate::hex::Hex(&Sha256::digest(root.der)).to_string();
        let mut found: Vec<String> = ROOTS.iter().map(digest).collect();
        listed.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, listed);
    }
}
