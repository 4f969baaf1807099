//! The boot into audit mode that runs Sysprep inside Windows.
//!
//! `Reseal\Mode` Audit in the pass `oobeSystem` sends the first boot of a
//! generalized image into audit mode, where the pass `auditUser` runs commands.
//! Both are documented by Microsoft. The command is Sysprep itself, given the
//! administrator's answer file by name: it then replaces the cached file, which
//! would lead into audit mode again. SetupComplete.cmd is no place for this: it
//! runs while Setup still does, and Sysprep refuses there.

use wimwright_servicing::Architecture;
use wimwright_servicing::plan::Basis;

/// Each part is documented; that they work together follows from that.
pub(super) const BASIS: Basis = Basis::inferred("hal-sysprep B3");

/// What the user is told.
pub(super) const WHAT_HAPPENS: &str = "the first boot goes into audit mode, runs Sysprep \
/generalize /oobe there with the answer file in System32\\Sysprep, and shuts down: take the image \
then, not before";

/// The answer file that does it.
pub(super) fn answer_file(architecture: Architecture) -> Vec<u8> {
    let component = format!(
        "<component name=\"Microsoft-Windows-Deployment\" processorArchitecture=\"{}\" \
         publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\" versionScope=\"nonSxS\">",
        architecture.name()
    );
    let command = "cmd.exe /c %SystemRoot%\\System32\\Sysprep\\sysprep.exe /generalize /oobe \
                   /shutdown /quiet /unattend:%SystemRoot%\\System32\\Sysprep\\unattend.xml";
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n\
<unattend xmlns=\"urn:schemas-microsoft-com:unattend\" xmlns:wcm=\"http://schemas.microsoft.com/WMIConfig/2002/State\">\r\n\
  <settings pass=\"oobeSystem\">\r\n    {component}\r\n\
      <Reseal>\r\n        <ForceShutdownNow>false</ForceShutdownNow>\r\n        <Mode>Audit</Mode>\r\n      </Reseal>\r\n\
    </component>\r\n  </settings>\r\n\
  <settings pass=\"auditUser\">\r\n    {component}\r\n\
      <RunSynchronous>\r\n        <RunSynchronousCommand wcm:action=\"add\">\r\n\
          <Description>Generalize the image</Description>\r\n          <Order>1</Order>\r\n\
          <Path>{command}</Path>\r\n\
        </RunSynchronousCommand>\r\n      </RunSynchronous>\r\n\
    </component>\r\n  </settings>\r\n</unattend>\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalize::answer_file::{Pass, Unattend, known};

    #[test]
    fn the_file_is_one_that_we_would_take_ourselves() {
        for architecture in Architecture::ALL {
            let file = Unattend::parse(&answer_file(architecture)).unwrap();
            assert_eq!(file.reseal.as_deref(), Some("Audit"));
            let passes: Vec<_> = file.passes.iter().map(|pass| pass.pass()).collect();
            assert_eq!(passes, [Some(Pass::OobeSystem), Some(Pass::AuditUser)]);
            for pass in &file.passes {
                let [component] = pass.components.as_slice() else {
                    panic!("{pass:?}");
                };
                assert_eq!(component.architecture, architecture.name());
                let known = known(&component.name).unwrap();
                assert!(known.passes.contains(&pass.pass().unwrap()));
                assert!(component.settings > 0);
            }
        }
    }
}
