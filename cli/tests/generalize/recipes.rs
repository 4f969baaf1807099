//! How each kind of leftover is planted, as its maker writes it.

use crate::plant::{Of, Planted};

/// A kind with how it is planted.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) planted: Planted,
    /// Whether `clean` removes it.
    pub(crate) cleaned: bool,
}

const SET: &str = "ControlSet001";
const CV: &str = "Microsoft\\Windows\\CurrentVersion";
const NTCV: &str = "Microsoft\\Windows NT\\CurrentVersion";
const SID: &str = "S-1-5-21-111-222-333";
const GUID: &str = "{3A5F0B1C-0000-4000-8000-0123456789AB}";
/// A log of Setup.
const LOG: &str = "2024-06-20 22:22:28, Info                  SYSPRP WinMain:Processing\r\n";

/// `S-1-5-21-111-222-333` in binary form.
fn sid() -> Vec<u8> {
    let mut bytes = vec![1, 4, 0, 0, 0, 0, 0, 5];
    for part in [21_u32, 111, 222, 333] {
        bytes.extend(part.to_le_bytes());
    }
    bytes
}

fn digital_product_id() -> Vec<u8> {
    let mut data = vec![0; 164];
    data[0] = 164;
    data[52..67].fill(0x05);
    data
}

fn evtx(next: u64) -> Vec<u8> {
    let mut log = b"ElfFile\0".to_vec();
    log.resize(24, 0);
    log.extend(next.to_le_bytes());
    log.resize(4096, 0);
    log
}

fn evt(next: u32) -> Vec<u8> {
    let mut log = 0x30_u32.to_le_bytes().to_vec();
    log.extend(b"LfLe");
    for number in [1, 1, 0x30, next] {
        log.extend(u32::to_le_bytes(number));
    }
    log.resize(4096, 0);
    log
}

pub(crate) fn unattend(settings: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\n{settings}\n</unattend>\n"
    )
}

pub(crate) fn settings(pass: &str, attribute: &str, inner: &str) -> String {
    format!(
        "<settings pass=\"{pass}\"{attribute}><component name=\"Microsoft-Windows-Shell-Setup\" \
         processorArchitecture=\"amd64\" publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\" \
         versionScope=\"nonSxS\">{inner}</component></settings>"
    )
}

/// The folder of profiles.
fn profiles(of: Of) -> &'static str {
    match of {
        Of::Xp => "Documents and Settings",
        _ => "Users",
    }
}

fn profile(of: Of, name: &str, number: u32) -> Planted {
    let folder = profiles(of);
    let key = format!("{NTCV}\\ProfileList\\{SID}-{number}");
    Planted::default()
        .copy(
            "Windows/System32/config/DEFAULT",
            &format!("{folder}/{name}/NTUSER.DAT"),
        )
        .value(
            "SOFTWARE",
            &key,
            "ProfileImagePath",
            2,
            &crate::plant::wide(&[&format!("%SystemDrive%\\{folder}\\{name}")]),
        )
}

/// All kinds that there are for a Windows.
pub(crate) fn recipes(of: Of) -> Vec<Recipe> {
    let mut all = Vec::new();
    let mut add = |name, cleaned, planted| {
        all.push(Recipe {
            name,
            planted,
            cleaned,
        });
    };
    let new = Planted::default;
    let software = |key: &str, name: &str, text: &str| new().text("SOFTWARE", key, name, text);

    add("machine-sid", false, {
        let mut v = vec![0; 200];
        v.extend(
            [111_u32, 222, 333]
                .iter()
                .flat_map(|part| part.to_le_bytes()),
        );
        new().value("SAM", "SAM\\Domains\\Account", "V", 3, &v)
    });
    let name = format!("{SET}\\Control\\ComputerName\\ComputerName");
    add(
        "computer-name",
        false,
        new().text("SYSTEM", &name, "ComputerName", "REFERENCE-1"),
    );
    add(
        "machine-guid",
        false,
        software(
            "Microsoft\\Cryptography",
            "MachineGuid",
            "44d42aa2-dee4-4023-bea5-d2f166bbb42c",
        ),
    );
    add(
        "product-key",
        false,
        new().value(
            "SOFTWARE",
            NTCV,
            "DigitalProductId",
            3,
            &digital_product_id(),
        ),
    );
    add(
        "mounted-devices",
        false,
        new().value(
            "SYSTEM",
            "MountedDevices",
            "\\DosDevices\\C:",
            3,
            &[0x50, 0xD3, 0x50, 0xD3, 0, 0x7E, 0, 0, 0, 0, 0, 0],
        ),
    );
    let device = format!("{SET}\\Enum\\PCI\\VEN_8086&DEV_2922\\3&11583659&0&FA");
    add(
        "device-instances",
        false,
        new().text("SYSTEM", &device, "DeviceDesc", "Controller"),
    );

    add(
        "domain-membership",
        false,
        new()
            .value("SECURITY", "Policy\\PolPrDmS", "", 0, &sid())
            .key("SECURITY", "Policy\\Secrets\\$MACHINE.ACC\\CurrVal"),
    );
    add(
        "domain-cache",
        true,
        software(
            &format!("{NTCV}\\Winlogon\\DomainCache"),
            "CONTOSO",
            "contoso.example",
        ),
    );
    add(
        "cached-logons",
        false,
        new()
            .value("SECURITY", "Cache", "NL$1", 3, &[8, 0, 1, 1])
            .value("SECURITY", "Cache", "NL$2", 3, &[0; 96])
            .value("SECURITY", "Cache", "NL$Control", 3, &[4, 0, 1, 0]),
    );
    let history = format!("{CV}\\Group Policy\\History\\{GUID}\\0");
    add("group-policy-history", false, software(&history, "DSPath", "LDAP://CN=Machine,CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System,DC=contoso,DC=example").text("SOFTWARE", &history, "DisplayName", "Default Domain Policy"));
    if of.is_later() {
        let join = format!("{SET}\\Control\\CloudDomainJoin\\JoinInfo\\0123ABCD");
        add(
            "directory-join",
            false,
            new().text(
                "SYSTEM",
                &join,
                "TenantId",
                "5d1c3c9e-0000-4000-8000-000000000000",
            ),
        );
        // Windows' own bookkeeping beside it is none.
        add(
            "device-management",
            false,
            software(
                &format!("Microsoft\\Enrollments\\{GUID}"),
                "UPN",
                "ann@contoso.example",
            )
            .key("SOFTWARE", "Microsoft\\Enrollments\\Context"),
        );
    }

    add("user-profiles", false, profile(of, "ann", 1001));
    add(
        "administrator-profile",
        false,
        profile(of, "Administrator", 500),
    );
    add(
        "orphaned-profiles",
        false,
        software(
            &format!("{NTCV}\\ProfileList\\{SID}-1002"),
            "ProfileImagePath",
            "C:\\Users\\gone",
        ),
    );
    let names = "SAM\\Domains\\Account\\Users\\Names";
    add(
        "local-accounts",
        false,
        new()
            .value("SAM", &format!("{names}\\Administrator"), "", 500, &[])
            .value("SAM", &format!("{names}\\HelpAssistant"), "", 1000, &[])
            .value("SAM", &format!("{names}\\ann"), "", 1003, &[]),
    );
    let winlogon = format!("{NTCV}\\Winlogon");
    add(
        "autologon",
        false,
        software(&winlogon, "AutoAdminLogon", "1").text(
            "SOFTWARE",
            &winlogon,
            "DefaultPassword",
            "hunter2",
        ),
    );
    add(
        "run-once",
        false,
        software(&format!("{CV}\\RunOnce"), "finish", "C:\\setup\\finish.cmd"),
    );
    if of.is_later() {
        let logon = format!("{CV}\\Authentication\\LogonUI");
        add(
            "last-user",
            true,
            software(&logon, "LastLoggedOnUser", ".\\ann").text(
                "SOFTWARE",
                &logon,
                "LastLoggedOnSAMUser",
                "REFERENCE-1\\ann",
            ),
        );
    }

    let interface = format!("{SET}\\Services\\Tcpip\\Parameters\\Interfaces\\{GUID}");
    add(
        "static-addresses",
        false,
        new().number("SYSTEM", &interface, "EnableDHCP", 0).texts(
            "SYSTEM",
            &interface,
            "IPAddress",
            &["10.1.2.3"],
        ),
    );
    add(
        "hosts-entries",
        false,
        new().file(
            "Windows/System32/drivers/etc/hosts",
            "# comment 1.2.3.4 x\r\n127.0.0.1 localhost\r\n10.0.0.9 build # server\r\n",
        ),
    );
    add(
        "machine-certificates",
        false,
        new().value(
            "SOFTWARE",
            "Microsoft\\SystemCertificates\\MY\\Certificates\\0123456789ABCDEF",
            "Blob",
            3,
            &[1],
        ),
    );
    add(
        "transaction-coordinator-id",
        false,
        new().text(
            "SOFTWARE",
            "Classes\\CID\\0a1b2c3d-0000-4000-8000-000000000000",
            "",
            "MSDTC",
        ),
    );
    if of.is_later() {
        let list = format!("{NTCV}\\NetworkList");
        add(
            "network-profiles",
            true,
            software(&format!("{list}\\Profiles\\{GUID}"), "ProfileName", "Lab").text(
                "SOFTWARE",
                &format!("{list}\\Signatures\\Unmanaged\\010103000F0000"),
                "FirstNetwork",
                "Lab",
            ),
        );
        add(
            "wireless-profiles",
            true,
            new().file(
                &format!("ProgramData/Microsoft/Wlansvc/Profiles/Interfaces/{GUID}/{GUID}.xml"),
                "<WLANProfile/>",
            ),
        );
        add(
            "remote-desktop-certificate",
            true,
            new().value(
                "SOFTWARE",
                "Microsoft\\SystemCertificates\\Remote Desktop\\Certificates\\89ABCDEF01234567",
                "Blob",
                3,
                &[1],
            ),
        );
        add(
            "ssh-host-keys",
            true,
            new()
                .file("ProgramData/ssh/ssh_host_ed25519_key", "key")
                .file("ProgramData/ssh/ssh_host_ed25519_key.pub", "pub")
                .file("ProgramData/ssh/sshd_config", "# stays"),
        );
    }

    let update = format!("{CV}\\WindowsUpdate");
    add(
        "update-client-id",
        true,
        software(
            &update,
            "SusClientId",
            "1c4cfa45-0000-4000-8000-000000000000",
        )
        .value("SOFTWARE", &update, "SusClientIdValidation", 3, &[6, 2])
        .value("SOFTWARE", &update, "PingID", 3, &[1]),
    );
    add(
        "configuration-manager-id",
        true,
        new().file(
            "Windows/SMSCFG.INI",
            "[Configuration - Client Properties]\r\nSMS Unique Identifier=GUID:1\r\n",
        ),
    );
    add(
        "configuration-manager-certificates",
        true,
        new().value(
            "SOFTWARE",
            "Microsoft\\SystemCertificates\\SMS\\Certificates\\0A",
            "Blob",
            3,
            &[1],
        ),
    );
    add(
        "mcafee-agent-id",
        true,
        software(
            "Network Associates\\ePolicy Orchestrator\\Agent",
            "AgentGUID",
            GUID,
        )
        .text("SOFTWARE", "Wow6432Node\\McAfee\\Agent", "AgentGUID", GUID),
    );
    add(
        "symantec-endpoint-id",
        true,
        software(
            "Symantec\\Symantec Endpoint Protection\\SMC\\SYLINK\\SyLink",
            "HardwareID",
            "0123456789ABCDEF",
        )
        .file(
            "ProgramData/Symantec/Symantec Endpoint Protection/PersistedData/sephwid.xml",
            "<x/>",
        ),
    );
    add(
        "trend-micro-id",
        true,
        software(
            "Wow6432Node\\TrendMicro\\PC-cillinNTCorp\\CurrentVersion",
            "GUID",
            GUID,
        ),
    );
    add(
        "bigfix-computer-id",
        true,
        software(
            "Wow6432Node\\BigFix\\EnterpriseClient\\GlobalOptions",
            "ComputerID",
            "12345678",
        ),
    );
    add(
        "teamviewer-id",
        true,
        new().number(
            "SOFTWARE",
            "Wow6432Node\\TeamViewer",
            "ClientID",
            123_456_789,
        ),
    );
    if of.is_later() {
        add(
            "experience-machine-id",
            true,
            software("Microsoft\\SQMClient", "MachineId", GUID),
        );
        add(
            "defender-endpoint-id",
            true,
            software(
                "Microsoft\\Windows Advanced Threat Protection",
                "senseGuid",
                "44d42aa2-dee4-4023-bea5-d2f166bbb42c",
            ),
        );
        add(
            "azure-agent-state",
            true,
            software("Microsoft\\Windows Azure\\HandlerState", "Incarnation", "1").text(
                "SOFTWARE",
                "Microsoft\\Windows Azure\\HandlerState",
                "InVmSvdSeqNo",
                "2",
            ),
        );
        add(
            "cloudbase-init-state",
            true,
            new().number(
                "SOFTWARE",
                "Cloudbase Solutions\\Cloudbase-Init\\i-0123456789\\Plugins",
                "SetHostNamePlugin",
                1,
            ),
        );
        add(
            "sophos-machine-id",
            true,
            new().file("ProgramData/Sophos/AutoUpdate/data/machine_ID.txt", "0123"),
        );
        add(
            "tanium-client-id",
            true,
            new().number(
                "SOFTWARE",
                "Wow6432Node\\Tanium\\Tanium Client",
                "ComputerID",
                42,
            ),
        );
        add(
            "splunk-forwarder-id",
            true,
            new().file(
                "Program Files/SplunkUniversalForwarder/etc/instance.cfg",
                "[general]\nguid = 1\n",
            ),
        );
        add(
            "salt-minion-id",
            true,
            new().file("salt/conf/minion_id", "reference-1").file(
                "ProgramData/Salt Project/Salt/conf/pki/minion/minion.pem",
                "key",
            ),
        );
        add(
            "puppet-certificates",
            true,
            new()
                .file(
                    "ProgramData/PuppetLabs/puppet/etc/ssl/private_keys/reference-1.pem",
                    "key",
                )
                .file(
                    "ProgramData/PuppetLabs/puppet/etc/ssl/certs/reference-1.pem",
                    "cert",
                ),
        );
        add(
            "chef-client-key",
            true,
            new()
                .file("chef/client.pem", "key")
                .file("chef/client.rb", "# stays"),
        );
    }

    add(
        "event-logs",
        true,
        match of {
            // Empty ones beside them are none, and stay.
            Of::Xp => new()
                .file("Windows/System32/config/SysEvent.Evt", evt(0x900))
                .file("Windows/System32/config/AppEvent.Evt", evt(0x30)),
            _ => new()
                .file("Windows/System32/winevt/Logs/System.evtx", evtx(812))
                .file("Windows/System32/winevt/Logs/Setup.evtx", evtx(1)),
        },
    );
    add(
        "setup-logs",
        true,
        match of {
            Of::Xp => new()
                .file("Windows/setupapi.log", "[x]")
                .file("Windows/setuplog.txt", "x"),
            _ => new().file("Windows/INF/setupapi.dev.log", "[Device Install Log]"),
        },
    );
    add(
        "update-logs",
        true,
        new().file("Windows/WindowsUpdate.log", "x"),
    );
    if of.is_later() {
        add(
            "panther-logs",
            true,
            new()
                .file("Windows/Panther/setupact.log", LOG)
                .file("Windows/Panther/UnattendGC/diagerr.xml", "<x/>"),
        );
        add(
            "sysprep-logs",
            true,
            new()
                .file("Windows/System32/Sysprep/Panther/setupact.log", LOG)
                .file("Windows/System32/Sysprep/Panther/IE/setupact.log", LOG),
        );
        add(
            "servicing-logs",
            true,
            new()
                .file("Windows/Logs/CBS/CBS.log", "x")
                .file("Windows/Logs/DISM/dism.log", "x"),
        );
    }

    add(
        "update-downloads",
        true,
        new()
            .file("Windows/SoftwareDistribution/Download/0a1b/x.cab", "MSCF")
            .file("Windows/SoftwareDistribution/Download/y", "y"),
    );
    let temp = match of {
        Of::Xp => "Documents and Settings/All Users/Local Settings/Temp/deep/er.tmp",
        _ => "Users/Public/AppData/Local/Temp/deep/er.tmp",
    };
    add(
        "temporary-files",
        true,
        new().file("Windows/Temp/a.tmp", "x").file(temp, "x"),
    );
    add("page-file", true, new().file("pagefile.sys", [0; 64]));
    add(
        "hibernation-file",
        true,
        new().file("hiberfil.sys", [0; 64]),
    );
    add(
        "memory-dumps",
        true,
        new()
            .file("Windows/MEMORY.DMP", "PAGEDUMP")
            .file("Windows/Minidump/Mini010101-01.dmp", "PAGEDUMP"),
    );
    add(
        "restore-points",
        false,
        match of {
            Of::Xp => new().file(
                &format!("System Volume Information/_restore{GUID}/RP1/change.log"),
                "x",
            ),
            _ => new().file(
                &format!(
                    "System Volume Information/{GUID}{{3808876b-c176-4e48-b7ae-04046e6cc752}}"
                ),
                "x",
            ),
        },
    );
    add(
        "recycle-bin",
        true,
        match of {
            Of::Xp => new()
                .file(&format!("RECYCLER/{SID}-1001/Dc1.txt"), "x")
                .file(&format!("RECYCLER/{SID}-1001/desktop.ini"), "stays"),
            _ => new()
                .file(&format!("$Recycle.Bin/{SID}-1001/$R1.txt"), "x")
                .file(&format!("$Recycle.Bin/{SID}-1001/desktop.ini"), "stays"),
        },
    );
    add(
        "prefetch-files",
        true,
        new().file("Windows/Prefetch/CMD.EXE-087B4001.pf", "SCCA"),
    );
    add(
        "print-jobs",
        true,
        new()
            .file("Windows/System32/spool/PRINTERS/00002.SPL", "x")
            .file("Windows/System32/spool/PRINTERS/00002.SHD", "x"),
    );
    add(
        "earlier-installation",
        false,
        new().file("Windows.old/Windows/notepad.exe", "MZ"),
    );
    add(
        "offline-files",
        false,
        match of {
            Of::Xp => new().file("Windows/CSC/d1/80000001", "x"),
            _ => new().file("Windows/CSC/v2.0.6/namespace/server/share/x.txt", "x"),
        },
    );
    if of.is_later() {
        add(
            "error-reports",
            true,
            new().file(
                "ProgramData/Microsoft/Windows/WER/ReportArchive/AppCrash_x/Report.wer",
                "x",
            ),
        );
        add(
            "search-index",
            true,
            new().file(
                "ProgramData/Microsoft/Search/Data/Applications/Windows/Windows.edb",
                "x",
            ),
        );
    }

    let manager = format!("{SET}\\Control\\Session Manager");
    add(
        "pending-renames",
        false,
        new().texts(
            "SYSTEM",
            &manager,
            "PendingFileRenameOperations",
            &["\\??\\C:\\old.dll", "", "\\??\\C:\\other.dll", ""],
        ),
    );
    add(
        "pending-restart",
        false,
        new().key(
            "SOFTWARE",
            &format!("{CV}\\WindowsUpdate\\Auto Update\\RebootRequired"),
        ),
    );
    if of.is_later() {
        let cbs = format!("{CV}\\Component Based Servicing");
        add(
            "pending-servicing",
            false,
            new()
                .key("SOFTWARE", &format!("{cbs}\\RebootPending"))
                .key(
                    "SOFTWARE",
                    &format!("{cbs}\\PackagesPending\\Package_for_KB1"),
                )
                .number(
                    "SOFTWARE",
                    &format!("{cbs}\\SessionsPending"),
                    "Exclusive",
                    3,
                )
                .texts(
                    "SYSTEM",
                    &manager,
                    "SetupExecute",
                    &["C:\\Windows\\System32\\poqexec.exe /display_progress"],
                )
                .file("Windows/WinSxS/pending.xml", "<PendingTransaction/>"),
        );

        let store = format!("{CV}\\Appx\\AppxAllUserStore");
        let app = |name: &str| format!("{name}_1.0.0.0_x64__8wekyb3d8bbwe");
        // One that is provisioned in another version is none.
        add(
            "per-user-apps",
            false,
            new()
                .key(
                    "SOFTWARE",
                    &format!(
                        "{store}\\Applications\\{}",
                        app("Provisioned").replace("1.0.0.0", "2.0.0.0")
                    ),
                )
                .key(
                    "SOFTWARE",
                    &format!("{store}\\{SID}-1001\\{}", app("Provisioned")),
                )
                .key("SOFTWARE", &format!("{store}\\{SID}-1001\\{}", app("Own"))),
        );
        add(
            "app-service-disabled",
            false,
            new().number("SYSTEM", &format!("{SET}\\Services\\AppXSvc"), "Start", 4),
        );
        add(
            "bitlocker",
            false,
            new().number(
                "SYSTEM",
                &format!("{SET}\\Control\\BitLockerStatus"),
                "BootStatus",
                1,
            ),
        );
        add(
            "reserved-storage",
            false,
            new().number(
                "SOFTWARE",
                &format!("{CV}\\ReserveManager"),
                "ActiveScenario",
                3,
            ),
        );
        add(
            "skip-rearm",
            false,
            new().number(
                "SOFTWARE",
                &format!("{NTCV}\\SoftwareProtectionPlatform"),
                "SkipRearm",
                1,
            ),
        );
        add(
            "third-party-providers",
            false,
            software(
                &format!("{CV}\\Setup\\SysPrepExternal\\Generalize"),
                GUID,
                "C:\\Vendor\\prep.dll,Sysprep_Generalize",
            ),
        );
        add(
            "persisted-devices",
            false,
            new().number(
                "SOFTWARE",
                &format!("{CV}\\Setup\\Sysprep\\Settings\\sppnp"),
                "PersistAllDeviceInstalls",
                1,
            ),
        );
        add(
            "sysprep-aborted",
            false,
            new().number(
                "SYSTEM",
                "Setup\\Status\\SysprepStatus",
                "GeneralizationState",
                3,
            ),
        );
        add(
            "feature-updated",
            false,
            new().key("SYSTEM", "Setup\\Source OS (Updated on 3/18/2019 21:56:38)"),
        );

        let spent = settings(
            "oobeSystem",
            " wasPassProcessed=\"true\"",
            "<TimeZone>UTC</TimeZone>",
        );
        add(
            "spent-answer-file",
            true,
            new().file("Windows/Panther/unattend.xml", unattend(&spent)),
        );
    }
    add("dirty-hives", false, new().dirty("DEFAULT"));
    add(
        "answer-file-passwords",
        false,
        match of {
            Of::Xp => new().file(
                "Sysprep/sysprep.inf",
                "[GuiUnattended]\r\nAdminPassword=hunter2\r\n",
            ),
            _ => new().file(
                "Windows/System32/Sysprep/unattend.xml",
                unattend(&settings(
                    "oobeSystem",
                    "",
                    "<AutoLogon><Password><Value>hunter2</Value></Password></AutoLogon>",
                )),
            ),
        },
    );
    all
}

/// What makes an image look generalized, beside the clean one's.
pub(crate) fn generalized(of: Of) -> Planted {
    let new = Planted::default;
    match of {
        Of::Xp => new()
            .text("SYSTEM", "Setup", "CmdLine", "setup.exe -newsetup -mini")
            .number("SYSTEM", "Setup", "SetupType", 1)
            .number("SYSTEM", "Setup", "SystemSetupInProgress", 1)
            .number("SYSTEM", "Setup", "MiniSetupInProgress", 1)
            .file("Sysprep/sysprep.exe", "MZ")
            .file("Sysprep/setupcl.exe", "MZ"),
        _ => vendor_media().file("Windows/System32/Sysprep/Sysprep_succeeded.tag", ""),
    }
}

/// What makes an image of Vista and later look as media have it.
pub(crate) fn vendor_media() -> Planted {
    Planted::default()
        .text("SYSTEM", "Setup", "CmdLine", "oobe\\windeploy.exe")
        .number("SYSTEM", "Setup", "SetupType", 2)
        .number("SYSTEM", "Setup", "SystemSetupInProgress", 1)
        .number("SYSTEM", "Setup", "OOBEInProgress", 1)
        .text(
            "SOFTWARE",
            &format!("{CV}\\Setup\\State"),
            "ImageState",
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
        )
        .file(
            "Windows/Setup/State/State.ini",
            "[State]\r\nImageState=IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE\r\n",
        )
}
