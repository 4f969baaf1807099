#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

/// With every kind of element that public packages have.
const FEATURE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0" description="A feature">
  <assemblyIdentity name="Test-Feature-Package" version="10.0.19041.1" processorArchitecture="amd64"
    language="neutral" buildType="release" publicKeyToken="31bf3856ad364e35"/>
  <package identifier="Test-Feature" releaseType="OnDemand Pack" restart="required">
    <mum2:customInformation xmlns:mum2="urn:schemas-microsoft-com:asm.v3" PackageFormat="PSFX"
      PSFXVersion="2" PSFXDeltaFormat="ForwardOnly"><mum2:FodInformation Id="1"/></mum2:customInformation>
    <parent buildCompare="GE" revisionCompare="GE"><assemblyIdentity name="A" version="10.0.0.0"
      processorArchitecture="amd64" language="neutral"/></parent>
    <parent integrate="delegate"><assemblyIdentity name="B" version="10.0.19041.1"
      processorArchitecture="amd64" language="neutral"/></parent>
    <declareCapability><capability><capabilityIdentity name="Test.Feature" version="1.0"/></capability>
      </declareCapability>
    <update name="All" displayName="Everything">
      <selectable disposition="staged"><detectNone default="false"/></selectable>
    </update>
    <update name="Part">
      <applicable disposition="detect"><detectUpdate><update name="All"/></detectUpdate></applicable>
      <selectable disposition="staged"><detectNone default="true"/></selectable>
      <package contained="false" integrate="hidden"><assemblyIdentity name="Test-Feature-Part"
        version="10.0.19041.1" processorArchitecture="amd64" language="neutral"/></package>
      <strange/>
    </update>
  </package>
</assembly>"#;

#[test]
fn features_parents_and_formats_are_read_and_the_rest_is_named() {
    let mum = Mum::parse(FEATURE.as_bytes()).unwrap();
    assert_eq!(mum.parents.len(), 2);
    assert_eq!(mum.parents[0].compare.build, Some(Compare::AtLeast));
    assert_eq!(mum.parents[1].integrate.as_deref(), Some("delegate"));
    assert_eq!(mum.capabilities, ["Test.Feature"]);
    let format = mum.format.as_ref().unwrap();
    assert_eq!(format.package_format, "PSFX");
    let [all, part] = mum.updates.as_slice() else {
        panic!("{:?}", mum.updates);
    };
    assert_eq!(all.selectable.as_ref().unwrap().default_on(), Some(false));
    let detect = &part.applicable[0].conditions[0];
    let expected = UpdateName {
        name: "All".to_owned(),
        package: None,
    };
    assert_eq!(
        *detect,
        Condition::DetectUpdate {
            updates: vec![expected]
        }
    );
    assert_eq!(mum.packages().count(), 1);
    assert_eq!(mum.unknown, ["package/update/strange"]);
}

#[test]
fn what_is_no_package_is_refused_by_its_rule() {
    let refused = |text: &str| Mum::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(refused("<a/>"), "the document is `a`, expected `assembly`");
    let without = FEATURE.replace(
        "assemblyIdentity name=\"Test-Feature-Package\"",
        "other a=\"\"",
    );
    assert_eq!(refused(&without), "`assembly` has no `assemblyIdentity`");
    let component = "<assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\"><assemblyIdentity \
                     name=\"a\" processorArchitecture=\"x86\" version=\"1.0.0.0\"/></assembly>";
    assert_eq!(refused(component), "`assembly` has no `package`");
}
