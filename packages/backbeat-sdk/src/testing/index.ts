export { ManualClock } from './manual-clock.ts';
export { TestPulse, type TestPulseOptions } from './test-pulse.ts';
export { TestSigner } from './test-signer.ts';
