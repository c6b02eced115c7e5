import { beatMsOf, phaseAt, windowIdOf } from '@whoosh/backbeat-sdk';
import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';

const BAR_LENGTH = 4;

export interface PlayedBeat {
  readonly cluster: string;
  readonly bpm: number;
  readonly node?: string;
  readonly firstIndex?: number;
}

/** A BeatFrame as a pulse would send it. */
export function frameOf(
  index: number,
  { cluster, bpm, node = 'n1', firstIndex = 0 }: PlayedBeat,
  epoch: number,
): backbeat.BeatFrame {
  const at = epoch + (index - firstIndex) * beatMsOf(bpm);
  const place = index % BAR_LENGTH;
  const { phase, endsAt } = phaseAt(place, BAR_LENGTH);
  return {
    type: 'backbeat.beatframe.v1',
    cluster_id: cluster,
    beat_index: index,
    downbeat: place === 0,
    phase,
    hlc: '0000:0000:0000',
    deadline_at: new Date(at + (endsAt - place) * beatMsOf(bpm)).toISOString(),
    tempo_bpm: bpm,
    window_id: windowIdOf(cluster, epoch, index - place),
    metadata: { epoch, at, term: 7, node, bar_length: BAR_LENGTH },
  };
}

/** A pulse that says what a test needs; like a real one it leaves out what it could not send in time. Each frame goes out twice. */
export function playBeat(
  bus: Bus,
  options: PlayedBeat,
): Disposable & { readonly epoch: number; readonly index: number } {
  const epoch = Date.now();
  const beatMs = beatMsOf(options.bpm);
  const subject = backbeat.beats.subject.at({ cluster: options.cluster });
  let last = (options.firstIndex ?? 0) - 1;
  const timer = setInterval(() => {
    const index = (options.firstIndex ?? 0) + Math.floor((Date.now() - epoch) / beatMs);
    if (index <= last) return;
    last = index;
    const frame = frameOf(index, options, epoch);
    for (let copy = 0; copy < 2; copy += 1) bus.publish(subject, frame);
  }, beatMs / 10);
  return {
    epoch,
    get index() {
      return last;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
