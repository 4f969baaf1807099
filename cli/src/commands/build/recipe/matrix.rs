//! The matrix: an output for each base, and for each base and model.

use std::path::PathBuf;

use toml::Spanned;

use super::names::bad_name;
use super::resolve::Resolver;
use super::{Form, Job, Node, OutputRecipe};
use crate::commands::build::file::{DriversStep, Matrix, Model, Step};

impl Resolver<'_> {
    pub(super) fn matrix(&mut self, matrix: &Matrix) -> anyhow::Result<()> {
        let form = Form {
            compress: matrix.compress,
            check: matrix.check,
        };
        for (word, needed) in [
            (Some(&matrix.file), &["{base}", "{model}"][..]),
            (matrix.base_file.as_ref(), &["{base}"]),
        ] {
            for (word, needed) in word
                .into_iter()
                .flat_map(|w| needed.iter().map(move |n| (w, n)))
            {
                if !word.get_ref().contains(needed) {
                    let wrong = format!("`{needed}` has to stand in the name, or files would meet");
                    return Err(self.said.wrong(word, wrong));
                }
            }
        }
        for folder in &matrix.drivers {
            self.input(folder)?;
        }
        let mut steps = Vec::new();
        for (number, model) in matrix.models.iter().enumerate() {
            if let Some(wrong) = bad_name(model.name.get_ref()) {
                return Err(self.said.wrong(&model.name, wrong));
            }
            let mut before = matrix.models.iter().take(number);
            if before.any(|other| other.name.get_ref() == model.name.get_ref()) {
                let wrong = format!("two models have the name `{}`", model.name.get_ref());
                return Err(self.said.wrong(&model.name, wrong));
            }
            // The same step for all bases: what it reads is read once.
            let step = drivers_of(matrix, model);
            if let Some(step) = &step {
                self.check_step(step)?;
            }
            steps.push(step.map(|step| {
                self.recipe.steps.push(step);
                self.recipe.steps.len() - 1
            }));
        }
        let bases = self.find_all(&matrix.bases)?;
        for &source in &bases {
            self.base(matrix, &steps, form, source)?;
        }
        for model in &matrix.models {
            for only in &model.bases {
                if !bases.contains(&self.find(only)?) {
                    let wrong = format!("`{}` is no base of the matrix", only.get_ref());
                    return Err(self.said.wrong(only, wrong));
                }
            }
        }
        Ok(())
    }

    /// The jobs of one base.
    fn base(
        &mut self,
        matrix: &Matrix,
        steps: &[Option<usize>],
        form: Form,
        source: usize,
    ) -> anyhow::Result<()> {
        let Some(base) = self.recipe.sources.get(source) else {
            return Ok(());
        };
        let base = base.name.clone();
        let parent = self.node(source, form);
        let mut base_output = None;
        if let Some(file) = &matrix.base_file {
            let path = self.recipe.path(&file.get_ref().replace("{base}", &base));
            self.check_output(file, file, &base, &path)?;
            base_output = Some(self.recipe.outputs.len());
            self.job(base.clone(), path, parent, form, None);
        }
        for (model, step) in matrix.models.iter().zip(steps) {
            let is_for = |only: &Spanned<String>| *only.get_ref() == base;
            if !model.bases.is_empty() && !model.bases.iter().any(is_for) {
                continue;
            }
            let name = format!("{base}-{}", model.name.get_ref());
            let file = matrix.file.get_ref().replace("{base}", &base);
            let path = self
                .recipe
                .path(&file.replace("{model}", model.name.get_ref()));
            self.check_output(&model.name, &matrix.file, &name, &path)?;
            self.recipe.nodes.push(Node {
                source,
                parent: Some(parent),
                steps: step.iter().copied().collect(),
                form,
            });
            let node = self.recipe.nodes.len() - 1;
            self.job(name, path, node, form, base_output);
        }
        Ok(())
    }

    fn job(&mut self, name: String, file: PathBuf, node: usize, form: Form, base: Option<usize>) {
        let output = self.recipe.outputs.len();
        self.recipe.matrix.push(Job { output, base });
        self.recipe.outputs.push(OutputRecipe {
            name,
            file,
            nodes: vec![node],
            form,
            split: None,
            boot: None,
        });
    }
}

/// The step for a model's drivers; `None` where it has none.
fn drivers_of(matrix: &Matrix, model: &Model) -> Option<Step> {
    let from: Vec<_> = matrix
        .drivers
        .iter()
        .chain(&model.drivers)
        .cloned()
        .collect();
    (!from.is_empty()).then(|| {
        Step::Drivers(DriversStep {
            from,
            hardware: model.hardware.clone(),
            include_winre: false,
            force_unsigned: model.force_unsigned,
            allow_older: false,
            trust: Vec::new(),
            skip_refused: false,
            sources: Vec::new(),
        })
    })
}
