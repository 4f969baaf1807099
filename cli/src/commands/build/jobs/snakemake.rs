//! A Snakemake file: a rule a job, with the files that it reads and makes.
//! Snakemake's words for paths and commands have braces of their own, and those
//! of names are doubled.

use super::{List, head, shell};

pub(super) fn text(list: &List) -> anyhow::Result<String> {
    let mut text = head(list, "snakemake");
    text.push_str("#   snakemake -s FILE --cores 4 --keep-going --rerun-incomplete\n");
    text.push_str("PROGRAM = config.get(\"wimwright\", \"wimwright\")\n\n");
    let mut files = Vec::new();
    for job in &list.jobs {
        files.push(literal(&job.file)?);
    }
    text.push_str(&format!(
        "rule all:\n    input:\n        {}\n",
        files.join(",\n        ")
    ));
    for (number, job) in list.jobs.iter().enumerate() {
        let base = job.base.and_then(|base| list.jobs.get(base));
        let mut inputs = Vec::new();
        for input in job.inputs.iter().chain(base.map(|base| &base.file)) {
            inputs.push(literal(input)?);
        }
        let command = format!("build {} --only {}", shell(&list.file), job.name);
        text.push_str(&format!(
            "\nrule job_{number}:\n    message: {}\n    input:\n        {}\n    output: {}\n    \
             shell: {}\n",
            literal(&job.name)?,
            inputs.join(",\n        "),
            literal(&job.file)?,
            format_args!("\"{{PROGRAM}} \" {}", literal(&command)?),
        ));
    }
    Ok(text)
}

/// A string of Python, whose escapes are those of JSON for what paths hold.
fn literal(text: &str) -> serde_json::Result<String> {
    serde_json::to_string(&text.replace('{', "{{").replace('}', "}}"))
}
