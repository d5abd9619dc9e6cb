//! Feeds and where they lie: one feed, one partition, so that a feed is first in, first out from end to end.

/// The partition of a feed among `partitions`: Java's default partitioner (murmur2 of the key), so that other producers
/// and consumers agree.
pub fn partition_of(feed: &str, partitions: i32) -> i32 {
    let hash = murmur2(feed.as_bytes()) & 0x7fff_ffff;
    #[allow(clippy::cast_possible_wrap)] // the top bit was cleared
    let hash = hash as i32;
    hash % partitions.max(1)
}

/// The feed of a message: the listener's own, else sending application and facility.
pub(crate) fn name(listener: Option<&str>, sender: &str) -> String {
    listener.unwrap_or(sender).to_owned()
}

/// Murmur2, 32 bits, with the seed that Kafka's clients use.
fn murmur2(data: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    #[allow(clippy::cast_possible_truncation)] // the algorithm works modulo 2^32
    let mut hash = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k ^= k >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ k.wrapping_mul(MULTIPLIER);
    }
    for (at, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * at);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    #[test]
    fn hashes_as_kafkas_java_client_does() {
        // Expected values: org.apache.kafka.common.utils.UtilsTest.testMurmur2.
        #[allow(clippy::cast_sign_loss)]
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
        ] {
            assert_eq!(super::murmur2(text.as_bytes()), hash as u32, "{text}");
        }
    }
}
