//! A Makefile. Targets are names of outputs and no files: a job knows better
//! than a time stamp whether there is something to do.

use super::{List, head, shell};

pub(super) fn text(list: &List) -> String {
    let mut text = head(list, "make");
    text.push_str("#   make -f FILE -j 4 -k\n");
    text.push_str("WIMWRIGHT ?= wimwright\n\n");
    let names: Vec<&str> = list.jobs.iter().map(|job| job.name.as_str()).collect();
    text.push_str(&format!(".PHONY: all {}\n", names.join(" ")));
    text.push_str(&format!("all: {}\n", names.join(" ")));
    let file = shell(&list.file).replace('$', "$$");
    for job in &list.jobs {
        let base = job.base.and_then(|base| list.jobs.get(base));
        let base = base.map_or_else(String::new, |base| format!(" {}", base.name));
        text.push_str(&format!(
            "\n{}:{base}\n\t$(WIMWRIGHT) build {file} --only {}\n",
            job.name, job.name
        ));
    }
    text
}
