import { randomUUID } from 'node:crypto';
import { type CloudEvent, type DataOf, tasks } from '@whoosh/contracts';

const HASH = 'a'.repeat(64);
const TIME = '2026-01-02T03:04:05.678Z';

/** An event as the relay of the monitor publishes it. */
export function taskOpened(title: string): {
  subject: string;
  event: CloudEvent<DataOf<typeof tasks.taskOpened>>;
} {
  const id = randomUUID();
  const { type, subject } = tasks.taskOpened;
  return {
    subject: subject.at({ id }),
    event: {
      specversion: '1.0',
      id: randomUUID(),
      source: '/whoosh/monitor',
      type,
      subject: id,
      time: TIME,
      datacontenttype: 'application/json',
      dataschema: `${type}.schema.json`,
      hlc: '0',
      revision: 1,
      data: {
        id,
        source_type: 'gitea',
        external_id: `1#${title}`,
        repository_id: null,
        repository: null,
        number: null,
        title,
        body_excerpt: '',
        body_sha256: HASH,
        body_truncated: false,
        url: null,
        labels: [],
        assignees: [],
        author: null,
        kind: 'brief',
        issue_state: 'open',
        status: 'open',
        priority: 'medium',
        attempt: 1,
        council_id: null,
        assigned_team_id: null,
        content_revision: HASH,
        removed_at: null,
        revision: 1,
        created_at: TIME,
        updated_at: TIME,
        change: { from: null, to: 'open', reason: 'seen', by: 'monitor' },
      },
    },
  };
}
