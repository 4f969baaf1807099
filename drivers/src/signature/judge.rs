//! Judges a package: its catalog's signature, and each of its files.

use std::io;
use std::sync::Arc;

use wimwright_servicing::catalog::verify::{ChainEnd, Coverage, Signature, SignerKind, Verdict};
use wimwright_servicing::catalog::{self, Catalog, Member};
use wimwright_servicing::{Blob, Finding, time};

use super::{CheckedFile, DriverSignature, FileSignature, PackageSignature, SignatureFacts, Trust};

/// A file to be checked: its path beside the INF, whether this Windows copies
/// it, and its content.
pub(crate) type Asked = (String, bool, Arc<dyn Blob>);

/// Judges a package by its catalog, its name and bytes, or why it has none.
/// `files` begins with the INF; `windows` is the version that it is for.
///
/// # Errors
/// The path of a file that cannot be read, and why; the inner error is about
/// the catalog.
pub(crate) fn judge(
    catalog: Result<(&str, &[u8]), &str>,
    files: &[Asked],
    windows: (u32, u32),
    trust: Trust<'_>,
) -> Result<Result<PackageSignature, catalog::Error>, (String, io::Error)> {
    let (name, bytes) = match catalog {
        Ok(catalog) => catalog,
        Err(reason) => {
            return Ok(Ok(PackageSignature {
                state: DriverSignature::Unsigned,
                reason: Some(reason.to_owned()),
                facts: None,
                findings: Vec::new(),
            }));
        }
    };
    let read = Catalog::parse(bytes).and_then(|catalog| {
        let signature = Signature::read(bytes, trust.anchors)?;
        Ok((catalog, signature))
    });
    let (catalog, signature) = match read {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let mut checked = Vec::new();
    for (path, needed, blob) in files {
        let coverage = catalog.coverage_of(blob.as_ref());
        checked.push(CheckedFile {
            path: path.clone(),
            needed: *needed,
            signature: match coverage.map_err(|error| (path.clone(), error))? {
                Coverage::Listed { .. } => FileSignature::Listed,
                Coverage::LineEndsChanged => FileSignature::LineEndsChanged,
                Coverage::NoDigest(_) => FileSignature::Damaged,
                _ => FileSignature::NotListed,
            },
        });
    }
    Ok(Ok(conclude(
        name, &catalog, signature, checked, windows, trust,
    )))
}

fn conclude(
    name: &str,
    catalog: &Catalog,
    signature: Option<Signature>,
    files: Vec<CheckedFile>,
    (major, minor): (u32, u32),
    trust: Trust<'_>,
) -> PackageSignature {
    let mut facts = SignatureFacts {
        catalog: name.to_owned(),
        fault: None,
        signer_name: None,
        signer_kind: None,
        trust_anchor: None,
        time_stamp: None,
        certificate_from: None,
        digest_algorithm: None,
        digest_supported: None,
        for_this_windows: for_windows(catalog, (major, minor)),
        files,
    };
    let Some(signature) = signature else {
        return PackageSignature {
            state: DriverSignature::Unsigned,
            reason: Some(format!("nobody signed its catalog `{name}`")),
            facts: Some(facts),
            findings: Vec::new(),
        };
    };
    let stamp = signature.trusted_time_stamp();
    facts.fault = signature.check.as_ref().err().map(ToString::to_string);
    if let Some(certificate) = signature.certificate() {
        facts.signer_name = certificate.common_name.clone();
        facts.certificate_from = Some(time::from_unix_seconds(certificate.not_before));
    }
    facts.signer_kind = Some(signature.kind);
    facts.time_stamp = stamp.map(|stamp| time::from_unix_seconds(stamp.time));
    facts.digest_algorithm = signature.digest_algorithm.as_ref().map(ToString::to_string);
    let anchor = signature.chain.as_ref().and_then(|chain| chain.anchor());
    facts.trust_anchor = anchor.map(|anchor| {
        let name = anchor.name.clone();
        name.unwrap_or_else(|| anchor.source.clone())
    });

    let signer = facts.signer_name.as_deref().unwrap_or("somebody unnamed");
    let now = time::to_unix_seconds(trust.now);
    let (state, reason) = match signature.verdict(now) {
        Verdict::Invalid(fault) => (
            DriverSignature::Invalid,
            Some(format!("the signature of `{name}` is not valid: {fault}")),
        ),
        verdict => match not_listed(name, &facts.files) {
            Some(reason) => (DriverSignature::Invalid, Some(reason)),
            None => match verdict {
                Verdict::Trusted => (DriverSignature::Signed, None),
                other => (DriverSignature::Untrusted, Some(distrust(signer, &other))),
            },
        },
    };
    let mut findings = findings(name, &signature, &facts);
    let of_program = matches!(signature.kind, SignerKind::HardwareProgram { .. });
    if of_program && for_later_windows(catalog, (major, minor)) {
        findings.push(Finding::warning(
            "catalog-for-later-windows",
            format!(
                "Microsoft signed `{name}` for later Windows than {major}.{minor}, which may take \
                 the package for unsigned"
            ),
        ));
    }
    PackageSignature {
        state,
        reason,
        facts: Some(facts),
        findings,
    }
}

/// Whether the catalog is for this Windows: no member that names systems leaves
/// it out.
fn for_windows(catalog: &Catalog, version: (u32, u32)) -> Option<bool> {
    let members = catalog.members.iter();
    let named = members.filter_map(|member| {
        let versions = member.windows_versions()?;
        Some(versions.contains(&version))
    });
    named.reduce(|all, this| all && this)
}

/// Whether a member is for later Windows only.
fn for_later_windows(catalog: &Catalog, version: (u32, u32)) -> bool {
    let mut named = catalog.members.iter().filter_map(Member::windows_versions);
    named.any(|versions| versions.iter().min().is_some_and(|first| *first > version))
}

/// Why the files are not those that were signed: the INF first, then those that
/// this Windows copies.
fn not_listed(catalog: &str, files: &[CheckedFile]) -> Option<String> {
    let bad: Vec<&CheckedFile> = files
        .iter()
        .filter(|file| file.needed && file.signature != FileSignature::Listed)
        .collect();
    let first = bad.first()?;
    let path = &first.path;
    let what = match first.signature {
        FileSignature::LineEndsChanged => format!(
            "`{catalog}` lists `{path}` with CR LF line ends, but here it has others, as git leaves \
             them: convert it back (unix2dos), and the signature holds again"
        ),
        FileSignature::Damaged => format!("`{path}` is a damaged program"),
        _ => format!("`{path}` is not the file that `{catalog}` was signed for"),
    };
    Some(match bad.len() - 1 {
        0 => what,
        more => format!("{what} (and {more} more)"),
    })
}

fn distrust(signer: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::NoAnchor(ChainEnd::SelfSigned) => {
            format!("`{signer}` signed it with a certificate that nobody vouches for")
        }
        Verdict::NoAnchor(ChainEnd::NoIssuer {
            issuer: Some(issuer),
        }) => format!("`{signer}` signed it, for whom `{issuer}` vouches, whom nobody here knows"),
        Verdict::NoAnchor(ChainEnd::Unfit(unfit)) => {
            format!("`{signer}` signed it, but {unfit}")
        }
        Verdict::NotValidThen {
            certificate, time, ..
        } => {
            let of = certificate.common_name.as_deref().unwrap_or("unnamed");
            let date = |seconds| time::date(time::from_unix_seconds(seconds));
            format!(
                "`{signer}` signed it, but the certificate of `{of}` is valid from {} to {} only, \
                 and no trusted time stamp says that it was signed then; what counts is {}",
                date(certificate.not_before),
                date(certificate.not_after),
                date(*time)
            )
        }
        _ => format!("`{signer}` signed it, for whom nobody known vouches"),
    }
}

/// What is odd, but decides nothing.
fn findings(name: &str, signature: &Signature, facts: &SignatureFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(Err(fault)) = &signature.time_stamp {
        findings.push(Finding::warning(
            "time-stamp-invalid",
            format!("the time stamp of `{name}` is not valid: {fault}"),
        ));
    }
    let elsewhere: Vec<&str> = facts
        .files
        .iter()
        .filter(|file| !file.needed && file.signature != FileSignature::Listed)
        .map(|file| file.path.as_str())
        .collect();
    if !elsewhere.is_empty() {
        findings.push(Finding::note(
            "other-architecture-unsigned",
            format!(
                "`{name}` does not list files that only other architectures need: {}",
                elsewhere.join(", ")
            ),
        ));
    }
    findings
}
