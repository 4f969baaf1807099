//! A script for an array of Slurm jobs.

use super::{List, head, shell};

pub(super) fn text(list: &List) -> String {
    let last = list.jobs.len().saturating_sub(1);
    let mut text = "#!/bin/bash\n#SBATCH --job-name=wimwright-build\n".to_owned();
    text.push_str(&format!("#SBATCH --array=0-{last}\n"));
    text.push_str(&head(list, "slurm"));
    let bases = list.bases();
    if bases > 0 && bases <= last {
        text.push_str(&format!(
            "# Bases first, so that no job does what another has done:\n\
             #   sbatch --dependency=afterok:$(sbatch --parsable --array=0-{} FILE) --array={bases}-{last} FILE\n",
            bases - 1
        ));
    }
    text.push_str("set -eu\njobs=(\n");
    for job in &list.jobs {
        text.push_str(&format!("  {}\n", job.name));
    }
    text.push_str(&format!(
        ")\nexec \"${{WIMWRIGHT:-wimwright}}\" build {} --only \"${{jobs[$SLURM_ARRAY_TASK_ID]}}\"\n",
        shell(&list.file)
    ));
    text
}
