//! Which models section of a `[Manufacturer]` line a Windows uses.
//!
//! Rules of the pages "INF Manufacturer Section" and "Combining Platform
//! Extensions with Operating System Versions":
//! 1. decorations of the target's architecture count whose version is not
//!    above the target's and whose product type and suites are the target's;
//! 2. the highest version wins, then the highest build, then the closest match
//!    of product type and suites ("a specific version number takes precedence
//!    over the product type and suite mask");
//! 3. else the undecorated section, which means x86 from Server 2003 SP1 on;
//! 4. an empty section that wins excludes the target: there is no falling back.
//!
//! The second page says that a decoration without architecture fits "any
//! supported hardware platform"; the first one and "Creating INF Files for
//! Multiple Platforms and Operating Systems" restrict that to Windows before
//! Server 2003 SP1. [`SelectOptions::archless_for_all`] follows the second.

use std::cmp::Reverse;
use std::fmt;

use serde::Serialize;
use wimwright_inf::Inf;

use super::decoration::{Decoration, Mismatch};
use super::finding::{Findings, Rule};
use super::manufacturer::ManufacturerLine;
use super::target::{Architecture, Target};

/// What the documentation leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectOptions {
    /// Take models without architecture for every architecture, not only for
    /// x86.
    pub archless_for_all: bool,
}

/// The models section that a line gives a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SelectedModels {
    /// Name of the section, as its header spells it.
    pub section: String,
    /// The decoration that won; `None` for the undecorated section.
    pub decoration: Option<String>,
}

/// Why a driver INF, or one line of its `[Manufacturer]`, has nothing for a
/// target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotApplicable {
    /// The file is no INF of Setup at all.
    NotAnInf,
    /// The file still has stampinf variables: it is an input of a build.
    Template {
        /// The first variable found.
        variable: String,
    },
    /// There is no `[Manufacturer]`, or it is empty.
    NoManufacturer,
    /// There are models, for other architectures.
    Architecture {
        /// Those there are models for.
        available: Vec<Architecture>,
    },
    /// There are models for the architecture, which ask for something else:
    /// each decoration with what it asks for.
    Requirements {
        /// Decoration and what the target is not.
        listed: Vec<(String, Mismatch)>,
    },
    /// The section that wins is empty, which excludes this target.
    Excluded {
        /// Name of the empty section.
        section: String,
    },
    /// The section that wins does not exist.
    SectionMissing {
        /// Name of the missing section.
        section: String,
    },
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotApplicable::NotAnInf => f.write_str("the file is no INF of Windows"),
            NotApplicable::Template { variable } => write!(
                f,
                "the file is an input of a build: it still has `{variable}` in it"
            ),
            NotApplicable::NoManufacturer => {
                f.write_str("the INF lists no devices: it has no [Manufacturer] entries")
            }
            NotApplicable::Architecture { available } => {
                f.write_str("the INF has no models for this architecture")?;
                for (at, architecture) in available.iter().enumerate() {
                    f.write_str(if at == 0 { ", only for " } else { ", " })?;
                    write!(f, "{architecture}")?;
                }
                Ok(())
            }
            NotApplicable::Requirements { listed } => {
                f.write_str("the models ask for something else")?;
                for (at, (decoration, mismatch)) in listed.iter().enumerate() {
                    f.write_str(if at == 0 { ": " } else { ", " })?;
                    write!(f, "`{decoration}` for {mismatch}")?;
                }
                Ok(())
            }
            NotApplicable::Excluded { section } => write!(
                f,
                "the models section [{section}] is empty, which excludes this Windows"
            ),
            NotApplicable::SectionMissing { section } => {
                write!(f, "the models section [{section}] is missing")
            }
        }
    }
}

/// How well a decoration fits; the greatest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    version: (u32, u32),
    build: u32,
    /// Product type named.
    product_type: bool,
    /// Suites named, by how many.
    suites: u32,
    /// Architecture named: `NTx86` fits an x86 target better than `NT`.
    architecture: bool,
    /// Of equal ones the first of the line.
    place: Reverse<usize>,
}

/// Chooses the models section of one line.
///
/// # Errors
/// Why the line has nothing for the target.
pub fn select(
    inf: &Inf,
    line: &ManufacturerLine,
    target: &Target,
    options: SelectOptions,
    findings: &mut Findings,
) -> Result<SelectedModels, NotApplicable> {
    let archless_fits = target.architecture == Architecture::X86 || options.archless_for_all;
    let mut best: Option<(Fit, &str)> = None;
    let mut mismatches = Vec::new();
    let mut archless = false;
    for (place, listed) in line.decorations.iter().enumerate() {
        let Ok(decoration) = &listed.parsed else {
            continue;
        };
        match decoration.architecture {
            Some(architecture) if architecture != target.architecture => continue,
            None if !archless_fits => {
                archless = true;
                continue;
            }
            _ => {}
        }
        if let Some(mismatch) = decoration.mismatch(target) {
            mismatches.push((listed.text.clone(), mismatch));
            continue;
        }
        let fit = fit(decoration, place, target);
        if best.is_none_or(|(best, _)| fit > best) {
            best = Some((fit, &listed.text));
        }
    }
    let decoration = best.map(|(_, text)| text.to_owned());
    if decoration.is_none() {
        // The undecorated section is the last resort, and the only one of a
        // line without decorations.
        if archless_fits && inf.section(&line.models).is_some() {
            return used(inf, line, None, target, findings);
        }
        if archless || (line.decorations.is_empty() && !archless_fits) {
            report_archless(inf, line, target, false, findings);
        }
        if !mismatches.is_empty() {
            return Err(NotApplicable::Requirements { listed: mismatches });
        }
        let available = architectures(inf, line);
        if line.decorations.is_empty() && available.is_empty() {
            let section = line.models.clone();
            report_missing(line, &section, findings);
            return Err(NotApplicable::SectionMissing { section });
        }
        return Err(NotApplicable::Architecture { available });
    }
    used(inf, line, decoration, target, findings)
}

fn fit(decoration: &Decoration, place: usize, target: &Target) -> Fit {
    let exact = decoration.version() == (target.major, target.minor);
    Fit {
        version: decoration.version(),
        build: decoration.build.filter(|_| exact).unwrap_or(0),
        product_type: decoration.product_type.is_some(),
        suites: decoration.suite_mask.unwrap_or(0).count_ones(),
        architecture: decoration.architecture.is_some(),
        place: Reverse(place),
    }
}

/// The section that won, unless it is empty or missing.
fn used(
    inf: &Inf,
    line: &ManufacturerLine,
    decoration: Option<String>,
    target: &Target,
    findings: &mut Findings,
) -> Result<SelectedModels, NotApplicable> {
    let name = match &decoration {
        Some(decoration) => format!("{}.{decoration}", line.models),
        None => line.models.clone(),
    };
    let has_architecture = decoration
        .as_deref()
        .and_then(|text| Decoration::parse(text).ok())
        .is_some_and(|decoration| decoration.architecture.is_some());
    if !has_architecture && target.architecture != Architecture::X86 {
        report_archless(inf, line, target, true, findings);
    }
    match inf.section(&name) {
        None => {
            report_missing(line, &name, findings);
            Err(NotApplicable::SectionMissing { section: name })
        }
        Some(section) if section.line_count() == 0 => Err(NotApplicable::Excluded {
            section: section.name().to_owned(),
        }),
        Some(section) => Ok(SelectedModels {
            section: section.name().to_owned(),
            decoration,
        }),
    }
}

fn report_missing(line: &ManufacturerLine, section: &str, findings: &mut Findings) {
    findings.add(
        Rule::ModelsSectionMissing,
        "Manufacturer",
        line.line,
        format!("there is no [{section}]"),
    );
}

fn report_archless(
    inf: &Inf,
    line: &ManufacturerLine,
    target: &Target,
    used: bool,
    findings: &mut Findings,
) {
    let exists = inf.section(&line.models).is_some() || !line.decorations.is_empty();
    if exists {
        let what = if used { "are used" } else { "are not used" };
        findings.add(
            Rule::ArchlessModels,
            "Manufacturer",
            line.line,
            format!(
                "models of [{}] without an architecture {what} for {}; they mean x86",
                line.models, target.architecture
            ),
        );
    }
}

/// The architectures a line has models for. Sections without architecture are
/// for x86.
pub(crate) fn architectures(inf: &Inf, line: &ManufacturerLine) -> Vec<Architecture> {
    let mut found: Vec<Architecture> = line
        .decorations
        .iter()
        .filter_map(|listed| listed.parsed.as_ref().ok())
        .map(|decoration| decoration.architecture.unwrap_or(Architecture::X86))
        .collect();
    if inf
        .section(&line.models)
        .is_some_and(|section| section.line_count() > 0)
    {
        found.push(Architecture::X86);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Names of all models sections of a line that exist, whatever the target.
/// With an architecture, only those a Windows of it could use.
pub(crate) fn models_sections(
    inf: &Inf,
    line: &ManufacturerLine,
    architecture: Architecture,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut push = |name: &str| {
        if let Some(section) = inf.section(name) {
            names.push(section.name().to_owned());
        }
    };
    for listed in &line.decorations {
        if let Ok(decoration) = &listed.parsed
            && decoration.architecture.unwrap_or(Architecture::X86) == architecture
        {
            push(&format!("{}.{}", line.models, listed.text));
        }
    }
    if architecture == Architecture::X86 {
        push(&line.models);
    }
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manufacturer::manufacturers;
    use crate::model::target::ProductType;
    use wimwright_inf::ParseOptions;

    const XP: Target = Target {
        major: 5,
        minor: 1,
        build: 2600,
        product_type: ProductType::Workstation,
        suite_mask: 0,
        architecture: Architecture::X86,
    };

    fn windows(major: u32, minor: u32, build: u32) -> Target {
        Target::workstation(major, minor, build, Architecture::Amd64)
    }

    /// The section chosen from a line, all of whose sections have a model,
    /// except those listed as empty.
    fn chosen(entry: &str, empty: &[&str], target: &Target) -> Result<String, NotApplicable> {
        let mut text = format!("[Manufacturer]\nm={entry}\n");
        let mut fields = entry.split(',').map(str::trim);
        let base = fields.next().unwrap();
        for field in std::iter::once("").chain(fields) {
            let name = format!("{base}.{field}");
            let name = name.trim_end_matches('.');
            let model = if empty.contains(&field) { "" } else { "x=y,z" };
            if field != "missing" {
                text.push_str(&format!("[{name}]\n{model}\n"));
            }
        }
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let mut findings = Findings::default();
        let lines = manufacturers(&inf, &mut findings).unwrap();
        select(
            &inf,
            &lines[0],
            target,
            SelectOptions::default(),
            &mut findings,
        )
        .map(|selected| selected.section)
    }

    #[test]
    fn the_highest_fitting_version_wins_before_product_type_and_suite() {
        let datacenter = Target {
            suite_mask: 0x80,
            ..XP
        };
        let server = Target {
            product_type: ProductType::Server,
            ..windows(10, 0, 20348)
        };
        for (entry, target, section) in [
            // The example of the page, on XP and on its Datacenter.
            ("F, NT, NT.5, NT.5.5, NT....0x80", XP, "F.NT.5"),
            ("F, NT, NT.5, NT.5.5, NT....0x80", datacenter, "F.NT.5"),
            ("F, NTx86....0x80, NTamd64", datacenter, "F.NTx86....0x80"),
            (
                "F, NTx86....0x80, NTamd64",
                windows(5, 2, 3790),
                "F.NTamd64",
            ),
            ("F, NT.7.8, NT", XP, "F.NT"),
            (
                "F, NTamd64.10.0...14393",
                windows(10, 0, 19041),
                "F.NTamd64.10.0...14393",
            ),
            (
                "F, NTamd64.10.0, NTamd64.10.0...16299, NTamd64.10.0...22000",
                windows(10, 0, 19041),
                "F.NTamd64.10.0...16299",
            ),
            (
                "F, NTamd64.10.0, NTamd64.10.0...16299",
                windows(10, 0, 10240),
                "F.NTamd64.10.0",
            ),
            (
                "F, NTamd64.6.3, NTamd64.6.1",
                windows(6, 2, 9200),
                "F.NTamd64.6.1",
            ),
            ("F, NTamd64, NTamd64.6.1", windows(6, 0, 6002), "F.NTamd64"),
            (
                "F, NTamd64.10.0, NTamd64.10.0.3",
                server,
                "F.NTamd64.10.0.3",
            ),
            ("F, NTamd64...3, NTamd64.6.1", server, "F.NTamd64.6.1"),
            ("F, NTamd64.10.0.3", windows(10, 0, 19041), ""),
            // x86: plain and `NT` are its own, the more special one wins.
            ("F", XP, "F"),
            ("F, NTamd64", XP, "F"),
            ("F, NT, NTx86", XP, "F.NTx86"),
            ("F, NTx86.6.0", XP, "F"),
        ] {
            let found = chosen(entry, &[], &target).unwrap_or_default();
            assert_eq!(found, section, "`{entry}` on {target}");
        }
    }

    #[test]
    fn what_does_not_apply_says_why() {
        let w10 = windows(10, 0, 19041);
        for (entry, empty, target, reason) in [
            (
                "F, NTx86, NTarm64",
                &[][..],
                w10,
                NotApplicable::Architecture {
                    available: vec![Architecture::X86, Architecture::Arm64],
                },
            ),
            (
                "F",
                &[],
                w10,
                NotApplicable::Architecture {
                    available: vec![Architecture::X86],
                },
            ),
            (
                "F, NT.6.0",
                &[""],
                w10,
                NotApplicable::Architecture {
                    available: vec![Architecture::X86],
                },
            ),
            (
                "F, NTamd64.10.0...22000",
                &[],
                w10,
                NotApplicable::Requirements {
                    listed: vec![("NTamd64.10.0...22000".to_owned(), Mismatch::Build)],
                },
            ),
            (
                "F, NTamd64, NTamd64.6.0",
                &["NTamd64.6.0"],
                w10,
                NotApplicable::Excluded {
                    section: "F.NTamd64.6.0".to_owned(),
                },
            ),
            (
                "F, NTamd64.10.0...16299, NTamd64",
                &["NTamd64"],
                windows(6, 1, 7601),
                NotApplicable::Excluded {
                    section: "F.NTamd64".to_owned(),
                },
            ),
        ] {
            let found = chosen(entry, empty, &target);
            assert_eq!(found, Err(reason), "`{entry}` on {target}");
        }
        let inf = Inf::parse(
            b"[Manufacturer]\nm=F,NTamd64\nm=G\n",
            &ParseOptions::default(),
        );
        let mut findings = Findings::default();
        let lines = manufacturers(&inf, &mut findings).unwrap();
        for (line, target, section) in [(0, w10, "F.NTamd64"), (1, XP, "G")] {
            let options = SelectOptions::default();
            assert_eq!(
                select(&inf, &lines[line], &target, options, &mut findings),
                Err(NotApplicable::SectionMissing {
                    section: section.to_owned()
                })
            );
        }
    }

    #[test]
    fn archless_models_are_for_x86_unless_asked_for() {
        let inf = Inf::parse(
            b"[Manufacturer]\nm=F,NT.6.0\n[F.NT.6.0]\nx=y,z\n",
            &ParseOptions::default(),
        );
        let mut findings = Findings::default();
        let lines = manufacturers(&inf, &mut findings).unwrap();
        let target = windows(10, 0, 19041);
        for (archless_for_all, applies) in [(false, false), (true, true)] {
            let mut findings = Findings::default();
            let options = SelectOptions { archless_for_all };
            let found = select(&inf, &lines[0], &target, options, &mut findings);
            assert_eq!(found.is_ok(), applies, "{archless_for_all}");
            let rules: Vec<_> = findings.as_slice().iter().map(|f| f.rule).collect();
            assert_eq!(rules, [Rule::ArchlessModels]);
        }
    }
}
