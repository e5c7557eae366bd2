//! Groups of files that all reach each other.

use std::collections::{BTreeMap, BTreeSet};

/// The groups of two or more nodes that all reach each other along `edges`.
pub(crate) fn loops<N: Ord + Clone>(edges: &BTreeMap<N, BTreeSet<N>>) -> Vec<BTreeSet<N>> {
    let reached: BTreeMap<&N, BTreeSet<&N>> =
        edges.keys().map(|node| (node, reachable(edges, node))).collect();
    let mut found: Vec<BTreeSet<N>> = Vec::new();
    for (node, reach) in &reached {
        let back = |other: &&N| reached.get(*other).is_some_and(|reach| reach.contains(*node));
        let group: BTreeSet<N> =
            reach.iter().copied().filter(back).cloned().chain([(*node).clone()]).collect();
        if group.len() > 1 && !found.contains(&group) {
            found.push(group);
        }
    }
    found
}

fn reachable<'a, N: Ord>(edges: &'a BTreeMap<N, BTreeSet<N>>, start: &'a N) -> BTreeSet<&'a N> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(node) = next.pop() {
        for target in edges.get(node).into_iter().flatten() {
            if reached.insert(target) {
                next.push(target);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(edges: &[(char, char)]) -> Vec<BTreeSet<char>> {
        let mut map: BTreeMap<char, BTreeSet<char>> = BTreeMap::new();
        edges.iter().for_each(|(from, to)| {
            map.entry(*from).or_default().insert(*to);
        });
        loops(&map)
    }

    #[test]
    fn a_diamond_is_not_a_loop() {
        assert_eq!(found(&[('a', 'b'), ('a', 'c'), ('b', 'd'), ('c', 'd')]), []);
    }

    #[test]
    fn a_loop_is_found_through_longer_chains_and_apart_from_what_leads_to_it() {
        let edges = [('x', 'a'), ('a', 'b'), ('b', 'c'), ('c', 'a'), ('c', 'y')];
        assert_eq!(found(&edges), [BTreeSet::from(['a', 'b', 'c'])]);
    }

    #[test]
    fn two_loops_are_two() {
        assert_eq!(found(&[('a', 'b'), ('b', 'a'), ('c', 'd'), ('d', 'c'), ('b', 'c')]).len(), 2);
    }
}
