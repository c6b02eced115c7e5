import { useEffect, useState } from 'preact/hooks';
import { useCell, useNow } from './live/cell.ts';
import { bearerOf } from './live/session.ts';
import type { World } from './live/world.ts';
import { BeatBand } from './parts/beat-band.tsx';
import { Help } from './parts/help.tsx';
import { Mark } from './parts/mark.tsx';
import { useTheme } from './parts/theme.ts';
import { problemsOf } from './views/problems-of.ts';
import { AgentsView } from './views/agents.tsx';
import { BackbeatView } from './views/backbeat/backbeat.tsx';
import { CouncilsView } from './views/councils.tsx';
import { DeploymentsView } from './views/deployments.tsx';
import { NowView } from './views/now.tsx';
import { ProblemsView } from './views/problems.tsx';
import { TasksView } from './views/tasks.tsx';
import { TeamsView } from './views/teams.tsx';

export const VIEWS = [
  'now',
  'councils',
  'teams',
  'tasks',
  'agents',
  'deployments',
  'backbeat',
  'problems',
] as const;
export type ViewName = (typeof VIEWS)[number];

const LINKS = { connecting: 'connecting', live: 'live', lost: 'reconnecting' } as const;

function viewOfAddress(): ViewName {
  const named = location.hash.slice(1);
  return (VIEWS as readonly string[]).includes(named) ? (named as ViewName) : 'now';
}

export function Desk({ world, onLeave }: { world: World; onLeave: () => void }) {
  const [view, setView] = useState<ViewName>(viewOfAddress);
  const [help, setHelp] = useState(false);
  const [theme, nextTheme] = useTheme();
  const link = useCell(world.link);
  const version = useCell(world.version);
  const counts = useCounts(world);
  const bearer = bearerOf(world.api.token);

  useEffect(() => {
    const onHash = () => setView(viewOfAddress());
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  useEffect(() => {
    // On a narrow screen the tabs scroll; the chosen one must be in sight.
    document.querySelector('.tabs [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [view]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const chosen = VIEWS[Number(event.key) - 1];
      if (chosen) location.hash = chosen;
      else if (event.key === 't') nextTheme();
      else if (event.key === '?') setHelp(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [nextTheme]);

  return (
    <>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <header class="top">
        <Mark />
        <span class="version">{version && `v${version}`}</span>
        <span class={`link ${link}`} role="status">
          {LINKS[link]}
        </span>
        <span class="grow" />
        <span class="bearer" title="Who this token names">
          {bearer.name}
          <small>{bearer.role}</small>
        </span>
        <button
          type="button"
          class="plain"
          onClick={nextTheme}
          title={`Theme: ${theme} (t)`}
          aria-label={`Theme: ${theme}`}
        >
          <ThemeGlyph />
        </button>
        <button
          type="button"
          class="plain keys-button"
          onClick={() => setHelp(true)}
          title="Keys (?)"
          aria-label="Keys"
        >
          ?
        </button>
        <button type="button" class="plain" onClick={onLeave}>
          Sign out
        </button>
      </header>
      <BeatBand world={world} />
      <nav class="tabs" aria-label="Views">
        {VIEWS.map((name, index) => (
          <a
            key={name}
            href={`#${name}`}
            aria-current={name === view ? 'page' : undefined}
            title={`${index + 1}`}
          >
            {name}
            {counts[name] !== undefined && (
              <b class={name === 'problems' && counts[name] > 0 ? 'alarm' : ''}>{counts[name]}</b>
            )}
          </a>
        ))}
      </nav>
      <main id="view" tabIndex={-1}>
        <View name={view} world={world} />
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function View({ name, world }: { name: ViewName; world: World }) {
  switch (name) {
    case 'councils':
      return <CouncilsView world={world} />;
    case 'teams':
      return <TeamsView world={world} />;
    case 'tasks':
      return <TasksView world={world} />;
    case 'agents':
      return <AgentsView world={world} />;
    case 'deployments':
      return <DeploymentsView world={world} />;
    case 'backbeat':
      return <BackbeatView world={world} />;
    case 'problems':
      return <ProblemsView world={world} />;
    case 'now':
      return <NowView world={world} />;
  }
}

function useCounts(world: World): Partial<Record<ViewName, number>> {
  const councils = [...useCell(world.councils).values()];
  const teams = [...useCell(world.teams).values()];
  const tasks = [...useCell(world.tasks).values()];
  const agents = [...useCell(world.agents).values()];
  const deployments = [...useCell(world.deployments).values()];
  useCell(world.deadLetters);
  useCell(world.away);
  useCell(world.health);
  useCell(world.link);
  useNow(2_000);
  useCell(world.reports);
  return {
    councils: councils.filter(({ status }) => status === 'forming' || status === 'active').length,
    teams: teams.filter(({ status }) => !['completed', 'failed', 'cancelled'].includes(status)).length,
    tasks: tasks.filter(({ status }) => !['completed', 'cancelled'].includes(status)).length,
    agents: agents.filter(({ status }) => status === 'online').length,
    deployments: deployments.filter(({ status }) => ['creating', 'running', 'healthy'].includes(status))
      .length,
    problems: problemsOf(world).length,
  };
}

function isTyping(event: KeyboardEvent): boolean {
  return (
    event.target instanceof HTMLElement && event.target.closest('input, textarea, select, dialog') !== null
  );
}

function ThemeGlyph() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5" />
      <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
    </svg>
  );
}
