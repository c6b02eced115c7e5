import { useCell } from '../live/cell.ts';
import type { Task, World } from '../live/world.ts';
import { Ago, Empty } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';

export function TasksView({ world }: { world: World }) {
  useCell(world.tasks);
  useCell(world.repositories);
  const groups = Map.groupBy(world.tasks.newest, (task) => task.repository ?? task.source_type);
  for (const { full_name, removed_at } of world.repositories.value.values()) {
    if (removed_at === null && !groups.has(full_name)) groups.set(full_name, []);
  }
  const repositories = new Map([...world.repositories.value.values()].map((one) => [one.full_name, one]));
  if (groups.size === 0) {
    return (
      <Empty title="No repository is monitored">
        Add one with POST /api/v1/repositories; its issues appear here.
      </Empty>
    );
  }
  return (
    <div class="tasks">
      {[...groups].map(([name, tasks]) => (
        <section key={name} class="card">
          <header>
            <h3>{name}</h3>
            {repositories.get(name) && (
              <span class="line">
                <Chip state={repositories.get(name)?.sync_status ?? 'pending'} /> read{' '}
                <Ago at={repositories.get(name)?.last_sync_at} />
              </span>
            )}
          </header>
          {repositories.get(name)?.sync_error && <p class="reason">{repositories.get(name)?.sync_error}</p>}
          {tasks.length === 0 ? (
            <p class="hint">No issue with a CHORUS label.</p>
          ) : (
            <TaskTable tasks={tasks} />
          )}
        </section>
      ))}
    </div>
  );
}

/** Open ones first, the newest issue on top. */
function openFirst(a: Task, b: Task): number {
  return a.issue_state === b.issue_state
    ? (b.number ?? 0) - (a.number ?? 0)
    : a.issue_state === 'open'
      ? -1
      : 1;
}

function TaskTable({ tasks }: { tasks: readonly Task[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Issue</th>
          <th>Kind</th>
          <th>State</th>
          <th>Labels</th>
          <th>Changed</th>
        </tr>
      </thead>
      <tbody>
        {tasks.toSorted(openFirst).map((task) => (
          <tr key={task.id}>
            <td class="main">
              {task.number !== null && <span class="number">#{task.number}</span>}
              {task.url === null ? (
                task.title
              ) : (
                <a href={task.url} rel="noreferrer noopener" target="_blank">
                  {task.title}
                </a>
              )}
              {task.attempt > 1 && <small> attempt {task.attempt}</small>}
            </td>
            <td data-label="Kind">{task.kind}</td>
            <td data-label="State">
              <Chip state={task.status} />
            </td>
            <td data-label="Labels" class="labels">
              {task.labels.map((label) => (
                <span key={label}>{label}</span>
              ))}
            </td>
            <td data-label="Changed">
              <Ago at={task.updated_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
