//! In which order packages go, and why.
//!
//! What one package needs of another comes before it; where that leaves a
//! choice, servicing stacks go first, then earlier cumulative updates
//! (checkpoints), cumulative updates, and the rest in the order given. The
//! order is the first one, by these ranks and places, of all that keep every
//! need: there is exactly one.

use std::collections::BTreeSet;

use serde::Serialize;

/// The rank of a package among those that it may be swapped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// Servicing stacks.
    ServicingStack,
    /// Cumulative updates that a later one of the same family comes after.
    Checkpoint,
    /// Cumulative updates.
    Cumulative,
    /// All others.
    Rest,
}

impl Rank {
    /// Why packages of this rank go before those of later ones.
    pub fn reason(self) -> &'static str {
        match self {
            Rank::ServicingStack => "servicing stacks go first: they install the others",
            Rank::Checkpoint => "checkpoints go before what is made on top of them",
            Rank::Cumulative => "cumulative updates go before single ones",
            Rank::Rest => "in the order given",
        }
    }
}

/// That one package has to come before another, by their places in the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Edge {
    /// The one that comes first.
    pub before: usize,
    /// The one that needs it.
    pub after: usize,
    /// Why.
    pub reason: String,
}

/// Packages that need each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} packages need each other", .edges.len())]
pub struct Cycle {
    /// The needs that go round, each beginning where the one before it ends.
    pub edges: Vec<Edge>,
}

/// The order of packages with these ranks, as places in the list.
///
/// Edges that name no place are passed over.
///
/// # Errors
/// [`Cycle`], where needs go round; the shortest way round from the first
/// package that is on one.
pub fn sort(ranks: &[Rank], edges: &[Edge]) -> Result<Vec<usize>, Cycle> {
    let count = ranks.len();
    let known = |edge: &&Edge| edge.before < count && edge.after < count;
    let edges: Vec<&Edge> = edges.iter().filter(known).collect();
    let mut needs = vec![0_usize; count];
    for edge in &edges {
        if let Some(needs) = needs.get_mut(edge.after) {
            *needs += 1;
        }
    }
    let rank = |at: usize| ranks.get(at).copied().unwrap_or(Rank::Rest);
    let free = |needs: &[usize]| -> BTreeSet<(Rank, usize)> {
        let places = needs.iter().enumerate();
        let free = places.filter(|(_, needs)| **needs == 0);
        free.map(|(at, _)| (rank(at), at)).collect()
    };
    let mut ready = free(&needs);
    let mut order = Vec::with_capacity(count);
    while let Some((_, next)) = ready.pop_first() {
        order.push(next);
        for edge in edges.iter().filter(|edge| edge.before == next) {
            if let Some(left) = needs.get_mut(edge.after) {
                *left -= 1;
                if *left == 0 {
                    ready.insert((rank(edge.after), edge.after));
                }
            }
        }
    }
    match order.len() == count {
        true => Ok(order),
        false => Err(cycle(count, &edges, &order)),
    }
}

/// The shortest way round among what is left.
fn cycle(count: usize, edges: &[&Edge], done: &[usize]) -> Cycle {
    let left = |at: usize| !done.contains(&at);
    for start in (0..count).filter(|at| left(*at)) {
        // Breadth first, from one package back to itself.
        let mut came_by: Vec<Option<&Edge>> = vec![None; count];
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for edge in edges
                .iter()
                .filter(|edge| edge.before == at && left(edge.after))
            {
                if edge.after == start {
                    let mut way = vec![(*edge).clone()];
                    let mut back = at;
                    while back != start {
                        let Some(step) = came_by.get(back).copied().flatten() else {
                            break;
                        };
                        way.push(step.clone());
                        back = step.before;
                    }
                    way.reverse();
                    return Cycle { edges: way };
                }
                if let Some(slot @ None) = came_by.get_mut(edge.after) {
                    *slot = Some(edge);
                    queue.push_back(edge.after);
                }
            }
        }
    }
    Cycle { edges: Vec::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn edge(before: usize, after: usize) -> Edge {
        Edge {
            before,
            after,
            reason: format!("{after} needs {before}"),
        }
    }

    /// Numbers that are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (self.0 >> 33) % most
        }
    }

    /// All orders of so many things.
    fn permutations(count: usize) -> Vec<Vec<usize>> {
        match count {
            0 => vec![Vec::new()],
            _ => permutations(count - 1)
                .into_iter()
                .flat_map(|shorter| {
                    (0..count).map(move |at| {
                        let mut longer = shorter.clone();
                        longer.insert(at, count - 1);
                        longer
                    })
                })
                .collect(),
        }
    }

    /// The first of all orders that keep every need, found by trying them all.
    fn brute_force(ranks: &[Rank], edges: &[Edge]) -> Option<Vec<usize>> {
        let keeps = |order: &Vec<usize>| {
            let place = |wanted: usize| order.iter().position(|at| *at == wanted);
            edges
                .iter()
                .all(|edge| place(edge.before) < place(edge.after))
        };
        let key = |order: &Vec<usize>| -> Vec<(Rank, usize)> {
            order.iter().map(|at| (ranks[*at], *at)).collect()
        };
        let fitting = permutations(ranks.len()).into_iter().filter(keeps);
        fitting.min_by_key(key)
    }

    #[test]
    fn a_thousand_generated_graphs_are_ordered_as_by_trying_all_orders() {
        let all = [
            Rank::ServicingStack,
            Rank::Checkpoint,
            Rank::Cumulative,
            Rank::Rest,
        ];
        let mut dice = Dice(7);
        let mut cycles = 0;
        for _ in 0..1000 {
            let count = 1 + dice.below(6) as usize;
            let ranks: Vec<Rank> = (0..count).map(|_| all[dice.below(4) as usize]).collect();
            let edges: Vec<Edge> = (0..dice.below(2 * count as u64))
                .map(|_| {
                    edge(
                        dice.below(count as u64) as usize,
                        dice.below(count as u64) as usize,
                    )
                })
                .collect();
            match (sort(&ranks, &edges), brute_force(&ranks, &edges)) {
                (Ok(order), Some(expected)) => assert_eq!(order, expected, "{ranks:?} {edges:?}"),
                (Err(cycle), None) => {
                    cycles += 1;
                    // It goes round, and is made of needs that are there.
                    assert!(!cycle.edges.is_empty());
                    let next = cycle.edges.iter().cycle().skip(1);
                    for (one, next) in cycle.edges.iter().zip(next) {
                        assert!(edges.contains(one));
                        assert_eq!(one.after, next.before, "{:?}", cycle.edges);
                    }
                }
                (order, expected) => panic!("{order:?}, expected {expected:?}: {edges:?}"),
            }
        }
        // Both kinds of graphs were among them.
        assert!((100..900).contains(&cycles), "{cycles}");
    }

    #[test]
    fn needs_come_before_ranks_and_ranks_before_places() {
        use Rank::{Cumulative, Rest, ServicingStack};
        let ranks = [Rest, Cumulative, ServicingStack, Rest];
        assert_eq!(sort(&ranks, &[]).unwrap(), [2, 1, 0, 3]);
        assert_eq!(sort(&ranks, &[edge(3, 2)]).unwrap(), [1, 0, 3, 2]);
        let error = sort(&ranks, &[edge(3, 2), edge(2, 3)]).unwrap_err();
        assert_eq!(error.edges, [edge(2, 3), edge(3, 2)]);
        assert_eq!(error.to_string(), "2 packages need each other");
    }
}
