export { TestPulse, type TestPulseOptions } from './test-pulse.ts';
