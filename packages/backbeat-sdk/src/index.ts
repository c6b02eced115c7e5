export { connect, listenToBeats, startFleetLink } from './connect.ts';
export {
  type ConnectOptions,
  type FleetOptions,
  type LinkSettings,
  type LinkSource,
  type ListenOptions,
} from './connect.ts';
export { Agent, ClaimVoice, type EmitOptions, type Speaker } from './agent.ts';
export { type ClaimInput, type ClaimProblem } from './domain/claim-body.ts';
export { Fleet } from './fleet.ts';
export { BeatListener, type CurrentWindow, type ListenerHealth, type ListenerProblem } from './listener.ts';
export {
  BeatLink,
  type LinkCounters,
  type LinkListener,
  type LinkLog,
  type LinkOptions,
} from './beat-link.ts';
export { BeatBudgetExceeded } from './beat-budget.ts';
export { type ReadinessChecks } from './broker-watch.ts';
export { type BeatCallback } from './callback-lane.ts';
export { BATCH_CLAIMS_MAX, type ClaimCounters, type StoredClaim } from './claim-sender.ts';
export { CLAIM_RETRY_MAX_MS } from './domain/claim-retry.ts';
export { type MonotonicClock, systemMonotonicClock } from './monotonic-clock.ts';
export {
  addSignature,
  checkSignature,
  isOwner,
  KEY_HEADER,
  PULSE_OWNER,
  ROTATION_OWNER,
  SIGNATURE_HEADER,
  type SignaturePolicy,
  type SignatureVerdict,
  type Signer,
  type TrustedKey,
} from './signature.ts';
export { KeyFileError, newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from './key-file.ts';
export { readFrame, type FrameProblem, type FrameReading } from './frame-reader.ts';
export { type Bar, barOf, type Beat, beatAt, type HeardFrame } from './domain/beat.ts';
export { judge, type FencePoint, type FenceVerdict } from './domain/fence.ts';
export { Line, type LineFrame, type LineVerdict, type OwnGrid, type Refusal } from './domain/line.ts';
export { GridEstimator, type GridPoint } from './domain/grid.ts';
export {
  Metronome,
  type MetronomeEvent,
  type MetronomeFrame,
  type MetronomeMode,
} from './domain/metronome.ts';
export { barStartOf, beatMsOf, phaseAt, phaseLengths, windowIdOf } from './domain/score.ts';
export { claimSlot } from './domain/claim-slot.ts';
