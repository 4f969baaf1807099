//! An Indexed Job of Kubernetes. The folder that jobs work in is the root of a
//! volume that all of them see; paths are told from there.

use super::{List, head, shell};

pub(super) fn text(list: &List) -> anyhow::Result<String> {
    let names: Vec<&str> = list.jobs.iter().map(|job| job.name.as_str()).collect();
    // A string of YAML is one of JSON.
    let script = serde_json::to_string(&format!(
        "set -eu\nset -- {}\nshift \"$JOB_COMPLETION_INDEX\"\nexec \"${{WIMWRIGHT:-wimwright}}\" build \
         {} --only \"$1\"\n",
        names.join(" "),
        shell(&list.file)
    ))?;
    let count = names.len();
    let head = head(list, "kubernetes");
    Ok(format!(
        "{head}\
         # Needed beside it: an image with the program, and a claim `wimwright-build` to a volume\n\
         # that many nodes may write to, with what the build file names in it.\n\
         apiVersion: batch/v1\n\
         kind: Job\n\
         metadata:\n\
         \x20 name: wimwright-build\n\
         spec:\n\
         \x20 completionMode: Indexed\n\
         \x20 completions: {count}\n\
         \x20 parallelism: {parallel}\n\
         \x20 backoffLimitPerIndex: 3\n\
         \x20 template:\n\
         \x20   spec:\n\
         \x20     restartPolicy: Never\n\
         \x20     containers:\n\
         \x20       - name: wimwright\n\
         \x20         image: wimwright\n\
         \x20         workingDir: /build\n\
         \x20         command: [\"/bin/sh\", \"-c\"]\n\
         \x20         args: [{script}]\n\
         \x20         volumeMounts:\n\
         \x20           - name: build\n\
         \x20             mountPath: /build\n\
         \x20     volumes:\n\
         \x20       - name: build\n\
         \x20         persistentVolumeClaim:\n\
         \x20           claimName: wimwright-build\n",
        parallel = count.min(8),
    ))
}
