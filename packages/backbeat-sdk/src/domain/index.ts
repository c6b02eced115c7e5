/** The rules of the beat alone, for who must not load a NATS client to know them. */
export { judge, type FencePoint, type FenceVerdict } from './fence.ts';
export { GridEstimator, type GridPoint } from './grid.ts';
export { Line, type LineFrame, type LineVerdict, type Refusal } from './line.ts';
export { barStartOf, beatMsOf, phaseAt, phaseLengths, windowIdOf } from './score.ts';
