//! Work on all cores.

use rayon::prelude::*;

/// Does `work` for each of `jobs` and gives what came out in their order; the
/// first error, in that order, ends it.
pub(super) fn on_all_cores<J, T, E>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<T, E> + Send + Sync,
) -> Result<Vec<T>, E>
where
    J: Sync,
    T: Send,
    E: Send,
{
    let done: Vec<Result<T, E>> = jobs.par_iter().map(work).collect();
    done.into_iter().collect()
}
