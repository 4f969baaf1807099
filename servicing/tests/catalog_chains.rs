//! Chains of certificates that are made here, good ones and each kind of bad
//! one: OpenSSL makes them, osslsigncode signs a catalog with them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::path::{Path, PathBuf};
use std::process::Command;

use wimwright_servicing::catalog::DigestAlgorithm;
use wimwright_servicing::catalog::verify::{
    ChainEnd, Fault, Signature, SignerKind, TimeStampForm, TrustStore, Unfit, Verdict,
};

/// A certificate authority in a folder.
struct Maker {
    folder: tempfile::TempDir,
    catalog: PathBuf,
}

const CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";
const CODE: &str = "basicConstraints=CA:FALSE\nextendedKeyUsage=codeSigning\n";
const STAMPS: &str = "basicConstraints=CA:FALSE\nextendedKeyUsage=critical,timeStamping\n";
const RSA: &str = "rsa:2048";

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {args:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Maker {
    /// `None` where something is missing.
    fn new(test: &str) -> Option<Maker> {
        let corpus = wimwright_testdata::corpus(test)?;
        let there = |program| wimwright_testdata::program(program, test);
        (there("openssl") && there("osslsigncode")).then(|| Maker {
            folder: tempfile::tempdir().unwrap(),
            catalog: corpus.join("drivers/espressif/esp32s2/esp32s2.cat"),
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Makes `name.pem` and `name.key`, issued by `issuer` or by itself.
    fn certificate(&self, name: &str, key: &str, extensions: &str, issuer: Option<&str>) {
        let at = |ending: &str| self.path(&format!("{name}.{ending}"));
        let key: &[&str] = match key {
            "ec" => &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            rsa => &[rsa],
        };
        // The name may stand twice, with another key: what is before a dot.
        let subject = format!("/CN={}", name.split('.').next().unwrap());
        let mut request = vec!["req", "-nodes", "-newkey"];
        request.extend(key);
        let (key_file, csr, pem) = (at("key"), at("csr"), at("pem"));
        request.extend(["-keyout", &key_file, "-out", &csr, "-subj", &subject]);
        run("openssl", &request);
        let ext = at("ext");
        std::fs::write(&ext, extensions).unwrap();
        let mut sign = vec!["x509", "-req", "-days", "30", "-in", &csr, "-out", &pem];
        sign.extend(["-extfile", &ext]);
        let issuer = issuer.map(|issuer| {
            let file = |ending: &str| self.path(&format!("{issuer}.{ending}"));
            (file("pem"), file("key"))
        });
        match &issuer {
            Some((pem, key)) => {
                sign.extend(["-CA", pem, "-CAkey", key, "-CAcreateserial"]);
            }
            None => sign.extend(["-signkey", &key_file]),
        }
        run("openssl", &sign);
    }

    /// A catalog signed by `signer`, which carries `others` as well.
    fn signed(&self, signer: &str, others: &[&str], more: &[&str]) -> Vec<u8> {
        let all: Vec<String> = std::iter::once(signer)
            .chain(others.iter().copied())
            .map(|name| std::fs::read_to_string(self.path(&format!("{name}.pem"))).unwrap())
            .collect();
        let (bundle, out) = (self.path("bundle.pem"), self.path("signed.cat"));
        std::fs::write(&bundle, all.concat()).unwrap();
        let _ = std::fs::remove_file(&out);
        let key = self.path(&format!("{signer}.key"));
        let mut args = vec!["sign", "-certs", &bundle, "-key", &key];
        args.extend(more);
        args.extend(["-in", self.catalog.to_str().unwrap(), "-out", &out]);
        run("osslsigncode", &args);
        std::fs::read(Path::new(&out)).unwrap()
    }

    /// A store that trusts `name` alone.
    fn trust(&self, name: &str) -> TrustStore {
        let (pem, der) = (self.path(&format!("{name}.pem")), self.path("anchor.der"));
        run(
            "openssl",
            &["x509", "-in", &pem, "-outform", "DER", "-out", &der],
        );
        let mut trust = TrustStore::empty();
        trust.add(&std::fs::read(der).unwrap(), name).unwrap();
        trust
    }
}

fn judge(bytes: &[u8], trust: &TrustStore) -> Signature {
    Signature::read(bytes, trust).unwrap().unwrap()
}

/// A time at which everything made here is valid.
fn valid(signature: &Signature) -> u64 {
    signature.certificate().unwrap().not_before + 60
}

fn end(signature: &Signature) -> &ChainEnd {
    &signature.chain.as_ref().unwrap().end
}

#[test]
fn a_chain_of_authorities_leads_to_the_anchor_with_every_hash_function() {
    let test = "a_chain_of_authorities_leads_to_the_anchor_with_every_hash_function";
    let Some(maker) = Maker::new(test) else {
        return;
    };
    maker.certificate("root", RSA, CA, None);
    maker.certificate("middle", RSA, CA, Some("root"));
    maker.certificate("lower", RSA, CA, Some("middle"));
    maker.certificate("leaf", RSA, CODE, Some("lower"));
    let trust = maker.trust("root");
    for (hash, algorithm) in [
        ("sha1", DigestAlgorithm::Sha1),
        ("sha256", DigestAlgorithm::Sha256),
        ("sha384", DigestAlgorithm::Sha384),
        ("sha512", DigestAlgorithm::Sha512),
    ] {
        let bytes = maker.signed("leaf", &["middle", "lower"], &["-h", hash]);
        let signature = judge(&bytes, &trust);
        assert_eq!(signature.check, Ok(()), "{hash}");
        assert_eq!(signature.digest_algorithm, Some(algorithm));
        assert_eq!(signature.kind, SignerKind::UserTrusted);
        let chain = signature.chain.as_ref().unwrap();
        let names: Vec<&str> = chain
            .certificates
            .iter()
            .map(|facts| facts.common_name.as_deref().unwrap())
            .collect();
        assert_eq!(names, ["leaf", "lower", "middle"]);
        let then = valid(&signature);
        assert_eq!(signature.verdict(then), Verdict::Trusted);
        assert!(matches!(
            signature.verdict(then + 31 * 86_400),
            Verdict::NotValidThen { stamped: false, .. }
        ));
    }
    // A link is missing.
    let bytes = maker.signed("leaf", &["middle"], &[]);
    let issuer = Some("lower".to_owned());
    assert_eq!(*end(&judge(&bytes, &trust)), ChainEnd::NoIssuer { issuer });
}

#[test]
fn certificates_that_may_not_be_where_they_are_end_the_chain() {
    let Some(maker) = Maker::new("certificates_that_may_not_be_where_they_are_end_the_chain")
    else {
        return;
    };
    maker.certificate("root", RSA, CA, None);
    let trust = maker.trust("root");
    let unfit = |signer: &str, others: &[&str]| {
        let signature = judge(&maker.signed(signer, others, &[]), &trust);
        assert_eq!(signature.check, Ok(()), "{signer}: it fits all the same");
        assert_eq!(signature.kind, SignerKind::Unknown, "{signer}");
        match end(&signature) {
            ChainEnd::Unfit(unfit) => unfit.clone(),
            other => panic!("{signer}: {other:?}"),
        }
    };

    maker.certificate("vendor", RSA, CODE, Some("root"));
    maker.certificate("under-vendor", RSA, CODE, Some("vendor"));
    let name = "vendor".to_owned();
    assert_eq!(
        unfit("under-vendor", &["vendor"]),
        Unfit::NotAnAuthority { name }
    );

    let no_certificates = "basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign\n";
    maker.certificate("lists", RSA, no_certificates, Some("root"));
    maker.certificate("under-lists", RSA, CODE, Some("lists"));
    let name = "lists".to_owned();
    assert_eq!(
        unfit("under-lists", &["lists"]),
        Unfit::NotAnAuthority { name }
    );

    let last = "basicConstraints=critical,CA:TRUE,pathlen:0\n";
    maker.certificate("last", RSA, last, Some("root"));
    maker.certificate("too-low", RSA, CA, Some("last"));
    maker.certificate("under-too-low", RSA, CODE, Some("too-low"));
    assert_eq!(
        unfit("under-too-low", &["last", "too-low"]),
        Unfit::TooLong {
            name: "last".to_owned(),
            limit: 0,
            found: 1
        }
    );

    maker.certificate(
        "mail",
        RSA,
        "extendedKeyUsage=emailProtection\n",
        Some("root"),
    );
    assert!(matches!(unfit("mail", &[]), Unfit::Purpose { .. }));
    let web = format!("{CA}extendedKeyUsage=serverAuth\n");
    maker.certificate("web", RSA, &web, Some("root"));
    maker.certificate("under-web", RSA, CODE, Some("web"));
    assert!(matches!(
        unfit("under-web", &["web"]),
        Unfit::Purpose { name, .. } if name == "web"
    ));

    let strange = format!("{CODE}1.2.3.4=critical,DER:0500\n");
    maker.certificate("strange", RSA, &strange, Some("root"));
    assert!(matches!(unfit("strange", &[]), Unfit::Extension { .. }));

    // Issued by somebody else of the same name.
    maker.certificate("root.other", RSA, CA, None);
    maker.certificate("false", RSA, CODE, Some("root.other"));
    assert!(matches!(
        unfit("false", &[]),
        Unfit::NotSigned {
            source: Fault::Mismatch,
            ..
        }
    ));
}

#[test]
fn keys_that_do_not_count_are_named() {
    let Some(maker) = Maker::new("keys_that_do_not_count_are_named") else {
        return;
    };
    maker.certificate("short", "rsa:512", CODE, None);
    maker.certificate("curve", "ec", CODE, None);
    let trust = TrustStore::empty();
    let short = judge(&maker.signed("short", &[], &[]), &trust);
    assert_eq!(short.check, Err(Fault::Key));
    let curve = judge(&maker.signed("curve", &[], &[]), &trust);
    assert!(
        matches!(&curve.check, Err(Fault::UnknownAlgorithm { .. })),
        "{:?}",
        curve.check
    );
    assert!(matches!(curve.verdict(0), Verdict::Invalid(_)));
}

#[test]
fn a_time_stamp_outlives_the_signer_if_the_stamper_was_valid_then() {
    let Some(maker) = Maker::new("a_time_stamp_outlives_the_signer_if_the_stamper_was_valid_then")
    else {
        return;
    };
    maker.certificate("root", RSA, CA, None);
    maker.certificate("leaf", RSA, CODE, Some("root"));
    maker.certificate("stamper", RSA, STAMPS, Some("root"));
    let trust = maker.trust("root");
    let (pem, key) = (maker.path("stamper.pem"), maker.path("stamper.key"));
    let stamped = |time: u64| {
        let time = time.to_string();
        let more = ["-TSA-certs", &pem, "-TSA-key", &key, "-TSA-time", &time];
        judge(&maker.signed("leaf", &[], &more), &trust)
    };
    let now = valid(&judge(&maker.signed("leaf", &[], &[]), &trust));
    let years_later = now + 10 * 365 * 86_400;

    let signature = stamped(now);
    let stamp = signature.time_stamp.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((stamp.form, stamp.time), (TimeStampForm::Token, now));
    assert!(stamp.is_trusted(), "{stamp:?}");
    assert_eq!(signature.verdict(years_later), Verdict::Trusted);

    // At a time when the stamper's certificate was not valid yet.
    let signature = stamped(now - 86_400 * 365);
    assert_eq!(signature.trusted_time_stamp(), None);
    assert!(matches!(
        signature.verdict(years_later),
        Verdict::NotValidThen { stamped: false, .. }
    ));
}
