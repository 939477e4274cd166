//! Deliberate mistakes. Each invariant has one that breaks it, and a test that it is caught: a simulation that finds nothing must not be one
//! that cannot find anything.

/// One mistake, made throughout a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// S1: the screen says "saved" before the store has committed.
    SaysSavedEarly,
    /// S1: what was refused is not kept in a case.
    DropsCases,
    /// S2: effects are committed without their receipts.
    DropsReceipts,
    /// S3, S7: cursors are given without holding the topic, as a serial column would.
    SerialCursors,
    /// S4: a repeated entry is answered anew.
    AnswersAnew,
    /// S5: a server reads items from a cache of its own instead of under their lock, and no key keeps two from writing the same version.
    ReadsFromCache,
    /// S6: whatever leaves a stage leaves it again.
    AdvancesTwice,
    /// S8: one event in some is not pushed.
    SkipsPushes,
    /// S9: verdicts do not say where their event stands.
    HidesPositions,
    /// S10: the verdict goes out before the commit.
    AnswersEarly,
    /// S13: a revoked device's streams are not fenced.
    LeavesUnfenced,
    /// S14: what a device dates long ago is refused.
    BelievesClocks,
    /// S1: hashes are not compared.
    IgnoresHashes,
    /// L1: some batches are put off for ever.
    PutsOff,
    /// L2: failures of an entry are not counted.
    NeverParks,
}

impl Broken {
    /// The invariants that it breaks, one of which must be found broken.
    #[must_use]
    pub const fn breaks(self) -> &'static [&'static str] {
        match self {
            Self::SaysSavedEarly | Self::DropsCases | Self::IgnoresHashes => &["S1"],
            Self::DropsReceipts => &["S2"],
            Self::SerialCursors => &["S3", "S7"],
            Self::AnswersAnew => &["S4"],
            Self::ReadsFromCache => &["S5"],
            Self::AdvancesTwice => &["S6"],
            Self::SkipsPushes => &["S8"],
            Self::HidesPositions => &["S9"],
            Self::AnswersEarly => &["S10"],
            Self::LeavesUnfenced => &["S13"],
            Self::BelievesClocks => &["S14"],
            Self::PutsOff => &["L1"],
            Self::NeverParks => &["L1", "L2"],
        }
    }

    /// All of them.
    pub const ALL: &[Self] = &[
        Self::SaysSavedEarly,
        Self::DropsCases,
        Self::DropsReceipts,
        Self::SerialCursors,
        Self::AnswersAnew,
        Self::ReadsFromCache,
        Self::AdvancesTwice,
        Self::SkipsPushes,
        Self::HidesPositions,
        Self::AnswersEarly,
        Self::LeavesUnfenced,
        Self::BelievesClocks,
        Self::IgnoresHashes,
        Self::PutsOff,
        Self::NeverParks,
    ];
}
