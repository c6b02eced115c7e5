export { judge, type FencePoint, type FenceVerdict } from './domain/fence.ts';
export { GridEstimator, type GridPoint } from './domain/grid.ts';
export { Metronome, type MetronomeEvent, type MetronomeFrame, type MetronomeMode } from './domain/metronome.ts';
export { barStartOf, beatMsOf, phaseAt, phaseLengths, windowIdOf } from './domain/score.ts';
export { claimSlot } from './domain/claim-slot.ts';
