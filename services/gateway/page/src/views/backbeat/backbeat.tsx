import { useEffect } from 'preact/hooks';
import { useCell } from '../../live/cell.ts';
import type { World } from '../../live/world.ts';
import { Empty } from '../../parts/bits.tsx';
import { Objectives } from './objectives.tsx';
import { PulseNodes } from './pulse-nodes.tsx';
import { Reports } from './reports.tsx';
import { TempoCard } from './tempo-card.tsx';

/** While this view is open; the general rate limit leaves room for several. */
const READ_EVERY_MS = 3_000;

/** Who beats, how fast, how well, and what the agents said in each bar. */
export function BackbeatView({ world }: { world: World }) {
  const status = useCell(world.backbeat);
  const term = useCell(world.beats).at(-1)?.frame.metadata?.term;
  useEffect(() => {
    const read = () => {
      if (document.visibilityState === 'visible') void world.readBackbeat();
    };
    read();
    const timer = setInterval(read, READ_EVERY_MS);
    return () => clearInterval(timer);
    // A new term is a new leader: the pulses are asked at once.
  }, [world, term]);
  if (status?.enabled === false) {
    return <Empty title="BACKBEAT is off">WHOOSH paces itself by a grid of its own.</Empty>;
  }
  return (
    <div class="backbeat">
      <PulseNodes status={status} />
      <TempoCard world={world} status={status} />
      <Objectives status={status} />
      <Reports world={world} />
    </div>
  );
}
