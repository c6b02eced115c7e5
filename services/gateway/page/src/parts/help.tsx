import { Dialog } from './dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['1 … 8', 'now, councils, teams, tasks, agents, deployments, BACKBEAT, problems'],
  ['Tab, Enter', 'to a card or an artifact, and into it'],
  ['Esc', 'close what is open'],
  ['t', 'light, dark, or as the system has it'],
  ['?', 'this list'],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        The API is described at <a href="/docs">/docs</a>.
      </p>
    </Dialog>
  );
}
