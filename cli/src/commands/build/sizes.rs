//! What a build will cost, before it is done.

use std::collections::BTreeMap;

use wimwright_servicing::Plan;
use wimwright_servicing::plan::Change;

use super::Images;
use super::stage::Bench;
use super::write::Files;

/// About how large the outputs will be: what the sources take, and what is new
/// before it is compressed.
pub(super) fn planned(
    bench: &Bench<'_>,
    outputs: &[usize],
    images: &[Images],
) -> anyhow::Result<BTreeMap<usize, Files>> {
    let mut sources: BTreeMap<usize, u64> = BTreeMap::new();
    let mut sizes = BTreeMap::new();
    for &number in outputs {
        let Some(output) = bench.recipe.outputs.get(number) else {
            continue;
        };
        let mut size = 0_u64;
        for node in &output.nodes {
            let Some(source) = bench.recipe.nodes.get(*node).map(|node| node.source) else {
                continue;
            };
            let known = match (sources.get(&source), bench.recipe.sources.get(source)) {
                (Some(known), _) => *known,
                (None, Some(found)) => bench.size(found)?,
                (None, None) => 0,
            };
            sources.insert(source, known);
            size = size.saturating_add(known);
            let planned = images.iter().filter(|images| images.node == *node);
            for plan in planned.flat_map(|images| &images.done) {
                let new = plan.plan.as_ref().map_or(0, new_bytes);
                size = size.saturating_add(new);
            }
        }
        let paths = vec![output.file.clone()];
        sizes.insert(number, Files { paths, size });
    }
    Ok(sizes)
}

/// Bytes of the files that a plan puts into an image.
fn new_bytes(plan: &Plan) -> u64 {
    let lens = plan.steps.iter().map(|step| match &step.change {
        Change::PutFile { content, .. } => content.id().len,
        _ => 0,
    });
    lens.fold(0, u64::saturating_add)
}
