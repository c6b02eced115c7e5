import { Rotation, WindowClose } from '../backbeat.ts';

/** The rotation of a secret that was asked for and is done. */
export function rotation(more: Partial<Rotation> = {}): Rotation {
  return Rotation.parse({
    type: 'backbeat.rotation.v1',
    name: 'db',
    state: 'done',
    beat_index: 5,
    hlc: '7ffd:0001:beef',
    ...more,
  });
}

/** The marker of a window of one bar, on time and without what only newer writers say. */
export function windowClose(more: Partial<WindowClose> = {}): WindowClose {
  return WindowClose.parse({
    type: 'backbeat.windowclose.v1',
    window_id: '0'.repeat(31) + '7',
    epoch: 1_700_000_000_000,
    from_beat: 4,
    to_beat: 7,
    reason: 'frame',
    missed_beats: 0,
    missed_windows: 0,
    tempo_drift_ms: 0.5,
    grace_ms: 125,
    ...more,
  });
}
