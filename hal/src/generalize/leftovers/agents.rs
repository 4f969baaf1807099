//! Ids of agents: management, update, protection and automation clients count
//! computers by them, so copies with one id are one computer to their servers.
//!
//! None of this can be derived from the image: each maker says what to remove
//! before cloning.

use wimwright_servicing::plan::Certainty;

use super::{Cleaning, Find, Leftover};
use crate::audit::check::{Applies, Severity};

/// What an entry says beside its place and source.
#[derive(Clone, Copy)]
struct Agent {
    name: &'static str,
    title: &'static str,
    place: &'static str,
    applies: Applies,
    how: &'static str,
    source: &'static str,
    certainty: Certainty,
    find: Find,
}

const VALUES: &str = "the values are deleted; the client makes new ones when it starts";
const FILES: &str = "the files are deleted; the client makes new ones when it starts";

const fn agent(agent: Agent) -> Leftover {
    Leftover {
        name: agent.name,
        title: agent.title,
        place: agent.place,
        why: "its server takes all copies for one computer",
        severity: Severity::Warning,
        applies: agent.applies,
        cleaning: Cleaning::Offline(agent.how),
        made_anew: false,
        source: agent.source,
        certainty: agent.certainty,
        find: agent.find,
    }
}

pub(super) const ALL: &[Leftover] = &[
    agent(Agent {
        name: "update-client-id",
        title: "the id of the update client (WSUS)",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate",
        applies: Applies::All,
        how: VALUES,
        source: "Microsoft KB 903262 and many public scripts",
        certainty: Certainty::Stated,
        find: Find::Values {
            keys: &["Microsoft\\Windows\\CurrentVersion\\WindowsUpdate"],
            names: &[
                "SusClientId",
                "SusClientIdValidation",
                "AccountDomainSid",
                "PingID",
            ],
        },
    }),
    agent(Agent {
        name: "experience-machine-id",
        title: "the id of the customer experience client",
        place: "SOFTWARE\\Microsoft\\SQMClient\\MachineId",
        applies: Applies::Later,
        how: VALUES,
        source: "general knowledge of the telemetry client",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &["Microsoft\\SQMClient"],
            names: &["MachineId"],
        },
    }),
    agent(Agent {
        name: "configuration-manager-id",
        title: "the id of the Configuration Manager client",
        place: "Windows\\SMSCFG.INI",
        applies: Applies::All,
        how: FILES,
        source: "Microsoft KB 828367 and the client's guide to imaging",
        certainty: Certainty::Stated,
        find: Find::Files(&["%windir%\\SMSCFG.INI"]),
    }),
    agent(Agent {
        name: "configuration-manager-certificates",
        title: "certificates of the Configuration Manager client",
        place: "SOFTWARE\\Microsoft\\SystemCertificates\\SMS\\Certificates",
        applies: Applies::All,
        how: "the keys are deleted; the client makes new ones when it starts",
        source: "Microsoft's guide to imaging the client, and a public preparation script",
        certainty: Certainty::Stated,
        find: Find::Subkeys(&["Microsoft\\SystemCertificates\\SMS\\Certificates"]),
    }),
    agent(Agent {
        name: "defender-endpoint-id",
        title: "the id of Defender for Endpoint",
        place: "SOFTWARE\\Microsoft\\Windows Advanced Threat Protection\\senseGuid",
        applies: Applies::Later,
        how: VALUES,
        source: "Microsoft, onboard non-persistent devices; a setupact.log of Server 2022",
        certainty: Certainty::Stated,
        find: Find::Values {
            keys: &["Microsoft\\Windows Advanced Threat Protection"],
            names: &["senseGuid"],
        },
    }),
    agent(Agent {
        name: "azure-agent-state",
        title: "the state of the Azure guest agent",
        place: "SOFTWARE\\Microsoft\\Windows Azure\\HandlerState",
        applies: Applies::Later,
        how: VALUES,
        source: "actions/runner-images: what is deleted after Sysprep",
        certainty: Certainty::Stated,
        find: Find::Values {
            keys: &["Microsoft\\Windows Azure\\HandlerState"],
            names: &["Incarnation", "InVmSvdSeqNo", "LastGoalStateMethod"],
        },
    }),
    agent(Agent {
        name: "cloudbase-init-state",
        title: "what Cloudbase-Init has done for one instance",
        place: "SOFTWARE\\Cloudbase Solutions\\Cloudbase-Init",
        applies: Applies::Later,
        how: "the instances' keys are deleted; all plugins run again at the next start",
        source: "Cloudbase-Init, its configuration store",
        certainty: Certainty::Stated,
        find: Find::Subkeys(&["Cloudbase Solutions\\Cloudbase-Init"]),
    }),
    agent(Agent {
        name: "mcafee-agent-id",
        title: "the id of the McAfee (Trellix) agent",
        place: "SOFTWARE\\Network Associates\\ePolicy Orchestrator\\Agent\\AgentGUID",
        applies: Applies::All,
        how: VALUES,
        source: "McAfee KB 56086",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &[
                "Network Associates\\ePolicy Orchestrator\\Agent",
                "Wow6432Node\\Network Associates\\ePolicy Orchestrator\\Agent",
                "McAfee\\Agent",
                "Wow6432Node\\McAfee\\Agent",
            ],
            names: &["AgentGUID"],
        },
    }),
    agent(Agent {
        name: "symantec-endpoint-id",
        title: "the id of Symantec Endpoint Protection",
        place: "SOFTWARE\\Symantec\\Symantec Endpoint Protection\\SMC\\SYLINK\\SyLink, sephwid.xml",
        applies: Applies::All,
        how: VALUES,
        source: "Symantec, preparing a client for cloning",
        certainty: Certainty::Recalled,
        find: Find::With(symantec),
    }),
    agent(Agent {
        name: "sophos-machine-id",
        title: "the id of the Sophos client",
        place: "ProgramData\\Sophos\\AutoUpdate\\data\\machine_ID.txt",
        applies: Applies::Later,
        how: FILES,
        source: "Sophos, including the client in a disk image",
        certainty: Certainty::Recalled,
        find: Find::Files(&["ProgramData\\Sophos\\AutoUpdate\\data\\machine_ID.txt"]),
    }),
    agent(Agent {
        name: "trend-micro-id",
        title: "the id of the Trend Micro client",
        place: "SOFTWARE\\TrendMicro\\PC-cillinNTCorp\\CurrentVersion\\GUID",
        applies: Applies::All,
        how: VALUES,
        source: "Trend Micro, client disk image tool",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &[
                "TrendMicro\\PC-cillinNTCorp\\CurrentVersion",
                "Wow6432Node\\TrendMicro\\PC-cillinNTCorp\\CurrentVersion",
            ],
            names: &["GUID"],
        },
    }),
    agent(Agent {
        name: "bigfix-computer-id",
        title: "the id of the BigFix client",
        place: "SOFTWARE\\BigFix\\EnterpriseClient\\GlobalOptions\\ComputerID",
        applies: Applies::All,
        how: VALUES,
        source: "BigFix, including the client in a common build",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &[
                "BigFix\\EnterpriseClient\\GlobalOptions",
                "Wow6432Node\\BigFix\\EnterpriseClient\\GlobalOptions",
            ],
            names: &["ComputerID"],
        },
    }),
    agent(Agent {
        name: "tanium-client-id",
        title: "the id of the Tanium client",
        place: "SOFTWARE\\Tanium\\Tanium Client\\ComputerID",
        applies: Applies::Later,
        how: VALUES,
        source: "Tanium, preparing the client in an image",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &[
                "Tanium\\Tanium Client",
                "Wow6432Node\\Tanium\\Tanium Client",
            ],
            names: &["ComputerID"],
        },
    }),
    agent(Agent {
        name: "teamviewer-id",
        title: "the id of TeamViewer",
        place: "SOFTWARE\\TeamViewer\\ClientID",
        applies: Applies::All,
        how: VALUES,
        source: "TeamViewer, cloning with an installed host",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &["TeamViewer", "Wow6432Node\\TeamViewer"],
            names: &["ClientID"],
        },
    }),
    agent(Agent {
        name: "splunk-forwarder-id",
        title: "the id of the Splunk forwarder",
        place: "Program Files\\SplunkUniversalForwarder\\etc\\instance.cfg",
        applies: Applies::Later,
        how: FILES,
        source: "Splunk, making a forwarder part of a system image",
        certainty: Certainty::Recalled,
        find: Find::Files(&["Program Files\\SplunkUniversalForwarder\\etc\\instance.cfg"]),
    }),
    agent(Agent {
        name: "salt-minion-id",
        title: "the id and keys of the Salt minion",
        place: "salt\\conf, ProgramData\\Salt Project\\Salt\\conf",
        applies: Applies::Later,
        how: FILES,
        source: "Salt, minion id and key generation",
        certainty: Certainty::Recalled,
        find: Find::Files(&[
            "salt\\conf\\minion_id",
            "salt\\conf\\pki\\minion\\minion.*",
            "ProgramData\\Salt Project\\Salt\\conf\\minion_id",
            "ProgramData\\Salt Project\\Salt\\conf\\pki\\minion\\minion.*",
        ]),
    }),
    agent(Agent {
        name: "puppet-certificates",
        title: "certificate and key of the Puppet agent",
        place: "ProgramData\\PuppetLabs\\puppet\\etc\\ssl",
        applies: Applies::Later,
        how: FILES,
        source: "Puppet, regenerating certificates of an agent",
        certainty: Certainty::Recalled,
        find: Find::Files(&[
            "ProgramData\\PuppetLabs\\puppet\\etc\\ssl\\private_keys\\*.pem",
            "ProgramData\\PuppetLabs\\puppet\\etc\\ssl\\public_keys\\*.pem",
            "ProgramData\\PuppetLabs\\puppet\\etc\\ssl\\certs\\*.pem",
        ]),
    }),
    agent(Agent {
        name: "chef-client-key",
        title: "the key of the Chef client",
        place: "chef\\client.pem",
        applies: Applies::Later,
        how: FILES,
        source: "Chef, how a node authenticates",
        certainty: Certainty::Recalled,
        find: Find::Files(&["chef\\client.pem"]),
    }),
];

fn symantec(look: &crate::generalize::look::Look<'_>) -> crate::survey::Part<Vec<super::Item>> {
    const KEYS: &[&str] = &[
        "Symantec\\Symantec Endpoint Protection\\SMC\\SYLINK\\SyLink",
        "Wow6432Node\\Symantec\\Symantec Endpoint Protection\\SMC\\SYLINK\\SyLink",
    ];
    let values = Find::Values {
        keys: KEYS,
        names: &["HardwareID"],
    };
    let files = Find::Files(&[
        "ProgramData\\Symantec\\Symantec Endpoint Protection\\PersistedData\\sephwid.xml",
        "Program Files\\Common Files\\Symantec Shared\\HWID\\sephwid.xml",
    ]);
    let mut items = values.items(look)?;
    items.extend(files.items(look)?);
    Ok(items)
}
