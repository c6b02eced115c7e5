import type { BackbeatStatus, PulseNode } from '../../live/backbeat.ts';
import { plain } from '../../live/words.ts';
import { Ago } from '../../parts/bits.tsx';
import { Chip } from '../../parts/chip.tsx';

/** Leader and followers, each by its own word; a node that is silent with the time of its last one. */
export function PulseNodes({ status }: { status: BackbeatStatus | undefined }) {
  const pulse = status?.pulse;
  return (
    <section class="card pulse-nodes" aria-labelledby="pulse-title">
      <header>
        <h3 id="pulse-title">Pulse</h3>
        <span class="line">
          {status?.cluster_id}
          {pulse && pulse.term !== null && ` · term ${pulse.term}`}
        </span>
      </header>
      {pulse?.reason && (
        <p class="reason" role="status">
          {pulse.reason}
        </p>
      )}
      {pulse ? (
        <table>
          <thead>
            <tr>
              <th>Node</th>
              <th>Role</th>
              <th>Term</th>
              <th>Raft</th>
              <th>Broker</th>
              <th>Last contact</th>
            </tr>
          </thead>
          <tbody>
            {pulse.nodes.map((node) => (
              <NodeRow key={node.node} node={node} />
            ))}
          </tbody>
        </table>
      ) : (
        <p class="hint">{status ? 'No pulse has answered yet.' : 'Asking the pulses…'}</p>
      )}
    </section>
  );
}

function NodeRow({ node }: { node: PulseNode }) {
  const wired = node.nats.filter(({ connected }) => connected).length;
  return (
    <tr class={node.leads ? 'leads' : ''}>
      <td class="main">
        {node.node}
        <small>{node.address}</small>
      </td>
      <td data-label="Role">{roleOf(node)}</td>
      <td data-label="Term">{node.term ?? '–'}</td>
      <td data-label="Raft">
        <Chip state={node.connected ? 'connected' : 'cut off'} tone={node.connected ? 'good' : 'bad'} />
      </td>
      <td data-label="Broker">{node.answers ? `${wired} of ${node.nats.length}` : '–'}</td>
      <td data-label="Last contact">
        {node.answers ? (
          'just now'
        ) : node.last_contact_at === null ? (
          'never answered'
        ) : (
          <Ago at={node.last_contact_at} />
        )}
      </td>
    </tr>
  );
}

function roleOf({ answers, leads, role }: PulseNode) {
  if (!answers) return <Chip state="silent" tone="bad" />;
  if (leads) return <Chip state="leader" tone="good" />;
  return <Chip state={plain(role ?? 'unknown')} tone={role === 'follower' ? 'quiet' : 'wait'} />;
}
