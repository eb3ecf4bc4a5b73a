//! Numbers that look random and are the same for the same seed: splitmix64.

/// One stream of numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of this seed and connection.
    pub(super) fn new(seed: u64, connection: u64) -> Self {
        let mut stream = Self(seed);
        let mixed = stream.next() ^ connection.wrapping_mul(0xd134_2543_de82_ef95);
        Self(mixed)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u8) -> bool {
        self.next() % 100 < u64::from(percent)
    }
}
