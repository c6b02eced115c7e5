import { useState } from 'preact/hooks';
import { useCell, useNow } from '../live/cell.ts';
import type { World } from '../live/world.ts';
import { Ago, Empty } from '../parts/bits.tsx';
import { problemsOf } from './problems-of.ts';

export function ProblemsView({ world }: { world: World }) {
  useNow(2_000);
  useCell(world.deadLetters);
  useCell(world.health);
  useCell(world.away);
  useCell(world.reports);
  useCell(world.agents);
  useCell(world.teams);
  useCell(world.councils);
  useCell(world.deployments);
  const problems = problemsOf(world);
  const hidden = world.deadLetters.value === undefined && (
    <p class="hint">Dead letters are shown to admins only.</p>
  );
  if (problems.length === 0) {
    return (
      <>
        <Empty title="All quiet">Nothing is late, silent, stuck or given up.</Empty>
        {hidden}
      </>
    );
  }
  return (
    <section class="card problems">
      <ul>
        {problems.map((problem) => (
          <li key={problem.key}>
            <span class="kind">{problem.kind}</span>
            <div>
              <b>{problem.what}</b>
              <p class="why">{problem.why}</p>
              {problem.deadLetter !== undefined && <LetterActions world={world} id={problem.deadLetter} />}
            </div>
            {problem.since !== null && <Ago at={problem.since} />}
          </li>
        ))}
      </ul>
      {hidden}
    </section>
  );
}

/** Try again, or forget. Forgetting is for good, so it asks once more on the button itself. */
function LetterActions({ world, id }: { world: World; id: number }) {
  const [sure, setSure] = useState(false);
  const [failure, setFailure] = useState('');
  const act = async (ask: () => Promise<unknown>) => {
    try {
      await ask();
      await world.readProblems();
    } catch (cause) {
      setFailure(cause instanceof Error ? cause.message : String(cause));
    }
  };
  const path = `/api/v1/dead-letters/${id}`;
  return (
    <span class="actions">
      <button type="button" onClick={() => void act(() => world.api.post(`${path}/replay`))}>
        Try again
      </button>
      <button
        type="button"
        class={sure ? 'danger' : ''}
        onBlur={() => setSure(false)}
        onClick={() => (sure ? void act(() => world.api.delete(path)) : setSure(true))}
      >
        {sure ? 'Forget for good?' : 'Forget'}
      </button>
      {failure && <small class="refused">{failure}</small>}
    </span>
  );
}
