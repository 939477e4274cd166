//! Maps of a few entries, as lists in the order of their keys.
//!
//! A B-tree is compiled once for each pair of types, two to four kilobytes of a browser's first load; this is a tenth of it.
//! It moves what lies behind an entry that comes or goes, so it is for maps that stay small, or small in bytes. What grows
//! with the order book and holds much (rows, acts, the journal) stays in trees.

/// A map in the order of its keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sorted<K, V>(Vec<(K, V)>);

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Sorted<K, V> {
    /// Where the key stands, or would stand.
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(self.place(key).ok()?).map(|(_, value)| value)
    }

    /// The value of a key, to change.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Whether the key is there.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Gives a key its value, in place of an earlier one.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.get_mut(&key) {
            Some(known) => *known = value,
            None => {
                self.or_insert_with(key, || value);
            }
        }
    }

    /// The value of a key, which is made when there is none.
    pub(crate) fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> Option<&mut V> {
        let place = match self.place(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, make()));
                place
            }
        };
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Takes a key and its value out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }
}

impl<K, V> Sorted<K, V> {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values, in the keys' order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Keys and values, the values to change.
    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys in order.
    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the keys' order.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The values, to change.
    pub(crate) fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// The values alone.
    pub(crate) fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }
}

/// Of several values of one key the last counts.
impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<(K, V)> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(a, _), (b, _)| a == b);
        Self(entries)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Sorted;

    proptest! {
        /// Whatever is done to both, it holds what a tree holds.
        #[test]
        fn holds_what_a_tree_holds(
            first in prop::collection::vec((0..9_u8, any::<u8>()), 0..9),
            steps in prop::collection::vec((0..4_u8, 0..9_u8, any::<u8>()), 0..30),
        ) {
            let mut ours: Sorted<u8, u8> = first.iter().copied().collect();
            let mut tree: BTreeMap<u8, u8> = first.into_iter().collect();
            for (step, key, value) in steps {
                match step {
                    0 => {
                        ours.insert(key, value);
                        tree.insert(key, value);
                    }
                    1 => prop_assert_eq!(ours.remove(&key), tree.remove(&key)),
                    2 => prop_assert_eq!(ours.or_insert_with(key, || value), Some(tree.entry(key).or_insert(value))),
                    _ => {
                        ours.values_mut().for_each(|known| *known = known.wrapping_add(value));
                        tree.values_mut().for_each(|known| *known = known.wrapping_add(value));
                    }
                }
                prop_assert_eq!(ours.get(&key), tree.get(&key));
                prop_assert_eq!((ours.len(), ours.contains_key(&key)), (tree.len(), tree.contains_key(&key)));
                prop_assert!(ours.keys().rev().eq(tree.keys().rev()));
                prop_assert!(ours.iter().eq(tree.iter()));
            }
            prop_assert!(ours.into_values().eq(tree.into_values()));
        }
    }
}
