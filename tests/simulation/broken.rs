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
    /// S5, S6: items are read without their lock.
    ReadsUnlocked,
    /// S6: a stage that was left is not remembered, so the next phone leaves it again.
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
    /// S2: hashes are not compared.
    IgnoresHashes,
    /// L1: a gap is not answered, nor is a connection dropped for silence.
    SwallowsGaps,
    /// L2: failures of an entry are not counted.
    NeverParks,
}

impl Broken {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::SaysSavedEarly,
        Self::DropsCases,
        Self::DropsReceipts,
        Self::SerialCursors,
        Self::AnswersAnew,
        Self::ReadsUnlocked,
        Self::AdvancesTwice,
        Self::SkipsPushes,
        Self::HidesPositions,
        Self::AnswersEarly,
        Self::LeavesUnfenced,
        Self::BelievesClocks,
        Self::IgnoresHashes,
        Self::SwallowsGaps,
        Self::NeverParks,
    ];
}
